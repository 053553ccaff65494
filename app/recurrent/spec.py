"""What may be asked: one trace request, field names and defaults as torch has them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

Cell = Literal["lstm", "gru", "rnn"]
Reads = Literal["every_step", "last_step", "h_n", "mean"]
Activation = Literal["sigmoid", "softmax", "log_softmax", "relu", "tanh"]
LossKind = Literal["cross_entropy", "nll", "bce", "mse"]

# Far above any limit of a server, low enough that no product of sizes loses meaning.
Size = Annotated[int, Field(ge=1, le=1_000_000_000)]
# Checked by settle.py, which knows the batch and what torch says of a length of 0.
Length = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
# the first bad length is enough: a long list of them would hold the server up
Lengths = Annotated[list[Length], Field(max_length=1_000_000, fail_fast=True)]
Seed = Annotated[int, Field(ge=0, le=2**53 - 1)]  # every seed survives JSON in every language
# Nested lists are checked by nested.py, which can name the exact place that is wrong.
Nested = Annotated[list[Any], Field(max_length=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
MOST_INTERVENTIONS = 64
MOST_LAYERS = 64  # ten times what people stack; more would only be names to write


class Strict(BaseModel):
    """No coercion, no unknown fields, no NaN: what is asked is exactly what is run."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ModelSpec(Strict):
    """The constructor's arguments of nn.LSTM, nn.GRU or nn.RNN."""

    cell: Cell = "lstm"
    input_size: Size | None = Field(default=None, description="Left out: the embedding's width.")
    # 0, which nobody can ask for, is "left out": trained weights bring their own
    hidden_size: Size = Field(default_factory=int, description="May be left out only where the weights are trained.")
    num_layers: Annotated[int, Field(ge=1, le=MOST_LAYERS)] = 1
    bias: bool = True
    batch_first: bool = False
    dropout: Annotated[float, Field(ge=0, le=1)] = Field(default=0.0, description="Acts in train mode only.")
    bidirectional: bool = False
    proj_size: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    nonlinearity: Literal["tanh", "relu"] = "tanh"


class EmbeddingSpec(Strict):
    """nn.Embedding; for text both sizes may be left out (vocabulary, input_size)."""

    num_embeddings: Size | None = None
    embedding_dim: Size | None = None
    padding_idx: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)] | None = None


class HeadSpec(Strict):
    """nn.Linear after the recurrent module, and what it reads."""

    reads: Reads
    out_features: Size = 1
    activation: Activation | None = None


class RandomTarget(Strict):
    """Seeded classes, zeros and ones, or normal numbers, whichever the loss compares with."""

    seed: Seed = 0


class DrawnTarget(Strict):
    """A target nobody has to write down."""

    random: RandomTarget


_LISTED: TypeAdapter[list[Any]] = TypeAdapter(Nested)


def _target(value: Any) -> Any:
    """One number, nested lists or a DrawnTarget: by its form, so that an error names the exact place."""
    if isinstance(value, dict):
        return DrawnTarget.model_validate(value)
    if isinstance(value, DrawnTarget) or type(value) in (int, float):
        return value
    return _LISTED.validate_python(value, strict=True)


Target = Annotated[Any, PlainValidator(_target, json_schema_input_type=DrawnTarget | Nested | int | float)]


class LossSpec(Strict):
    """A loss over the head's answer: classes for cross_entropy and nll, numbers for bce and mse.

    The target is laid out as the answers are: one a sequence (N), or, after a head that reads every step,
    one a step, as `output` has them (N, T or T, N). A class of -100 is left out, as torch's ignore_index is.
    """

    kind: LossKind
    target: Target


class RandomInput(Strict):
    """Seeded input: normal numbers, or token ids when there is an embedding."""

    batch: Size
    seq_len: Size
    seed: Seed = 0


class RandomVectors(Strict):
    """Seeded normal numbers of the size that fits."""

    seed: Seed = 0


class DecodeInput(Strict):
    """Greedy decoding: each step reads the embedding of the word that the step before chose.

    The first step has no word before it: it reads the embedding of the token `start` (0 when left out),
    or the vectors `first`, one a sample, (N, F).
    """

    steps: Annotated[int, Field(ge=1, le=1000)]
    start: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    first: Nested | RandomVectors | None = None
    batch: Size | None = Field(default=None, description="Left out: that of `first` or of the encoder, else 1.")


class InputSpec(Strict):
    """Exactly one way to feed the network."""

    text: Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=1_000)] | None = None
    tokens: Nested | None = None
    values: Nested | None = None
    random: RandomInput | None = None
    dataset: Name | None = None
    first_day: Annotated[str, Field(max_length=10)] | None = Field(
        default=None, examples=["2015-07-01"], description="Of the dataset `weather`; it goes from 2012 to 2015."
    )
    days: Size | None = Field(default=None, description="Of the dataset `weather`: its steps; 14 when left out.")
    decode: DecodeInput | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "InputSpec":
        kinds = (name for name in type(self).model_fields if name not in ("first_day", "days"))
        given = [name for name in kinds if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "exactly_one",
                "give exactly one of text, tokens, values, random, dataset, decode",
                {"given": ", ".join(given) or "none"},
            )
        return self


class RandomState(Strict):
    """A seeded normal h_0 (and c_0) of the size that fits."""

    seed: Seed = 0


class GivenState(Strict):
    """The state before the first step; what is left out is zero."""

    h_0: Nested | None = None
    c_0: Nested | None = None
    random: RandomState | None = None


class WeightsSpec(Strict):
    """Where the weights come from: a seed (torch's own initialisation), or given."""

    seed: Seed | None = None
    bundled: Name | None = None
    upload: Name | None = Field(default=None, description="What POST /models answered as `id`.")
    prefix: Annotated[str, Field(max_length=300)] | None = Field(
        default=None, description="Which stack of an upload; left out: its first."
    )
    values: dict[Name, Nested] | None = Field(default=None, max_length=512)

    @model_validator(mode="after")
    def _exactly_one(self) -> "WeightsSpec":
        if self.prefix is not None and self.upload is None:
            raise PydanticCustomError("prefix_alone", "prefix belongs to upload", {})
        names = [name for name in type(self).model_fields if name != "prefix"]
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "exactly_one",
                "give exactly one of seed, bundled, upload, values",
                {"given": ", ".join(given) or "none"},
            )
        return self


# A place on an axis; negative ones count from the end. Checked by settle_interventions.py, which knows the sizes.
Spot = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
Spots = Annotated[list[Spot], Field(min_length=1, max_length=100_000, fail_fast=True)]


class Clamp(Strict):
    """One quantity of one row held at `value`, for `samples` and `units` (None: all), at steps `from` to `to` − 1.

    Steps are those of the sequence, for a backward row too; `to` left out is its end. Of several
    clamps of one value the last holds.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    row: Name = Field(examples=["l0"], description="l0, l0_reverse, l1, …")
    quantity: Literal["i", "f", "g", "o", "c", "h", "r", "z", "n"] = Field(
        description="lstm: i f g o c h; gru: r z n h; rnn: h, which with proj_size is the projected one."
    )
    value: Annotated[float, Field(ge=-1e6, le=1e6)]
    units: Spots | None = None
    samples: Spots | None = None
    from_: Spot = Field(default=0, alias="from")
    to: Spot | None = None


class TokenChange(Strict):
    """Another token in this place: its id, or with text a word of the text's own vocabulary."""

    sample: Spot = 0
    step: Spot
    token: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)] | Annotated[str, Field(max_length=200)]


class InputChange(Strict):
    """Other values in this place, input_size of them; where there is no embedding."""

    sample: Spot = 0
    step: Spot
    values: Nested


class StateChange(Strict):
    """Another first state; what is left out stays as it was."""

    h_0: Nested | None = None
    c_0: Nested | None = None


class Intervention(Strict):
    """One hand laid on a run; exactly one kind."""

    clamp: Clamp | None = None
    token: TokenChange | None = None
    input: InputChange | None = None
    state: StateChange | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Intervention":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "exactly_one",
                "give exactly one of clamp, token, input, state",
                {"given": ", ".join(given) or "none"},
            )
        return self


class EncoderSpec(Strict):
    """Another recurrent net that runs first: its h_n and c_n are where this one starts."""

    model: ModelSpec = Field(default_factory=ModelSpec)
    embedding: EmbeddingSpec | None = None
    input: InputSpec
    lengths: Lengths | None = None
    packed: bool = False
    state: GivenState | None = None
    weights: WeightsSpec = WeightsSpec(seed=0)


class StateSpec(GivenState):
    """The state before the first step: given, random, what an encoder leaves behind, or zero."""

    encoder: EncoderSpec | None = None


class TraceRequest(Strict):
    """One forward pass: the modules, what they read, where they start, their weights."""

    model: ModelSpec = Field(default_factory=ModelSpec)
    embedding: EmbeddingSpec | None = None
    head: HeadSpec | None = None
    loss: LossSpec | None = None
    input: InputSpec
    lengths: Lengths | None = None
    packed: bool = False
    state: StateSpec | None = None
    weights: WeightsSpec = WeightsSpec(seed=0)
    mode: Literal["eval", "train"] = Field(
        default="eval",
        description="In train mode dropout acts between the layers; its masks continue from the weights' seed, as "
        "after torch.manual_seed, and are those of seed 0 where the weights are given.",
    )
    dtype: Literal["float32", "float64"] = "float32"
    interventions: Annotated[list[Intervention], Field(max_length=MOST_INTERVENTIONS)] | None = Field(
        default=None, description="What is changed by hand; GET /traces/{id}/changed holds it beside the run without."
    )

    @property
    def clamps(self) -> list[Clamp]:
        """The clamps among the interventions, in their order."""
        return [each.clamp for each in self.interventions or [] if each.clamp is not None]

    @property
    def has_state(self) -> bool:
        """Whether any first state is given, rather than torch's zeros."""
        return self.state is not None or any(each.state is not None for each in self.interventions or [])

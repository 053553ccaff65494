"""The built-in examples: ready requests for networks people have met elsewhere."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variant:
    """The same example with one thing changed."""

    key: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A request that runs as it stands; without one it is announced, not yet there."""

    key: str
    request: dict[str, Any] | None
    variants: tuple[Variant, ...] = ()

    @property
    def available(self) -> bool:
        return self.request is not None


_EMBEDDING_LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 30, "hidden_size": 18, "batch_first": True},
    "embedding": {"num_embeddings": 100, "embedding_dim": 30},
    "input": {"random": {"batch": 10, "seq_len": 20}},
}
_STACKED_CUBE: dict[str, Any] = {
    # 3 cities, 7 days, 4 weather features
    "model": {"cell": "lstm", "input_size": 4, "hidden_size": 5, "num_layers": 2, "batch_first": True},
    "input": {"random": {"batch": 3, "seq_len": 7}},
}
_RNN_HELLO: dict[str, Any] = {
    "model": {"cell": "rnn", "input_size": 10, "hidden_size": 20},
    "input": {"random": {"batch": 3, "seq_len": 5}},
    "state": {"random": {"seed": 1}},
}
_REVIEW: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 100, "hidden_size": 100, "batch_first": True},
    "embedding": {"num_embeddings": 5000, "embedding_dim": 100},
    "head": {"reads": "last_step", "activation": "sigmoid"},
    "input": {"random": {"batch": 8, "seq_len": 500}},
}
_CROSS_ENTROPY: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "h_n", "out_features": 5},
    "loss": {"kind": "cross_entropy", "target": {"random": {"seed": 1}}},
    "input": {"random": {"batch": 4, "seq_len": 7}},
}


# The five ways to use a recurrent net. The image of "one to many" is a seeded vector.
_ONE_TO_ONE: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "last_step", "out_features": 3, "activation": "softmax"},
    "input": {"random": {"batch": 2, "seq_len": 1}},
}
_ONE_TO_MANY: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "every_step", "out_features": 12},
    "input": {"decode": {"steps": 5, "first": {"seed": 0}, "batch": 2}},
}
_MANY_TO_ONE: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "h_n", "activation": "sigmoid"},
    "input": {"text": ["the film was not good", "i loved it"]},
}
_MANY_TO_MANY: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "every_step", "out_features": 3, "activation": "softmax"},
    "input": {"random": {"batch": 2, "seq_len": 5}},
}
_ENCODER_DECODER: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "every_step", "out_features": 12},
    "input": {"decode": {"steps": 4, "start": 0}},
    "state": {
        "encoder": {
            "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
            "input": {"text": ["the film was not good", "i loved it"]},
            "packed": True,  # else the shorter sentence would hand over what it made of its padding
            "weights": {"seed": 1},
        }
    },
}


def _changed(request: dict[str, Any], **parts: dict[str, Any]) -> dict[str, Any]:
    return request | {name: request[name] | change for name, change in parts.items()}


# The trained models, each on sentences of our own.
_TRAINED: dict[str, Any] = {"model": {"batch_first": True}, "packed": True}


def _trained(name: str, *texts: str) -> dict[str, Any]:
    return _TRAINED | {"weights": {"bundled": name}, "input": {"text": list(texts)}}


EXAMPLES: tuple[Example, ...] = (
    Example(
        "sentiment-en",
        _trained(
            "sentiment-en", "a slow start but a truly wonderful ending", "the jokes are tired and the plot is dull"
        ),
        (
            Variant(
                "negation",
                _trained("sentiment-en", "not a bad film", "it is not good", "it is not that it is not good"),
            ),
        ),
    ),
    Example("sentiment-zh", _trained("sentiment-zh", "故事感人，演员演得很好", "等了一个小时，房间又脏又吵")),
    Example(
        "weather",
        {
            "weights": {"bundled": "weather"},
            "model": {"batch_first": True},
            "input": {"dataset": "weather", "first_day": "2015-07-01", "days": 14},
        },
        (
            Variant(
                "winter",
                {
                    "weights": {"bundled": "weather"},
                    "model": {"batch_first": True},
                    "input": {"dataset": "weather", "first_day": "2015-12-08", "days": 14},
                },
            ),
            Variant(
                "untrained",
                {
                    "model": {"cell": "lstm", "input_size": 4, "hidden_size": 5, "num_layers": 2, "batch_first": True},
                    "input": {"dataset": "weather", "first_day": "2015-07-01", "days": 7},
                },
            ),
        ),
    ),
    Example("names", _trained("names", "Lindqvist", "Moretti", "van den Berg", "Ó Murchú")),
    Example(
        "sentiment-imdb",
        {
            "model": {"cell": "lstm", "input_size": 30, "hidden_size": 512, "batch_first": True},
            "embedding": {"num_embeddings": 10_000, "embedding_dim": 30},
            "head": {"reads": "every_step", "activation": "sigmoid"},
            "input": {"random": {"batch": 50, "seq_len": 200}},
        },
    ),
    Example(
        "embedding-lstm",
        _EMBEDDING_LSTM,
        (
            Variant("time_first", _changed(_EMBEDDING_LSTM, model={"batch_first": False})),
            Variant("bidirectional", _changed(_EMBEDDING_LSTM, model={"bidirectional": True})),
        ),
    ),
    Example(
        "stacked-cube",
        _STACKED_CUBE,
        (Variant("bidirectional", _changed(_STACKED_CUBE, model={"bidirectional": True})),),
    ),
    Example(
        "regression-every-step",
        {
            "model": {"cell": "lstm", "input_size": 3, "hidden_size": 16, "num_layers": 2},
            "head": {"reads": "every_step"},
            "input": {"random": {"batch": 4, "seq_len": 9}},
        },
    ),
    Example(
        "rnn-hello",
        _RNN_HELLO,
        (Variant("relu", _changed(_RNN_HELLO, model={"nonlinearity": "relu"})),),
    ),
    Example(
        "review-500x100",
        _REVIEW,
        (
            Variant(
                "top_words",
                _changed(
                    _REVIEW,
                    model={"input_size": 32},
                    embedding={"embedding_dim": 32},
                    input={"random": {"batch": 64, "seq_len": 500}},
                ),
            ),
        ),
    ),
    Example(
        "rnn-types",
        _ENCODER_DECODER,
        (
            Variant("one_to_one", _ONE_TO_ONE),
            Variant("one_to_many", _ONE_TO_MANY),
            Variant("many_to_one", _MANY_TO_ONE),
            Variant("many_to_many", _MANY_TO_MANY),
            Variant("encoder_decoder", _ENCODER_DECODER),
        ),
    ),
    Example(
        "cross-entropy",
        _CROSS_ENTROPY,
        (Variant("every_step", _changed(_CROSS_ENTROPY, head={"reads": "every_step"})),),
    ),
)

BY_KEY = {example.key: example for example in EXAMPLES}

"""What a run would cost, known before anything is built, and the limits it is held against."""

from dataclasses import dataclass

from app.corpora.tokens import Encoded
from app.recurrent.dropout import drops
from app.recurrent.errors import Refusal, Say
from app.recurrent.spec import TraceRequest

FLOAT = 4  # bytes
INT64 = 8  # bytes
LISTED = 48  # bytes a number takes in the nested lists of a request
OVERHEAD = 24 << 20  # bytes: small buffers, the allocator's rounding, Python objects
# How much of a run its proof compares: all of it up to so many multiply-adds (a few milliseconds),
# beyond that about this share, so that proof stays cheap beside the pass.
WHOLE = 60_000_000
SHARE = 0.03
BUFFERS = 2 << 20  # bytes for one kernel call's own buffers, or half as many as the weights, which each call packs anew


@dataclass(frozen=True)
class Cost:
    """Peak bytes (never below what is measured) and multiply-adds of the forward pass."""

    bytes: int
    multiply_adds: int


@dataclass(frozen=True)
class Limits:
    """The largest request that is run. Each is a setting, UNROLLED_MAX_… in the environment."""

    batch: int = 256
    steps: int = 100_000
    features: int = 4096
    hidden: int = 2048
    layers: int = 8
    vocabulary: int = 200_000
    out_features: int = 1024
    bytes: int = 512 << 20
    multiply_adds: int = 50_000_000_000
    text_chars: int = 20_000
    sentences: int = 64

    def check(self, name: str, value: int, at: str) -> None:
        """Refuse `value` for the request's field `at` when it is over the limit `name`."""
        most: int = getattr(self, name)
        if value > most:
            setting = f"UNROLLED_MAX_{name.upper()}"
            raise Refusal(
                "over-limit",
                Say(f"problem.over_limit.{name}", {"got": value, "expected": most, "setting": setting}),
                field=at,
                got=value,
                expected=most,
            )

    def check_cost(self, cost: Cost) -> None:
        """Refuse a run whose memory or work would be too much, although each size is allowed."""
        self.check("bytes", cost.bytes, "model")
        self.check("multiply_adds", cost.multiply_adds, "model")


def check_limits(asked: TraceRequest, N: int, T: int, text: Encoded | None, limits: Limits) -> None:
    """Hold every size of a settled request against `limits`."""
    source = "text" if text is not None else "random" if asked.input.random is not None else None
    source = "decode" if asked.input.decode is not None else source
    if asked.input.dataset is not None:
        limits.check("steps", T, "input.days")
    if asked.input.text is not None:
        limits.check("sentences", len(asked.input.text), "input.text")
        limits.check("text_chars", sum(map(len, asked.input.text)), "input.text")
    where = f"input.{source}" if source else "input.tokens" if asked.input.tokens else "input.values"
    limits.check("batch", N, f"{where}.batch" if source in ("random", "decode") else where)
    limits.check("steps", T, {"random": f"{where}.seq_len", "decode": f"{where}.steps"}.get(source or "", where))
    model = asked.model
    limits.check("layers", model.num_layers, "model.num_layers")
    limits.check("hidden", model.hidden_size, "model.hidden_size")
    limits.check("features", model.input_size or 0, "model.input_size")
    if asked.embedding is not None:
        limits.check("vocabulary", asked.embedding.num_embeddings or 0, "embedding.num_embeddings")
    if asked.head is not None:
        limits.check("out_features", asked.head.out_features, "head.out_features")


def estimate(asked: TraceRequest, N: int, T: int, weights: int, tensors: int) -> Cost:
    """Bytes at the peak and multiply-adds, from sizes alone; `weights` numbers in so many tensors."""
    model = asked.model
    H, F, L = model.hidden_size, model.input_size or 0, model.num_layers
    P = model.proj_size or H
    D = 2 if model.bidirectional else 1
    stacked = {"lstm": 4, "gru": 3, "rnn": 1}[model.cell] * H
    each = FLOAT if asked.dtype == "float32" else 2 * FLOAT
    cells = N * T
    reads = (F, D * P) if L > 1 else (F,)  # the first layer, and all above it
    work = D * cells * (L * (stacked * P + (P * H if model.proj_size else 0)) + stacked * (F + (L - 1) * D * P))
    kept = cells * F * 2 + L * D * cells * P  # floats: the input, maybe in both layouts, and every h
    # one call of the kernel: its weights packed anew, its buffers as far as BUFFERS lets them grow
    packed = stacked * (max(reads) + P)
    piece = min(cells, max(BUFFERS // each, packed) // (stacked + 3 * H) + N) * (2 * (stacked + 3 * H) + max(reads))
    peak = 2 * packed + piece
    if drops(asked):  # every mask, what it leaves of h, and one of these again while it is compared
        kept += (L - 1) * 2 * D * cells * P + D * cells * P
    if asked.head is not None:
        out = asked.head.out_features
        rows = cells if asked.head.reads == "every_step" else N
        work += rows * out * D * P
        kept += rows * ((D * P if asked.head.reads != "every_step" else 0) + 4 * out)
        if asked.loss is not None:  # log_probs, losses, the target in 8 bytes, and the one call beside them
            kept += rows * 6 * out
    if asked.input.decode is not None:
        work *= 2  # the loop that chooses the words, and one call over all of them
        kept += cells * (D * P + F)
    if asked.embedding is not None:
        kept += cells * (INT64 // FLOAT) * 2
    # the proof: the plain module's own pass, and every gate of the part that is compared
    checked = cells if work <= WHOLE else int(cells * max(SHARE, 1 / N)) + 1
    proof = 2 * packed + checked * (L * D * 7 * H + 4 * stacked + 5 * D * H + 2 * F + 16)
    floats = 2 * weights + kept + max(peak, proof) + 4 * tensors
    if asked.packed:  # the packed input, and where each step of it stands
        floats += cells * (F + 5 * INT64 // FLOAT)
    if asked.clamps:  # where they are, per row, and the gates with the clamped values put in place
        floats += cells * (stacked + 2 * H) + checked * (stacked + 3 * H)
        if asked.packed:
            floats += cells * D * P
    given = weights if asked.weights.values else 0
    if asked.input.values is not None or asked.input.tokens is not None:
        given += cells * (F if asked.input.tokens is None else 1)
    if asked.loss is not None and isinstance(asked.loss.target, list) and asked.head is not None:
        given += cells * asked.head.out_features
    return Cost(bytes=each * floats + LISTED * given + OVERHEAD, multiply_adds=work)

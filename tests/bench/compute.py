"""What a trace costs beside the plain fused forward pass of the same weights, on one thread."""

from collections.abc import Iterator
from typing import Any

import torch

from app.allocator import return_large_buffers
from app.recurrent import answer, shapes, trace
from app.recurrent.positions import Row
from app.recurrent.spec import TraceRequest
from app.web import i18n
from tests.bench.figure import Figure, side_by_side

SIZES = [(2, 5, 8, 5, 2), (10, 20, 30, 18, 1), (50, 200, 30, 512, 1), (1, 2000, 64, 256, 1)]  # N, T, F, H, L
CLAMPED = 5  # steps at the end
AIM = 1.2  # for a forward pass of ten milliseconds or more; below that the fixed cost of a request shows


def request(N: int, T: int, F: int, H: int, L: int, **more: Any) -> TraceRequest:
    model = {"cell": "lstm", "input_size": F, "hidden_size": H, "num_layers": L, "batch_first": True}
    return TraceRequest.model_validate({"model": model, "input": {"random": {"batch": N, "seq_len": T}}} | more)


def plain(made: trace.Trace) -> torch.nn.LSTM:
    """nn.LSTM itself with the weights of `made`."""
    model = made.plan.request.model
    assert model.input_size is not None
    lstm = torch.nn.LSTM(model.input_size, model.hidden_size, model.num_layers, batch_first=True)
    lstm.load_state_dict(made.done.modules.rnn.state_dict())
    lstm.flatten_parameters()
    return lstm.eval()


def measure(seconds: float = 4.0) -> Iterator[Figure]:
    """For each size: the compute of POST /traces, with a clamp and with its JSON, and the gates of one sample."""
    torch.set_num_threads(1)  # as in the server's workers
    return_large_buffers()  # as the server does
    speak = i18n.sayer("en")
    for size in SIZES:
        asked = request(*size)
        made = trace.run(shapes.plan(asked))
        lstm, x, row = plain(made), made.done.tensors["input"], made.plan.rows[-1]

        @torch.inference_mode()
        def forward(lstm: torch.nn.LSTM = lstm, x: torch.Tensor = x) -> object:
            return lstm(x)

        def compute(asked: TraceRequest = asked) -> trace.Trace:
            return trace.run(shapes.plan(asked))

        def clamped(size: tuple[int, int, int, int, int] = size) -> trace.Trace:
            clamp = {"row": "l0", "quantity": "f", "value": 1.0, "from": -min(CLAMPED, size[1])}
            return trace.run(shapes.plan(request(*size, interventions=[{"clamp": clamp}])))

        def with_json(asked: TraceRequest = asked) -> str:
            return answer.describe(trace.run(shapes.plan(asked)), lambda _: "id", speak).model_dump_json()

        def gates(made: trace.Trace = made, row: Row = row) -> object:
            return made.done.unrolled(row, [0])

        name = "N={} T={} F={} H={} L={}".format(*size)
        ours, theirs = side_by_side(compute, forward, seconds)
        yield Figure(f"trace ÷ forward  {name}", ours, theirs, "ms", f"aim ≤ {AIM}" if theirs >= 10 else "")
        yield Figure("  … f clamped at its last 5 steps ÷ trace", *side_by_side(clamped, compute, seconds), "ms")
        yield Figure("  … with its JSON answer", *side_by_side(with_json, forward, seconds), "ms")
        ours, theirs = side_by_side(gates, forward, seconds)
        yield Figure("  … gates of one sample", ours, theirs, "ms", "aim ≤ 0.05" if size[0] >= 50 else "")

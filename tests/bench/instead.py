"""What a person would use instead, beside our trace: a loop that stores its gates, and TorchLens; and how we scale."""

import ctypes
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
import torchlens
from torch import Tensor, nn
from torch.nn import functional

from app.allocator import return_large_buffers
from app.recurrent import answer, shapes, trace
from app.recurrent.spec import MOST_LAYERS, TraceRequest
from app.web import i18n
from tests.bench.compute import plain, request
from tests.bench.figure import Figure, side_by_side

SIZES = [(2, 5, 8, 6, 1), (10, 20, 30, 18, 1), (50, 200, 30, 512, 1)]  # N, T, F, H, L
MEMORY = [(50, 200, 30, 512, 1), (64, 400, 64, 256, 2)]
HUGE = [(10**9, 10**9, 10**6, 10**6, L) for L in (3, MOST_LAYERS)]
STEPS = [10**2, 10**3, 10**4, 10**5]


class Keeping(nn.LSTMCell):
    """nn.LSTMCell as people open it up: the gates once, by its own weights, and kept."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.kept: list[tuple[Tensor, ...]] = []  # per step i, f, g, o, c: (N, H) each

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        assert state is not None
        h, c = state
        from_x = functional.linear(x, self.weight_ih, self.bias_ih)  # (N, 4H)
        stacked = from_x + functional.linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = stacked.chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        self.kept.append((i, f, g, o, c))
        return o * c.tanh(), c


class Loop(nn.Module):
    """One layer of LSTM as a loop over such a cell, with the weights of `lstm`; batch first."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.cell = Keeping(lstm.input_size, lstm.hidden_size)
        self.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})

    def forward(self, x: Tensor) -> Tensor:
        """x (N, T, F) → every h (N, T, H)."""
        self.cell.kept.clear()
        h = c = x.new_zeros(x.shape[0], self.cell.hidden_size)
        every = []
        for x_t in x.unbind(1):
            h, c = self.cell(x_t, (h, c))
            every.append(h)
        return torch.stack(every, 1)


def with_gates(asked: TraceRequest) -> trace.Trace:
    """Our trace, and every gate of every sample, which a page asks for only in parts."""
    made = trace.run(shapes.plan(asked))
    for row in made.plan.rows:
        made.cells(row, range(made.plan.N))
    return made


def measure(seconds: float = 3.0) -> Iterator[Figure]:
    """All gates of the same model on the same input: ours, a loop's, TorchLens's over that loop and over nn.LSTM."""
    torch.set_num_threads(1)
    for size in SIZES:
        asked = request(*size)
        made = trace.run(shapes.plan(asked))
        lstm, x = plain(made), made.done.tensors["input"].clone()
        loop = Loop(lstm)

        def ours(asked: TraceRequest = asked) -> object:
            return with_gates(asked)

        @torch.inference_mode()
        def stepped(loop: Loop = loop, x: Tensor = x) -> Tensor:
            every: Tensor = loop(x)
            return every

        @torch.no_grad()
        def lens(model: nn.Module = loop, x: Tensor = x) -> object:
            return torchlens.trace(model, x)

        def lens_fused(lstm: nn.LSTM = lstm, x: Tensor = x) -> object:
            return lens(lstm, x)

        assert torch.allclose(stepped(), made.done.tensors["output"], rtol=0, atol=1e-5)
        name = "N={} T={} F={} H={} L={}".format(*size)
        yield Figure(f"all gates ÷ LSTMCell loop  {name}", *side_by_side(ours, stepped, seconds), "ms")
        slow = middle(lens, 2 if size[1] > 100 else 5)
        yield Figure("  … ÷ TorchLens over that loop", middle(ours, 5), slow, "ms")
        yield Figure("  … ÷ TorchLens over nn.LSTM (no gates)", *side_by_side(ours, lens_fused, seconds), "ms")


def middle(run: Callable[[], object], rounds: int) -> float:
    """The median milliseconds of a few calls, after one that warms up."""
    run()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def scale() -> Iterator[Figure]:
    """Peak memory beside what is kept, /shapes at any size, and the time of one step in longer and longer runs."""
    torch.set_num_threads(1)
    for size in MEMORY:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.instead", json.dumps(size)], capture_output=True, text=True, check=True
        )
        peak, forward, kept, before = json.loads(done.stdout)
        name = "N={} T={} F={} H={} L={}".format(*size)
        # weights and input stand beside every run, nn.LSTM's own too: of that only the call is measured
        yield Figure(f"peak memory of the run ÷ kept h  {name}", peak - before, kept, "MB", "aim ≤ 1.5")
        yield Figure("  … with its weights and its input", peak, kept, "MB")
        yield Figure("  … without them ÷ the call of plain nn.LSTM", peak - before, forward, "MB")
    small = middle(lambda: described(2, 5, 8, 6, 1), 200)
    for size in HUGE:
        huge = middle(lambda size=size: described(*size), 50)  # type: ignore[misc]
        name = f"N=T=10⁹ F=H=10⁶ L={size[-1]}"
        yield Figure(f"POST /shapes  {name} ÷ N=2 T=5", huge, small, "ms", "aim: ours < 1 ms")
    for shorter, T in pairwise(STEPS):
        long, short = side_by_side(lambda T=T: run(T), lambda T=shorter: run(T), 1.0)  # type: ignore[misc]
        yield Figure(f"one step of {T} ÷ one of {shorter}", 1000 * long / T, 1000 * short / shorter, "µs", "aim ≤ 1.2")


def described(N: int, T: int, F: int, H: int, L: int) -> object:
    """What POST /shapes computes, of both directions."""
    asked = request(N, T, F, H, L)
    both = asked.model_copy(update={"model": asked.model.model_copy(update={"bidirectional": True})})
    return answer.describe_plan(shapes.plan(both), i18n.sayer("en"))


def run(T: int) -> object:
    return trace.run(shapes.plan(request(4, T, 16, 64, 1)))


def peaks(size: tuple[int, int, int, int, int]) -> tuple[float, float, float, float]:
    """MB: the peak of a trace, that of calling nn.LSTM on the same input, the h that is kept, and weights with input.

    Linux only.
    """
    torch.set_num_threads(1)
    return_large_buffers()  # as the server does
    libc = ctypes.CDLL("libc.so.6")

    def now(name: str) -> int:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024

    def peak(compute: Callable[[], object]) -> tuple[float, object]:
        gc.collect()
        libc.malloc_trim(0)
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak starts again from here
        before = now("VmRSS")
        kept = compute()
        return (now("VmHWM") - before) / 1e6, kept

    N, T, F, H, L = size
    trace.run(shapes.plan(request(2, 3, F, H, L)))  # what is loaded only once is no part of the cost
    ours, made = peak(lambda: trace.run(shapes.plan(request(N, T, F, H, L))))
    assert isinstance(made, trace.Trace)
    lstm, x = plain(made), made.done.tensors["input"]
    with torch.inference_mode():
        lstm(x[:2, :3])
        theirs, _ = peak(lambda: lstm(x))
    before = [x, *lstm.parameters()]
    return ours, theirs, sum(h.nbytes for h in made.done.h) / 1e6, sum(each.nbytes for each in before) / 1e6


if __name__ == "__main__":
    print(json.dumps(peaks(tuple(json.loads(sys.argv[1])))))

"""`make bench`: every figure in one run, each as a ratio with both of its numbers."""

import os
from collections.abc import Callable, Iterable

import torch

from tests.bench import compute, instead, page, scene_frame, serving
from tests.bench.figure import Figure

PARTS: list[tuple[str, Callable[[], Iterable[Figure]]]] = [
    ("Computing, one thread: our time ÷ plain nn.LSTM's (lower is better)", compute.measure),
    ("Instead of ours: our time ÷ the other's (lower is better)", instead.measure),
    ("Memory, shapes, length: how the cost grows (lower is better)", instead.scale),
    ("Serving over a socket: our requests ÷ an empty route's (higher is better)", serving.measure),
    (
        "Drawing in headless Chromium: our frame ÷ another's (lower is better)",
        scene_frame.measure,
    ),
    ("The page in headless Chromium: its weight, its first number, one step (lower is better)", page.measure),
]


def main() -> None:
    print(f"Unrolled, torch {torch.__version__}, {os.cpu_count()} cores. Medians, both sides in turns.")
    for title, measure in PARTS:
        print(f"\n{title}")
        for figure in measure():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()

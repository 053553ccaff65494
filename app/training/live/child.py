"""`python -m app.training.live.child FOLDER SECONDS`: one race in a process of its own.

The request comes as one line of JSON on standard input; what happens goes out as lines of JSON on standard output, and
each snapshot as a safetensors file into FOLDER. When standard input ends, the parent has gone, and so does this.
"""

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import torch
from safetensors.torch import save_file

from app.recurrent.errors import Refusal
from app.training.live.learn import Progress, Snapshot, described, race, task_of
from app.training.live.spec import TrainingRequest

CPU_SECONDS = 30  # beside the time a run may take: importing torch, and the end
DATA_BYTES = 3 << 30
EVERY = 0.1  # seconds between two lines of progress, so that a fast race does not flood its reader
NICE = 10  # answers to people go before training


def main(folder: Path, given: TextIO, out: TextIO) -> int:
    """Run the race that `given` asks for; 0 when it ran to its end, whatever became of the loss."""
    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    asked = TrainingRequest.model_validate_json(given.readline())
    threading.Thread(target=_leave_with_parent, args=(given,), daemon=True).start()

    def tell(event: str, **what: Any) -> None:
        out.write(json.dumps({"event": event} | what) + "\n")
        out.flush()

    try:
        task = task_of(asked)
    except Refusal as refusal:
        say = {"key": refusal.say.key, "params": refusal.say.params}
        tell("refused", kind=refusal.kind, say=say, field=refusal.field, got=refusal.got, expected=refusal.expected)
        return 0
    tell("start", **described(asked, task))
    told, last = 0.0, 0
    for each in race(asked, task):
        if isinstance(each, Snapshot):
            part = folder / f"{each.cell}-{each.step}.part"
            save_file(each.weights, part)
            part.replace(folder / f"{each.cell}-{each.step}.safetensors")
            tell("snapshot", cell=each.cell, step=each.step, loss=_number(each.loss), accuracy=each.accuracy)
        elif isinstance(each, Progress):
            now = time.monotonic()
            if now - told >= EVERY or each.step == asked.steps or None in map(_number, each.loss.values()):
                told = now
                left = each.seconds / each.step * (asked.steps - each.step)
                losses = {cell: _number(loss) for cell, loss in each.loss.items()}
                tell("progress", step=each.step, loss=losses, accuracy=each.accuracy, left=round(left, 2))
            last = each.step
    tell("done", step=last, diverged=last < asked.steps)
    return 0


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return value if abs(value) < float("inf") else None


def _leave_with_parent(given: TextIO) -> None:
    given.read()
    os._exit(3)


def limit(seconds: int) -> None:
    """This process may take so much processor time and memory and no more, where the system can hold it to that."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds + CPU_SECONDS, seconds + CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    limit(int(sys.argv[2]))
    sys.exit(main(Path(sys.argv[1]), sys.stdin, sys.stdout))

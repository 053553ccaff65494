"""A stranger's file read in a child process with tight limits, and its answer checked again here."""

import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np

from app.recurrent.errors import Refusal, Say
from app.zoo.files import plain
from app.zoo.files.content import Caps, Content, Unreadable
from app.zoo.stacks import Found, find

CHILD = Path(__file__).parent / "files" / "child.py"
OUT_OF_MEMORY, TOO_MUCH_CPU, KILLED = 77, -24, -9  # how a child ends: its own code, or minus the signal


@dataclass(frozen=True)
class Bounds:
    """What one child may take."""

    memory: int = 1 << 30  # bytes of address space
    cpu: int = 10  # seconds
    wall: float = 15.0  # seconds


class Reading:
    """One file on its way through a child. `stop` may be called from any thread."""

    def __init__(self, caps: Caps, bounds: Bounds) -> None:
        self.caps = caps
        self.bounds = bounds
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        self._late = False

    def run(self, data: bytes) -> Content:
        """What the file holds; raises Refusal. Takes `wall` seconds at most."""
        asked = asdict(self.caps) | {"memory": self.bounds.memory, "cpu": self.bounds.cpu}
        # a new program at once, and nothing of ours in it: no environment, no open file but its pipes
        self._process = process = subprocess.Popen(
            [sys.executable, "-I", str(CHILD), json.dumps(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            close_fds=True,
            cwd="/",
        )
        timer = threading.Timer(self.bounds.wall, self._too_late)
        timer.start()
        assert process.stdin is not None and process.stdout is not None
        writer = threading.Thread(target=_write, args=(process.stdin, data), daemon=True)
        try:
            if self._stopped.is_set():
                process.kill()
            writer.start()
            most = self.caps.decoded_bytes + 8 * self.caps.header_bytes
            answer = process.stdout.read(most + 1)
            if len(answer) > most:
                process.kill()
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            process.stdout.close()
            writer.join()
        return self._checked(answer, code)

    def stop(self) -> None:
        """End the child: nobody waits any more."""
        self._stopped.set()
        if self._process is not None:
            self._process.kill()

    def _too_late(self) -> None:
        self._late = True
        self.stop()

    def _checked(self, answer: bytes, code: int) -> Content:
        if self._late or code == TOO_MUCH_CPU:
            seconds = self.bounds.wall if self._late else self.bounds.cpu
            raise _refusal("problem.file.time", expected=seconds)
        if code in (OUT_OF_MEMORY, KILLED):
            raise _refusal("problem.file.memory", expected=self.bounds.memory)
        if code != 0:
            raise _refusal("problem.file.crash")
        try:
            return plain.unpacked(answer, self.caps)
        except Unreadable as refusal:
            raise refusal_of(refusal) from None
        except plain.Malformed:
            raise _refusal("problem.file.crash") from None


def refusal_of(refusal: Unreadable) -> Refusal:
    """What the child refused, in the one way the core says no."""
    params = refusal.params
    return Refusal("model-file", Say(refusal.key, dict(params)), got=params.get("got"), expected=params.get("most"))


def _refusal(key: str, expected: float | None = None) -> Refusal:
    return Refusal("model-file", Say(key, {"most": expected} if expected is not None else {}), expected=expected)


def _write(pipe: IO[bytes], data: bytes) -> None:
    try:
        pipe.write(data)
        pipe.close()
    except (BrokenPipeError, OSError):  # it ended before it had read everything
        try:
            pipe.close()
        except OSError:
            return


def stacks_of(content: Content) -> Found:
    """The stacks in what was read; raises Refusal when there is none, with what is there instead."""
    shapes = {name: array.shape for name, array in content.arrays.items()}
    finite = {name: bool(np.isfinite(array).all()) for name, array in content.arrays.items()}
    found = find(shapes, finite, content.facts)
    if not found.stacks:
        names = ", ".join([*shapes, *(name for name, _ in content.ignored)][:6])
        reasons = [why for _, why in (*content.ignored, *found.ignored) if why not in PLAIN]
        key = reasons[0] if reasons else "problem.file.nothing"
        raise Refusal("model-file", Say(key, {"count": len(shapes), "names": names[:200]}), got=names[:200])
    return found


# Reasons that say nothing of why no stack is there.
PLAIN = ("upload.ignored.other", "upload.ignored.integers", "upload.ignored.optimizer")

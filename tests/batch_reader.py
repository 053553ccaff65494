"""The upload reader over many files in one limited process: `python -I batch_reader.py`, jobs on standard input.

A job is a line of JSON and the bytes of a file: {"size", "from", "to", "seed"}. Number 0 is the file as it is, each
other one a mutant of it. The answer is a line of JSON: what each was, the slowest, and what escaped.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from app.zoo.files import answer, child, plain
from app.zoo.files.content import Caps, Unreadable

CPU_SECONDS = 1.0  # a library that goes round for ever ends this process, as the child's limit would
SPECIAL = (b"\x00", b"\xff", b"\x80", b"\x7f", b"\xff" * 8, b"\x00" * 8, b"\x7f" + b"\xff" * 7, b"{", b"R", b".")


def mutant(data: bytes, number: int, seed: int) -> bytes:
    """One file of a seed: bytes flipped, pieces cut out, doubled, exchanged or replaced; most of it near the start."""
    if number == 0:
        return data
    chosen = random.Random(seed * 1_000_003 + number)
    out = bytearray(data)
    for _ in range(chosen.choice([1, 1, 1, 2, 4, 16])):
        if not out:
            break
        near = min(len(out), chosen.choice([64, 512, 4096, len(out)]))
        at = chosen.randrange(near) if chosen.random() < 0.7 else len(out) - 1 - chosen.randrange(near)
        kind = chosen.randrange(6)
        if kind == 0:
            out[at] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            out[at] = chosen.randrange(256)
        elif kind == 2:
            del out[at : at + chosen.choice([1, 2, 8, 100])]
        elif kind == 3:
            out[at:at] = out[at : at + chosen.choice([1, 4, 64])]
        elif kind == 4:
            piece = chosen.choice(SPECIAL)
            out[at : at + len(piece)] = piece
        else:
            del out[at:]
    return bytes(out)


def main() -> None:
    child.limit(1 << 30, 3600)
    while line := sys.stdin.buffer.readline():
        job = json.loads(line)
        data = sys.stdin.buffer.read(job["size"])
        found: dict[str, object] = {"read": 0, "refused": 0, "escaped": [], "slowest": 0.0, "last": "", "leaked": 0}
        for number in range(job["from"], job["to"]):
            if job.get("tell"):  # so that whoever started this knows where it died
                sys.stderr.write(f"{number}\n")
                sys.stderr.flush()
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            started = time.process_time()
            try:
                out = answer.answer(mutant(data, number, job["seed"]), {})
                found["leaked"] = int(found["leaked"]) + (b"CANARY" in out)  # type: ignore[call-overload]
                plain.unpacked(out, Caps())
                found["read"] = int(found["read"]) + 1  # type: ignore[call-overload]
                found["last"] = "read"
            except Unreadable as refusal:
                found["refused"] = int(found["refused"]) + 1  # type: ignore[call-overload]
                found["last"] = refusal.key
            except Exception as error:  # noqa: BLE001 - what the reader should have refused
                found["escaped"].append(f"{number}: {type(error).__name__}: {error}"[:300])  # type: ignore[attr-defined]
                found["last"] = "escaped"
            found["slowest"] = max(float(found["slowest"]), time.process_time() - started)  # type: ignore[arg-type]
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The child process that reads one model file: limits first, then standard input to standard output.

Started as `python -I child.py '{"file_bytes": …}'` with an empty environment. Answers in the form of plain.py.
"""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path

OUT_OF_MEMORY = 77  # exit code
NEW_USER, NEW_NET = 0x10000000, 0x40000000  # unshare(2)
NO_NEW_PRIVILEGES = 38  # prctl(2)


def limit(memory: int, cpu: int, files: int = 32) -> None:
    """Give up all that reading a file does not need; for the rest of this process."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        # of CPU time a second more: the first limit ends the process with SIGXCPU, the last with SIGKILL
        last = most + 1 if what == resource.RLIMIT_CPU else most
        last = last if hard == resource.RLIM_INFINITY else min(last, hard)
        resource.setrlimit(what, (min(most, last), last))
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if libc.unshare(NEW_USER | NEW_NET) != 0:  # a network of its own, with nothing in it
            libc.unshare(NEW_NET)
    except (OSError, AttributeError):  # a system without them
        pass


def main() -> None:
    """One file in, one answer out."""
    asked = json.loads(sys.argv[1])
    limit(asked.pop("memory"), asked.pop("cpu"))
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its threads would each take address space
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from app.zoo.files import answer

    try:
        sys.stdout.buffer.write(answer.answer(sys.stdin.buffer.read(), asked))
        sys.stdout.buffer.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main()

"""Memory that a run has given back is the system's again."""

import subprocess
import sys

import pytest

# Buffers between which something small is kept, as between the pieces of a run: the heap can't shrink around it.
LEFT = """
import gc, sys
import torch
from app.allocator import LARGE, return_large_buffers
if sys.argv[1] == "told":
    assert return_large_buffers()

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024

torch.ones(30 << 20, dtype=torch.uint8)  # freed at once: from here on glibc keeps buffers of this size in its heap
before = resident()
kept = []
for _ in range(20):
    large = [torch.ones(LARGE, dtype=torch.uint8) for _ in range(2)]
    kept.append(torch.ones(2000, dtype=torch.uint8))
    if len(kept) == 20:
        held = [torch.ones(LARGE, dtype=torch.uint8) for _ in range(10)]
        kept.append(torch.ones(2000, dtype=torch.uint8))
del large, held
gc.collect()
print(resident() - before)
"""


def left(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", LEFT, how], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how much memory is in use")
def test_large_buffers_go_back_to_the_system_when_they_are_freed() -> None:
    assert left("told") < 2_000_000
    assert left("untold") > 10_000_000

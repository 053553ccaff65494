"""What Unrolled costs, each figure as a ratio of two things timed in the same run. `make bench` prints them."""

"""A training run that somebody watches: in a process of its own, within limits, with snapshots to scrub through."""

"""The tests of Unrolled, one file a topic."""

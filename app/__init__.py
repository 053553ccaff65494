"""Unrolled: see every number inside an LSTM."""

__version__ = "0.1.0"

"""Readers of strangers' model files, for a child process: no torch, no keras, nothing that a file says is run."""

"""Source code out of a request, and a request out of source code; nothing read is ever run."""

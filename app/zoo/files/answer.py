"""A model file's bytes → the bytes of an answer; the one function that the child runs."""

from app.zoo.files import plain, sniff
from app.zoo.files.content import Caps, Unreadable


def answer(data: bytes, caps: dict[str, int]) -> bytes:
    """The content in the form of plain.py, or the refusal."""
    try:
        return plain.packed(sniff.read(data, Caps(**caps)))
    except Unreadable as refusal:
        return plain.refused(refusal)

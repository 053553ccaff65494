"""What goes over the wire of a file: scripts without their comments, everything compressed once."""

import gzip
import re

LEVEL = 6
SMALL = 256  # bytes; less is not worth compressing

# A line that is nothing but a comment, a block of such lines, a type beside code, and a reason behind code without a
# quote in it. Only a parser could tell the last two from text, so a test parses every script before and after.
_LINE = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_BLOCK = re.compile(r"^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*$", re.MULTILINE)
_TYPE = re.compile(r"/\*\*(?:[^*\n]|\*(?!/))*\*/ ?")
_BEHIND = re.compile(r"(?<=[;{},(\])]) +// [^\n\"'`]*$", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|[ \t]+$", re.MULTILINE)
_IMPORT = re.compile(r'^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"(\.{1,2}/[^"]+)";', re.MULTILINE)


def without_comments(script: str) -> str:
    """The same program on the same lines; a third of a script of ours is types, reasons and indentation."""
    lines = _LINE.sub("", _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), script))
    return _INDENT.sub("", _BEHIND.sub("", _TYPE.sub("", lines)))


def compressed(body: bytes) -> bytes | None:
    """The body as gzip, None where that gains nothing."""
    if len(body) < SMALL:
        return None
    packed = gzip.compress(body, LEVEL, mtime=0)
    return packed if len(packed) < 0.9 * len(body) else None


def imported(script: str) -> list[str]:
    """The relative addresses that a module imports before it runs; what it asks for later is not among them."""
    return _IMPORT.findall(without_comments(script))

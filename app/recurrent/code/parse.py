"""Source text → its syntax tree, bounded in size and depth before Python's own parser sees it."""

import ast
import io
import tokenize

from app.recurrent.errors import Refusal, Say

MOST_CHARACTERS = 100_000
# Far more than a person writes, far less than Python's parser and any recursion over the tree can bear.
MOST_DEPTH = 200
MOST_INDENT = 12
MOST_BRANCHES = 50  # `elif` and `lambda` nest without an indent or a bracket of their own
MOST_FORMAT = 300  # characters of an f-string, which holds code


def parse(source: str) -> ast.Module:
    """The tree of `source`, which is never run; raises Refusal for what is no Python or too much of it."""
    if len(source) > MOST_CHARACTERS:
        raise Refusal(
            "over-limit",
            Say("problem.code_too_long", {"got": len(source), "expected": MOST_CHARACTERS}),
            field="source",
            got=len(source),
            expected=MOST_CHARACTERS,
        )
    try:
        depth = _depth(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise _unreadable(error) from None
    if depth > MOST_DEPTH:
        raise Refusal(
            "over-limit",
            Say("problem.code_too_deep", {"got": depth, "expected": MOST_DEPTH}),
            field="source",
            got=depth,
            expected=MOST_DEPTH,
        )
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise _unreadable(error) from None
    except (RecursionError, MemoryError):
        raise Refusal(
            "over-limit", Say("problem.code_too_deep", {"got": depth, "expected": MOST_DEPTH}), field="source"
        ) from None


def _unreadable(error: Exception) -> Refusal:
    line = getattr(error, "lineno", None) or 1
    said = str(getattr(error, "msg", None) or error)[:120]
    return Refusal(
        "invalid-value",
        Say("problem.code_not_python", {"line": line, "said": said}),
        field="source",
        got=f"line {line}: {said}",
    )


def _depth(source: str) -> int:
    """An upper bound of how deep the tree can be.

    Each level of nesting costs a token at its own bracket level, and a comma ends a nesting at its
    level; so no tree is deeper than the longest runs between commas of all open brackets together.
    """
    runs = [0]
    deepest = indent = branches = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind, text = token.type, token.string
        if kind in (tokenize.COMMENT, tokenize.NL):
            continue
        if kind == tokenize.NEWLINE:
            runs = [0]
            continue
        if kind in (tokenize.INDENT, tokenize.DEDENT):
            indent += 1 if kind == tokenize.INDENT else -1
            deepest = max(deepest, MOST_DEPTH + 1 if indent > MOST_INDENT else 0)
            continue
        if text in ("elif", "lambda"):
            branches += 1
            deepest = max(deepest, MOST_DEPTH + 1 if branches > MOST_BRANCHES else 0)
        if kind == tokenize.STRING and "f" in text.partition(text[-1])[0].lower() and len(text) > MOST_FORMAT:
            return MOST_DEPTH + 1
        runs[-1] += 1
        if kind == tokenize.OP and text == ",":
            runs[-1] = 0
        elif kind == tokenize.OP and text in "([{":
            runs.append(0)
        elif kind == tokenize.OP and text in ")]}" and len(runs) > 1:
            runs.pop()
        deepest = max(deepest, sum(runs) if len(runs) < 50 else MOST_DEPTH + 1)
    return deepest

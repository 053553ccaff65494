"""Our own ES modules as one classic script: for a page that is opened from disk, where no module can be fetched."""

import re
from collections.abc import Callable
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)";', re.MULTILINE)
_LATER = re.compile(r'\bawait import\("([^"]+)"\)')
_EXPORT = re.compile(r"^export (?:const|class|(?:async )?function\*?) (\w+)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import\b|export\b).*|\bimport\.meta\b|</script|<!--", re.MULTILINE | re.IGNORECASE)


class BundleError(ValueError):
    """A module that is written otherwise than ours are; its text says which and where."""


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """The script of `entry` and of all it imports, each after what it imports itself.

    `read` gives a module's source by its path. Known are named imports in one statement and exported constants,
    functions and classes, which is what our modules use; anything else, and a circle of imports, raises BundleError.
    """
    modules: dict[str, str] = {}  # by path, in order
    _add(entry, read, modules, ())
    return '"use strict";\n(() => {\n' + "\n".join(modules.values()) + "\n})();\n"


def _add(path: str, read: Callable[[str], str], modules: dict[str, str], above: tuple[str, ...]) -> None:
    if path in above:
        raise BundleError(f"a circle of imports: {' → '.join((*above, path))}")
    if path in modules:
        return
    source = read(path)
    for match in _IMPORT.finditer(source):
        _add(_found(path, match[2]), read, modules, (*above, path))
    for match in _LATER.finditer(source):  # what a page would ask for later is there from the start
        _add(_found(path, match[1]), read, modules, (*above, path))
    names = {each: f"module_{place}" for place, each in enumerate(modules)}

    def taken(match: re.Match[str]) -> str:
        if match[1] is None:
            return ""
        parts = [part.strip().replace(" as ", ": ") for part in match[1].split(",") if part.strip()]
        return f"const {{ {', '.join(parts)} }} = {names[_found(path, match[2])]};"

    given = _EXPORT.findall(source)
    source = _LATER.sub(lambda match: names[_found(path, match[1])], source)
    body = _EXPORT.sub(lambda match: match[0].removeprefix("export "), _IMPORT.sub(taken, source))
    left = _LEFT.search(body)
    if left is not None:
        line = body.count("\n", 0, left.start()) + 1
        raise BundleError(f"{path}, line {line}: {left[0][:60]} can't stand in one script")
    modules[path] = (
        f"const module_{len(modules)} = (() => {{ // {path}\n{body}\nreturn {{ {', '.join(given)} }};\n}})();"
    )


def _found(path: str, address: str) -> str:
    if not address.startswith("."):
        raise BundleError(f"{path} imports {address}, which is none of ours")
    return normpath(join(dirname(path), address))

"""The house rules as functions: each takes text and gives the faults in it, so that each can be shown to fail."""

import ast
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

TOP = Path(__file__).parents[1]
LONGEST = 350  # lines

CORE = ("app.recurrent", "app.corpora", "app.figures", "app.zoo", "app.training")
ROUTES = ("app.web.api", "app.web.pages", "app.web.rooms")
WEB = ("app.web", "app.main", "fastapi", "starlette", "uvicorn", "jinja2")

# who → what it must not import; imports point inward: __main__, main → web → figures → the core → torch
FORBIDDEN: list[tuple[str, tuple[str, ...]]] = [
    ("app", ("app.__main__", "keras", "tensorflow", "pickle", "dill", "joblib", "shelve", "marshal")),
    ("app.web", ("app.main",)),
    ("app.settings", ("app.web", "app.main")),
    *((core, (*WEB, "app.settings")) for core in CORE),
    ("app.recurrent", ("app.figures", "plotly")),
    *((route, tuple(other for other in ROUTES if other != route)) for route in ROUTES),
]


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def files(*patterns: str) -> list[Path]:
    """The repository's own files that match, without what tools put there."""
    found = {path for pattern in patterns for path in TOP.glob(pattern) if path.is_file()}
    return sorted(p for p in found if not {"node_modules", "__pycache__"} & set(p.relative_to(TOP).parts))


def module(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str) -> set[str]:
    """Every module a source may import: `from a import b` counts as a and as a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def import_faults(who: str, source: str) -> list[str]:
    names = imported(source)
    faults = [f"{who} imports relatively: {name}" for name in sorted(names) if name.startswith(".")]
    for package, banned in FORBIDDEN:
        if inside(who, package):
            faults += [f"{who} imports {n}" for n in sorted(names) for b in banned if inside(n, b)]
    return faults


def danger_faults(source: str) -> list[str]:
    """Ways to run what a file says: pickles, archives unpacked unseen, code in strings."""
    faults: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="torch"), attr="load"):
                faults.append(f"line {node.lineno}: torch.load")
            case ast.ImportFrom(module="torch", names=names) if any(a.name == "load" for a in names):
                faults.append(f"line {node.lineno}: torch.load")
            case ast.Attribute(value=ast.Name(id="pickle"), attr=("load" | "loads") as name):
                faults.append(f"line {node.lineno}: pickle.{name}")
            case ast.Attribute(attr=("extractall" | "unpack_archive") as name):
                faults.append(f"line {node.lineno}: {name}")
            case ast.Call(func=ast.Name(id=("eval" | "exec" | "__import__") as name)):
                faults.append(f"line {node.lineno}: {name}()")
            case ast.keyword(arg=("allow_pickle" | "shell") as name, value=value):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    faults.append(f"line {value.lineno}: {name} is not plainly False")
            case _:
                pass
    return faults


OPENINGS = {
    ".py": ('"""',),
    ".js": ("/**", "//", "/*"),
    ".ts": ("/**", "//", "/*"),
    ".css": ("/*",),
    ".html": ("{#", "<!doctype"),
}


def form_faults(path: Path, text: str) -> list[str]:
    """A file is short and says first what you get."""
    lines = text.count("\n")
    faults = [f"{path}: {lines} lines, the house has {LONGEST}"] if lines > LONGEST else []
    if text.strip() and not text.lower().startswith(OPENINGS[path.suffix]):
        faults.append(f"{path}: does not begin by saying what it is")
    return faults


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def catalogue_faults(en: Mapping[str, str], zh: Mapping[str, str]) -> list[str]:
    faults = [f"{key} stands in one language only" for key in sorted(en.keys() ^ zh.keys())]
    for key in sorted(en.keys() & zh.keys()):
        if not en[key].strip() or not zh[key].strip():
            faults.append(f"{key} is empty")
        elif placeholders(en[key]) != placeholders(zh[key]):
            faults.append(f"{key}: {placeholders(en[key])} is not {placeholders(zh[key])}")
        elif not all(name.isidentifier() for name in placeholders(en[key])):
            faults.append(f"{key}: a brace that is meant is written twice")
    return faults


def python_strings(source: str) -> Iterator[tuple[str, bool]]:
    """Each string of a source; True: it is the constant head of an f-string."""
    tree = ast.parse(source)
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(head)), _, *_]):
                yield head, True
            case ast.Constant(value=str(text)) if id(node) not in inner:
                yield text, False
            case _:
                pass


# Each kind of quote by itself: a template has say('…') inside "…".
QUOTED = [re.compile(rf"{mark}([^{mark}\n\\]*){mark}") for mark in "\"'`"]


def other_strings(source: str) -> Iterator[tuple[str, bool]]:
    """Each quoted string of JavaScript or of a template; True: cut before its first `${`, or joined on."""
    for found in (match for pattern in QUOTED for match in pattern.finditer(source)):
        head, cut, _ = found[1].partition("${")
        joined = source[found.end() :].lstrip(" ").startswith(("+", "~"))
        yield head, bool(cut) or joined


def key_faults(strings: Iterable[tuple[str, bool]], keys: Iterable[str]) -> list[str]:
    """Strings that look like a key of the catalogue (they begin like one) and are none."""
    known = set(keys)
    families = {key.split(".")[0] for key in known}
    faults: list[str] = []
    for text, is_head in strings:
        if text.split(".")[0] not in families or not re.fullmatch(r"[a-z]+\.[a-z0-9_.-]*", text):
            continue
        if text in known or text.endswith((".js", ".css", ".html", ".json")):
            continue
        if text.rstrip(".") in families:  # a question whether a text is a key at all
            continue
        if not (is_head and any(key.startswith(text) for key in known)):
            faults.append(text)
    return faults


def dead_keys(strings: Iterable[tuple[str, bool]], keys: Iterable[str]) -> list[str]:
    """Keys that nothing asks for, neither by name nor by how they begin."""
    said = list(strings)
    whole = {text for text, _ in said}
    heads = tuple({text for text, is_head in said if is_head and "." in text})
    return sorted(key for key in keys if key not in whole and not key.startswith(heads))


NAMESPACES = ("http://www.w3.org/",)  # a name in SVG, never fetched
OFF_HOST = re.compile(r"""https?:(?:\\?/){2}[^\s"'`)<>]+|(?<=["'(=])//[\w.-]+\.\w+[^\s"'`)<>]*""")


def off_host(text: str) -> list[str]:
    """Addresses off this host: the page must work without a network."""
    return [url for url in OFF_HOST.findall(text) if not url.startswith(NAMESPACES)]


def template_faults(text: str) -> list[str]:
    """What the content security policy would block: inline code, inline styles, handler attributes."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    faults: list[str] = []
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.DOTALL | re.IGNORECASE):
        if body.strip() and 'type="application/json"' not in attributes:
            faults.append(f"inline script: {body.strip()[:40]}")
    faults += [f"inline style: {tag[:60]}" for tag in re.findall(r"<style\b[^>]*>|<[^>]+\sstyle\s*=[^>]*>", text)]
    faults += [f"inline handler: {tag[:60]}" for tag in re.findall(r"<[^>]+\son[a-z]+\s*=[^>]*>", text)]
    faults += [f"script address: {url}" for url in re.findall(r"javascript:[^\"']*", text, re.IGNORECASE)]
    return faults


def unlisted(readme: str, folders: Iterable[str]) -> list[str]:
    """Folders that the README does not give a line."""
    return [folder for folder in folders if f"`{folder}`" not in readme]

"""Surnames by language, read out of the source of faker (MIT licence) without running it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Fourteen languages in Latin letters, where faker has a long list: its locale, and the lists that hold surnames.
LANGUAGES = {
    "Croatian": ("hr_HR", ("last_names",)),
    "Dutch": ("nl_NL", ("last_names",)),
    "English": ("en_US", ("last_names",)),
    "Estonian": ("et_EE", ("last_names_est",)),
    "Finnish": ("fi_FI", ("last_names",)),
    "French": ("fr_FR", ("last_names",)),
    "German": ("de_DE", ("last_names",)),
    "Irish": ("ga_IE", ("last_names",)),
    "Italian": ("it_IT", ("last_names",)),
    "Polish": ("pl_PL", ("unisex_last_names",)),
    "Slovak": ("sk_SK", ("last_names_male",)),
    "Spanish": ("es_ES", ("last_names",)),
    "Swedish": ("sv_SE", ("last_names",)),
    "Zulu": ("zu_ZA", ("last_names_male",)),
}


@dataclass(frozen=True)
class Named:
    """A surname and the language it was listed under."""

    name: str
    language: str


def surnames(sources: Mapping[str, str]) -> tuple[list[Named], int]:
    """The surnames of every language in a fixed order, and how many several languages share, which are left out.

    `sources` holds a language's Python source.
    """
    lists = {language: _listed(source, LANGUAGES[language][1]) for language, source in sources.items()}
    counts: dict[str, int] = {}
    for names in lists.values():
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    found = [Named(name, language) for language in sorted(lists) for name in sorted(lists[language])]
    return [each for each in found if counts[each.name] == 1], sum(count > 1 for count in counts.values())


def _listed(source: str, wanted: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in wanted:
                found |= set(_texts(value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in wanted:
                found |= set(_texts(value))
            case _:
                pass
    return found


def _texts(node: ast.AST) -> Iterator[str]:
    """The strings of a tuple, a list, or an OrderedDict of pairs."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _texts(part)
        case ast.Call(args=[first, *_]):
            yield from _texts(first)
        case ast.Dict(keys=keys):
            for key in keys:
                if key is not None:
                    yield from _texts(key)
        case _:
            pass

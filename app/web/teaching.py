"""A teacher's link: which parts of the page it takes away (`hide=`) and which controls it holds fast (`lock=`)."""

from collections.abc import Sequence

# The parts of the page that can be left out; static/css/teaching.css knows what belongs to each.
PARTS = (
    "examples",
    "links",
    "code",
    "input",
    "task",
    "notes",
    "proof",
    "time",
    "network",
    "charts",
    "padding",
    "inspector",
    "stages",
    "claims",
    "table",
)

# Controls that are held fast together, by the part of the page they stand in.
GROUPS: dict[str, tuple[str, ...]] = {
    "code": (
        "cell",
        "input_size",
        "hidden_size",
        "num_layers",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
        "proj_size",
        "dtype",
        "nonlinearity",
        "mode",
        "lengths",
        "packed",
        "num_embeddings",
        "head",
        "out_features",
        "activation",
        "loss",
        "target_seed",
        "seed",
        "bundled",
        "upload",
        "prefix",
        "h0",
    ),
    "input": ("source", "text", "batch", "seq_len", "first_day", "days", "input_seed"),
    "task": ("task", "decode_steps"),
    "hands": ("interventions",),
}
LOCKABLE = GROUPS["code"]  # single arguments of the program
MOST = 600  # characters of a list of names


def canonical(text: str, among: Sequence[str]) -> str | None:
    """The names in the order of `among`, each once; None when one of them is none."""
    asked = _names(text)
    return known(text, among) if asked <= set(among) else None


def known(text: str, among: Sequence[str]) -> str:
    """The names that are understood, in the order of `among`."""
    asked = _names(text)
    return ",".join(name for name in among if name in asked)


def locked(lock: str) -> set[str]:
    """Which keys of the address a value of `lock` holds fast."""
    return {key for name in _names(lock) for key in GROUPS.get(name, (name,))}


def _names(text: str) -> set[str]:
    return {name for part in text[:MOST].split(",") if (name := part.strip().lower())}

"""`python -m app train NAME`: a recipe run from its seeds, its log printed and kept beside the card."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from app.training import characters, names, sentiment_en, sentiment_zh, weather
from app.training.fetch import FetchError
from app.training.recipe import Log, Options

RECIPES: dict[str, Callable[[Options, Log], None]] = {
    "names": names.run,
    "sentiment-en": sentiment_en.run,
    "sentiment-zh": sentiment_zh.run,
    "shakespeare": characters.run,
    "weather": weather.run,
}


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("name", choices=sorted(RECIPES), metavar="NAME", help=", ".join(sorted(RECIPES)))
    parser.add_argument(
        "--seeds", type=_seeds, default=(0,), metavar="0,1,2", help="a run each; the best on validation is kept (0)"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="fewer than the recipe's own")
    parser.add_argument("--out", type=Path, default=Path("trained"), metavar="FOLDER", help="for the files (trained)")
    parser.add_argument("--cache", type=Path, default=_cache(), metavar="FOLDER", help="for what is downloaded")


def _seeds(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


def _cache() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "unrolled" / "corpora"


def train(chosen: argparse.Namespace) -> int:
    """Run the recipe; 0 when its files are written, 1 when its data could not be had."""
    torch.set_num_threads(1)  # the same sums in the same order on every machine
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    try:
        RECIPES[chosen.name](Options(chosen.seeds, chosen.out, chosen.cache, chosen.epochs), log)
    except FetchError as error:
        sys.stderr.write(f"unrolled: {error}\n")
        return 1
    (chosen.out / f"{chosen.name}.log").write_text("\n".join(lines) + "\n", "utf-8")
    return 0


def main_of(arguments: list[str]) -> int:
    """`train` for arguments as they are typed."""
    parser = argparse.ArgumentParser()
    add(parser)
    return train(parser.parse_args(arguments))

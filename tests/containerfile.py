"""The Dockerfile read as a list of steps, and its steps run in a folder instead of in an engine."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

# These prepare the image's system, not the environment; they need root and an image of their own.
SYSTEM_COMMANDS = ("useradd", "install --directory", "apt-get")


@dataclass(frozen=True)
class Step:
    """One instruction: `RUN`, `pip install …`."""

    word: str
    rest: str

    def words(self) -> list[str]:
        """The exec form `["a", "b"]`. A shell form is a fault: it would not get the stop signal."""
        found: list[str] = json.loads(self.rest)
        return found


def steps(text: str) -> list[Step]:
    """The instructions of a Dockerfile in order, lines joined, comments dropped."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    split = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [Step(word.upper(), rest.strip()) for word, _, rest in split]


@dataclass
class Image:
    """What an engine would have after the last step: a root folder, an environment, a command."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    user: str = "root"
    ran: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """Where a path of the image lies on this machine."""
        return self.root / os.path.join(self.folder, path).lstrip("/")

    def inside(self, text: str) -> str:
        """A command or value with the image's own absolute folders moved under its root."""
        return re.sub(r"(?<![\w.:/-])/(opt|srv|var/lib)(?=/)", rf"{self.root}/\1", text)


class Builder:
    """Runs the steps of a Dockerfile, each stage under a root of its own inside `place`."""

    def __init__(self, place: Path, context: Path) -> None:
        self.place = place
        self.context = context
        self.stages: dict[str, Image] = {}
        self.python = place / "image-python"  # the interpreter of the base image, alone on the path
        self.python.mkdir()
        (self.python / "python").symlink_to(Path(getattr(sys, "_base_executable", sys.executable)).resolve())

    def build(self, text: str) -> Image:
        for step in steps(text):
            if step.word == "FROM":
                name = step.rest.split(" AS ")[1] if " AS " in step.rest else str(len(self.stages))
                self.image = self.stages[name] = Image(self.place / name, self._base_environment())
                self.image.root.mkdir()
            else:
                getattr(self, f"_{step.word.lower()}")(step)
        return self.image

    def _base_environment(self) -> dict[str, str]:
        """An image's environment: nothing of this machine's but where its packages come from."""
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "SSL_CERT_FILE"}
        return {**kept, "PATH": f"{self.python}:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}

    def _arg(self, step: Step) -> None:
        """Build arguments keep the value this machine has, which the base environment holds already."""

    def _expose(self, step: Step) -> None:
        assert step.rest == "8000"

    def _workdir(self, step: Step) -> None:
        self.image.folder = step.rest
        self.image.at("").mkdir(parents=True, exist_ok=True)

    def _env(self, step: Step) -> None:
        for word in shlex.split(step.rest):
            name, _, value = word.partition("=")
            moved = ":".join(self.image.inside(part) for part in value.split(":"))
            self.image.environment[name] = moved.replace("$PATH", self.image.environment["PATH"])

    def _copy(self, step: Step) -> None:
        *sources, target = step.rest.split()
        to = self.image.at(target)
        if sources[0].startswith("--from="):
            to.parent.mkdir(parents=True, exist_ok=True)
            self.stages[sources[0].removeprefix("--from=")].at(sources[1]).rename(to)
            return
        for source in sources:
            path = self.context / source
            if path.is_dir():
                shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                shutil.copy(path, to / source if to.is_dir() else to)

    def _run(self, step: Step) -> None:
        if step.rest.startswith(SYSTEM_COMMANDS):
            self.image.skipped.append(step.rest)
            return
        self.image.ran.append(step.rest)
        done = subprocess.run(
            ["/bin/sh", "-c", self.image.inside(step.rest)],
            cwd=self.image.at(""),
            env=self.image.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{step.rest}\n{done.stdout}\n{done.stderr}"

    def _user(self, step: Step) -> None:
        self.image.user = step.rest

    def _healthcheck(self, step: Step) -> None:
        self.image.health = Step("CMD", step.rest.partition("CMD ")[2]).words()

    def _cmd(self, step: Step) -> None:
        self.image.command = step.words()

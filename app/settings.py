"""Every limit and path of the server, from the environment: `UNROLLED_` and the field's name in capitals."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from app.recurrent.cost import Limits
from app.recurrent.spec import MOST_LAYERS

PREFIX = "UNROLLED_"
TESTS = "UNROLLED_TEST_"  # for the tests themselves; no settings of the server
KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30

# The smallest and largest value that makes sense; a setting outside is a typing error.
BOUNDS: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "max_layers": (1, MOST_LAYERS),
    "max_body_bytes": (1 * KiB, 1 * GiB),
    "max_target_bytes": (256, 32 * KiB),  # the whole request head must stay under serve.HEAD_BYTES
    "connections": (4, 100_000),
    "queue": (0, 100_000),
    "workers": (0, 256),
    "head_seconds": (0.1, 600),
    "body_seconds": (0.1, 3600),
    "deadline_seconds": (0.1, 3600),
    "shutdown_seconds": (0, 60),
    "cache_bytes": (0, 1 << 50),
    "answers_bytes": (0, 1 << 50),
    "store_bytes": (0, 1 << 50),
    "trainings": (0, 64),
    "training_seconds": (1, 86_400),
    "training_idle_seconds": (0.2, 86_400),
    "max_model_bytes": (1 * KiB, 1 * GiB),
    "model_memory_bytes": (128 * MiB, 64 * GiB),  # Python and its arrays need some before they read
    "model_wall_seconds": (0.01, 600),
    "models_at_once": (1, 64),
    "uploads_bytes": (0, 1 << 50),
    "uploads_days": (0.001, 100_000),
}


class SettingsError(ValueError):
    """A setting that can't be used; its text says which, and what is allowed."""


def _default_data() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "unrolled"


@dataclass(frozen=True)
class Settings:
    """What the server allows and where it keeps things. Sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()  # further names this server answers to, e.g. "unrolled.example.org"
    data: Path = field(default_factory=_default_data)

    # the largest request that is run; defaults and reasons stand in recurrent.cost.Limits
    max_batch: int = Limits.batch
    max_steps: int = Limits.steps
    max_features: int = Limits.features
    max_hidden: int = Limits.hidden
    max_layers: int = Limits.layers
    max_vocabulary: int = Limits.vocabulary
    max_out_features: int = Limits.out_features
    max_bytes: int = Limits.bytes
    max_multiply_adds: int = Limits.multiply_adds
    max_text_chars: int = Limits.text_chars
    max_sentences: int = Limits.sentences

    # a model file that somebody sends: it is read in a process of its own, which may take so much
    max_model_bytes: int = 32 * MiB  # of the file; raise it for yourself, a language model can have 71 MB
    max_model_decoded_bytes: int = 64 * MiB  # of its numbers, as float32 or float64
    max_model_tensors: int = 512
    max_model_header_bytes: int = 1 * MiB
    max_model_ratio: int = 20  # how much longer than its packed form anything in it may become
    model_memory_bytes: int = 1 * GiB  # address space
    model_cpu_seconds: int = 10
    model_wall_seconds: float = 15.0
    models_at_once: int = 2
    upload_seconds: float = 120.0  # for its bytes to arrive

    # what goes over the wire
    max_body_bytes: int = 4 * MiB
    max_bodies_bytes: int = 256 * MiB  # all bodies together, as received and as the lists they become
    max_target_bytes: int = 16 * KiB  # path and query
    max_json_numbers: int = 65_536  # in one tensor answer
    max_binary_bytes: int = 64 * MiB
    max_page_bytes: int = 8 * MiB  # of numbers in the one HTML file that is taken along

    # who waits for what
    connections: int = 512
    queue: int = 256
    workers: int = 0  # 0: one less than there are cores
    per_session: int = 16  # runs of one session waiting or running
    per_address: int = 192  # the same for one IP address: a whole classroom can be one
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    deadline_seconds: float = 60.0
    shutdown_seconds: int = 5  # from the signal to the end

    # training while somebody watches
    trainings: int = 1  # at once; 0: none, on a server that is too small for it
    max_training_steps: int = 3000
    training_seconds: float = 180.0  # of one run
    training_idle_seconds: float = 10.0  # without anybody who looks; then the run ends
    kept_trainings: int = 8  # that have ended, with their snapshots

    # what is kept
    cache_bytes: int = 1 * GiB  # traces
    answers_bytes: int = 64 * MiB  # their JSON
    store_bytes: int = 256 * MiB  # requests too long for an id, on disk
    uploads_bytes: int = 1 * GiB  # model files, on disk
    uploads_days: float = 30.0  # since one was last used

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            low, high = BOUNDS.get(each.name, (1, 1 << 50))
            if not low <= value <= high:
                raise SettingsError(
                    f"{PREFIX}{each.name.upper()} is {value:g}; it must be between {low:g} and {high:g}."
                )
        if not self.host or any(c.isspace() or c in "/@" for c in "".join((self.host, *self.hosts))):
            raise SettingsError(f"{PREFIX}HOST and {PREFIX}HOSTS take names or addresses, without http:// or paths.")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, **given: Any) -> "Settings":
        """The settings named in `environ`; `given` wins over both. Raises SettingsError."""
        known = {each.name: each for each in fields(cls)}
        found: dict[str, Any] = {}
        for name, text in environ.items():
            if not name.startswith(PREFIX) or name.startswith(TESTS):
                continue
            key = name[len(PREFIX) :].lower()
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
                raise SettingsError(f"There is no setting {name}.{hint}")
            default = known[key].default
            found[key] = _read(name, text, Path if default is MISSING else type(default))
        return cls(**(found | given))

    @property
    def limits(self) -> Limits:
        """The part that the core holds requests against."""
        names = {each.name for each in fields(Limits)}
        return Limits(**{name: getattr(self, f"max_{name}") for name in names if hasattr(self, f"max_{name}")})

    @property
    def threads(self) -> int:
        """How many runs go on at once: one core is left to answer everybody else."""
        return self.workers or max(1, (os.cpu_count() or 2) - 1)


def _read(name: str, text: str, kind: type[Any]) -> Any:
    text = text.strip()
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind is int or kind is float:
        try:
            return kind(text.replace("_", ""))
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise SettingsError(f"{name} is {text[:40]!r}; it must be {wanted}.") from None
    if not text:
        raise SettingsError(f"{name} is empty; leave it out to have the default.")
    return kind(text)

"""The wheel holds the page, the Dockerfile's steps give a server from an empty environment, and versions are pinned."""

import importlib.metadata
import json
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containerfile import Builder, Image, Step, steps

TOP = Path(__file__).parents[1]
DOCKERFILE = (TOP / "Dockerfile").read_text("utf-8")
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"


def pins() -> dict[str, str]:
    lines = (TOP / "constraints.txt").read_text("utf-8").splitlines()
    found = (line.strip().split("==", 1) for line in lines if line.strip() and not line.startswith("#"))
    return dict(found)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def unpinned(installed: dict[str, str]) -> dict[str, str]:
    """Distributions whose version is not the one in constraints.txt. A build tag such as +cpu is no version."""
    pinned = pins()
    return {name: v for name, v in installed.items() if pinned.get(canonical(name)) != v.partition("+")[0]}


# --- the Dockerfile as text --------------------------------------------------------------------------


def lint(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HADOLINT, "--no-color", "-"], input=text, capture_output=True, text=True, timeout=60)


def test_the_dockerfile_has_no_fault() -> None:
    assert lint(DOCKERFILE).stdout == ""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("FROM python\n", "DL3006"),
        ("FROM python:3.11-slim\nCMD python -m app serve\n", "DL3025"),
        ("FROM python:3.11-slim\nRUN pip install fastapi\n", "DL3013"),
        ("FROM python:3.11-slim\nRUN sudo true\n", "DL3004"),
        ("FROM python:3.11-slim\nWORKDIR srv\n", "DL3000"),
    ],
)
def test_the_linter_finds_faults(text: str, rule: str) -> None:
    found = lint(text)
    assert found.returncode != 0
    assert rule in found.stdout


def final_stage(text: str) -> list[Step]:
    found = steps(text)
    last = max(n for n, step in enumerate(found) if step.word == "FROM")
    return found[last:]


def test_the_final_layer_has_no_build_tools_and_no_root() -> None:
    final = final_stage(DOCKERFILE)
    assert final[0].rest == "python:3.11-slim"
    for step in final:
        if step.word == "RUN":
            assert not re.search(r"\b(pip|apt-get|gcc|build-essential|curl)\b", step.rest)
    users = [step.rest for step in final if step.word == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    words = [step.word for step in final]
    assert {"HEALTHCHECK", "EXPOSE", "CMD"} <= set(words)
    assert words.index("USER") < words.index("CMD")
    assert [step.words() for step in final if step.word == "CMD"] == [["python", "-m", "app", "serve"]]


def test_every_install_in_the_dockerfile_is_held_to_the_tested_versions() -> None:
    installs = [part for step in steps(DOCKERFILE) for part in step.rest.split("&&") if " install " in part]
    pip = [part for part in installs if "pip" in part]
    assert pip
    for part in pip:
        assert "-c constraints.txt" in part
        assert "--no-cache-dir" in part


def test_the_build_gets_everything_it_copies() -> None:
    kept = {line.strip("!/") for line in (TOP / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"}
    copied = {
        source
        for step in steps(DOCKERFILE)
        if step.word == "COPY" and not step.rest.startswith("--from")
        for source in step.rest.split()[:-1]
    }
    assert copied == kept


# --- versions ----------------------------------------------------------------------------------------


def test_torch_is_pinned_to_the_version_whose_numbers_were_checked() -> None:
    assert pins()["torch"] == "2.13.0"
    assert importlib.metadata.version("torch").partition("+")[0] == "2.13.0"


def test_every_dependency_is_pinned_and_installed_at_its_pin() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = [re.split(r"[^\w.-]", requirement)[0] for requirement in wanted]
    assert unpinned({name: importlib.metadata.version(name) for name in names}) == {}


def test_another_version_and_an_unknown_package_are_noticed() -> None:
    assert unpinned({"torch": "2.13.0+cpu"}) == {}
    assert unpinned({"torch": "2.12.0", "nothing-of-ours": "1"}) == {"torch": "2.12.0", "nothing-of-ours": "1"}


# --- the wheel ---------------------------------------------------------------------------------------


def source_files(*folders: str) -> set[str]:
    found = (path for folder in folders for path in (TOP / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(TOP)) for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_code_the_page_and_the_licence(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    for name in ("app", "static", "templates"):
        shutil.copytree(TOP / name, sources / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TOP / name, sources)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(sources)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        others = set(archive.namelist()) - names
    assert names == source_files("app") | {f"app/{name}" for name in source_files("static", "templates")}
    assert any(name.endswith("licenses/LICENSE") for name in others)
    assert any(name.endswith("entry_points.txt") for name in others)


# --- the Dockerfile's steps, run ---------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image that the Dockerfile describes: an environment that held nothing before its steps ran."""
    place = tmp_path_factory.mktemp("image")
    yield Builder(place, TOP).build(DOCKERFILE)
    shutil.rmtree(place, ignore_errors=True)  # a gigabyte


def get(url: str, **headers: str) -> tuple[int, str, bytes]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read()


@pytest.fixture(scope="module")
def server(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image's own command, started in its own empty folder."""
    image.environment["PORT"] = str(free_port())
    log = tmp_path_factory.mktemp("log") / "server.txt"
    folder = image.at("")
    assert list(folder.iterdir()) == []
    program = shutil.which(image.command[0], path=image.environment["PATH"])
    assert program is not None
    assert program.startswith(str(image.root))
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, *image.command[1:]], cwd=folder, env=image.environment, stdout=out, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{image.environment['PORT']}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                get(f"{url}/healthz")
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        code = process.wait(timeout=10)
    assert code == 0, log.read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_steps_install_the_tested_versions_and_nothing_else(image: Image) -> None:
    assert len(image.ran) + len(image.skipped) <= DOCKERFILE.count("RUN ")
    python = shutil.which("python", path=image.environment["PATH"])
    listing = "import importlib.metadata as m; print('\\n'.join(f'{d.name}=={d.version}' for d in m.distributions()))"
    assert python is not None
    out = subprocess.run([python, "-I", "-c", listing], capture_output=True, text=True, check=True, timeout=60).stdout
    installed = dict(line.split("==") for line in out.split())
    ours = installed.pop("unrolled")
    assert ours == importlib.metadata.version("unrolled")
    assert unpinned(installed) == {}
    assert not {"pip", "pytest", "ruff", "mypy", "hatchling"} & {canonical(name) for name in installed}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_installed_server_shows_the_page(server: str) -> None:
    status, kind, body = get(f"{server}/", Accept="text/html")
    assert status == 200
    assert kind.startswith("text/html")
    page = body.decode("utf-8")
    assert 'data-testid="code-line"' in page
    scripts = re.findall(r'<script[^>]+src="([^"]+\.js)"', page)
    sheets = re.findall(r'<link[^>]+href="([^"]+\.css)"', page)
    assert scripts
    assert sheets
    for address, wanted in [(a, "text/javascript") for a in scripts] + [(a, "text/css") for a in sheets]:
        status, kind, body = get(server + address)
        assert (status, kind.split(";")[0]) == (200, wanted)
        assert body


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_installed_server_traces(server: str) -> None:
    body = {
        "model": {"cell": "lstm", "hidden_size": 5, "input_size": 8},
        "input": {"random": {"batch": 2, "seq_len": 5}},
    }
    request = urllib.request.Request(
        f"{server}/api/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        trace = json.load(answer)
        assert answer.status == 201
    assert trace["tensors"]["output"]["shape"] == [5, 2, 5]  # (T, N, H): batch_first is torch's default


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_health_check_passes_on_a_live_server_and_fails_without_one(server: str, image: Image) -> None:
    program = shutil.which(image.health[0], path=image.environment["PATH"])
    assert program is not None
    check = [program, *image.health[1:]]
    alive = subprocess.run(check, env=image.environment, capture_output=True, timeout=30)
    assert alive.returncode == 0, alive.stderr
    gone = {**image.environment, "PORT": str(free_port())}
    assert subprocess.run(check, env=gone, capture_output=True, timeout=30).returncode != 0

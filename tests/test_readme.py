"""What README.md tells people to type works as it stands there."""

import json
import re
import shlex
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveServer

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text("utf-8")


def curl(line: str, server: LiveServer, **variables: str) -> dict[str, Any]:
    """Send what `curl -s URL [--json BODY]` would; a status of 400 or more raises."""
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    program, silent, url, *rest = shlex.split(line)
    assert (program, silent) == ("curl", "-s")
    assert rest[:1] in ([], ["--json"])
    assert "$" not in url
    request = urllib.request.Request(url.replace("http://127.0.0.1:8000", server.url))
    request.add_header("Accept", "application/json")
    if rest:
        request.add_header("Content-Type", "application/json")
        request.data = rest[1].encode()
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_the_three_lines_of_curl_answer_what_the_readme_says(live_server: LiveServer) -> None:
    first, second, third = re.findall(r"^curl .*$", README, re.MULTILINE)
    trace = curl(first, live_server)
    assert trace["tensors"]["output"]["shape"] == [4, 2, 5]  # (T, N, H): batch_first is False as in torch
    gate = curl(second, live_server, ID=trace["id"])
    assert gate["name"] == "l0.f"
    assert len(gate["values"]) == 4
    assert all(0 < value < 1 for value in gate["values"])
    shapes = curl(third, live_server)
    assert shapes["tensors"]["output"]["shape"] == [500, 64, 1024]


def test_the_commands_and_files_that_the_readme_names_exist() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"alone"}
    assert {"run", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    missing = [link for link in links if "://" not in link and not (TOP / link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", ["page", "page-dark-zh", "phone", "diagnose"])
def test_the_pictures_are_pictures_of_a_sensible_size(name: str) -> None:
    data = (TOP / f"docs/{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert 20_000 < len(data) < 2_000_000  # an empty page compresses to a few kilobytes

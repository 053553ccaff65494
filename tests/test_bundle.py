"""Modules as one script: in order, under their own names, and refused where they are written otherwise."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.web.assets import Assets
from app.web.bundle import BundleError, bundle

NODE = shutil.which("node", path=str(Path(__file__).parents[1] / ".venv/bin")) or shutil.which("node")


def ran(script: str) -> str:
    assert NODE is not None
    done = subprocess.run([NODE, "-e", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_modules_run_after_what_they_import_and_keep_their_names_apart() -> None:
    files = {
        "a/main.js": (
            'import { twice as double, NAME } from "./part.js";\nimport "../b/first.js";\n'
            "const own = 1;\nconsole.log(JSON.stringify([double(own), NAME, globalThis.first]));\n"
        ),
        "a/part.js": (
            'import { own } from "../b/first.js";\n// import { not } from "./this.js" is no statement\n'
            'export const NAME = "part";\nexport function twice(x) {\n  return x * own;\n}\n'
        ),
        "b/first.js": "globalThis.first = (globalThis.first ?? 0) + 1;\nexport const own = 2;\nexport class No {}\n",
    }
    assert json.loads(ran(bundle("a/main.js", files.__getitem__))) == [2, "part", 1]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('import all from "./b.js";\n', "can't stand"),
        ('import * as all from "./b.js";\n', "can't stand"),
        ("const x = 1;\nexport { x };\n", "line 2"),
        ("export default 1;\n", "can't stand"),
        ("export let x = 1;\n", "can't stand"),
        ("const here = import.meta.url;\n", "can't stand"),
        ('const end = "</script>";\n', "can't stand"),
        ('import { x } from "elsewhere";\n', "none of ours"),
        ('import { x } from "./a.js";\n', "circle"),
    ],
)
def test_what_it_does_not_know_is_refused(source: str, says: str) -> None:
    with pytest.raises(BundleError, match=re.escape(says)):
        bundle("a.js", {"a.js": source, "b.js": ""}.__getitem__)


@pytest.mark.parametrize("entry", ["js/offline.js", "js/main.js"])
def test_every_module_of_ours_can_be_taken_along(entry: str, tmp_path: Path) -> None:
    assets = Assets()
    script = bundle(entry, lambda path: assets.read(path).decode())
    file = tmp_path / "script.js"
    file.write_text(script, encoding="utf-8")
    assert NODE is not None
    done = subprocess.run([NODE, "--check", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr

"""What goes over the wire: scripts without comment lines and still the same programs, compressed, and little of it."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from app.web.assets import Assets, folder
from app.web.sent import imported, without_comments
from tests.bench.page import MOST_KB, scripts
from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = pytest.mark.anyio
HEAVIEST_KB = 170  # what the page may weigh today; the aim of the bench, MOST_KB, is lower
JS = Path(__file__).parent / "js"
# Both programs as trees, without where they stand; unequal ones are named.
COMPARE = """
import { parse } from "acorn";
import { readFileSync } from "node:fs";
const plain = (key, value) => (key === "start" || key === "end" ? undefined : value);
const tree = (text) => JSON.stringify(parse(text, { ecmaVersion: "latest", sourceType: "module" }), plain);
const pairs = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(Object.keys(pairs).filter((name) => tree(pairs[name][0]) !== tree(pairs[name][1]))));
"""


def test_lines_of_comment_are_left_out_and_every_other_line_stays_where_it_was() -> None:
    script = (
        '// first\nimport { a } from "./a.js"; // why\n\n/**\n * @param {string} a\n */\nexport const f = `//${a}`;\n'
    )
    sent = without_comments(script)
    assert sent.splitlines() == [
        "",
        'import { a } from "./a.js";',
        "",
        "",
        "",
        "",
        "export const f = `//${a}`;",
    ]


def differing(pairs: dict[str, tuple[str, str]]) -> list[str]:
    """The names of those whose two scripts are not the same program."""
    node = shutil.which("node") or str(Path(__file__).parents[1] / ".venv/bin/node")
    told = subprocess.run(
        [node, "--input-type=module", "-e", COMPARE],
        input=json.dumps(pairs),
        cwd=JS,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(told.stdout)
    return found


def test_every_script_is_the_same_program_without_its_comment_lines() -> None:
    static = folder("static")
    sources = {path.relative_to(static).as_posix(): path.read_text("utf-8") for path in static.rglob("*.js")}
    assert len(sources) > 80
    assert differing({name: (text, without_comments(text)) for name, text in sources.items()}) == []
    inside = "const text = `\n// not a comment\n`;\n"
    assert differing({"a": (inside, without_comments(inside))}) == ["a"]  # what the test would notice


def test_the_page_names_exactly_the_modules_that_its_script_imports() -> None:
    assets = Assets()
    named = assets.modules("js/main.js")
    assert len(named) == len(set(named)) and named[0] == "js/main.js"
    assert {"js/views/scene.js", "js/scene/faces.js", "js/core/store.js"} <= set(named)
    assert not any("plotly.min" in name or name == "js/diagnose.js" for name in named)
    assert imported(
        'import "./a.js";\nimport {\n  b,\n} from "../b.js";\nexport { c } from "./c.js";\nawait import("./d.js");\n'
    ) == [
        "./a.js",
        "../b.js",
        "./c.js",
    ]


async def test_a_file_is_compressed_for_whoever_takes_that(client: httpx.AsyncClient) -> None:
    address = Assets().url("js/core/store.js")
    plain = await client.get(address, headers={"Accept-Encoding": "identity"})
    packed = await client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert plain.text == packed.text and "export function createStore" in plain.text
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2


@pytest.mark.browser
def test_before_a_chart_the_page_loads_little_script_and_no_plotly(live_server: LiveServer, watched: Watched) -> None:
    page = watched.page
    loaded = scripts(page, live_server.url)
    assert "plotly" not in " ".join(path for path in loaded if "doors" not in path)
    assert 50 < sum(loaded.values()) / 1024 <= HEAVIEST_KB
    named = {path.split("/", 3)[3] for path in loaded}
    assert named == set(Assets().modules("js/main.js"))
    with page.expect_response(lambda got: got.url.endswith("plotly.min.js")) as asked:
        page.locator("#tab-ledger").click()
    assert len(gzip.compress(asked.value.body(), 1)) > 1024 * MOST_KB
    watched.check()

"""The rules of the house hold in every file, and each rule is shown to catch what it forbids."""

import json
import re
from pathlib import Path

import pytest

from tests import house

PYTHON = house.files("app/**/*.py")
PAGE = house.files("static/**/*.js", "static/**/*.css", "static/**/*.html", "static/**/*.svg", "templates/**/*.html")
SAYS = house.files("app/**/*.py", "tests/**/*.py", "static/**/*.js", "static/**/*.ts", "static/**/*.css")
SAYS += house.files("templates/**/*.html", "tests/js/*.js", "tests/bench/*.js", "tests/bench/*.html")
TEMPLATES = house.files("templates/**/*.html")


def name(path: Path) -> str:
    return str(path.relative_to(house.TOP))


def catalogue(language: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((house.TOP / f"static/i18n/{language}.json").read_text("utf-8"))
    return loaded


# --- the files of this repository --------------------------------------------------------------------


def test_there_are_files_to_check() -> None:
    assert len(PYTHON) > 10
    assert len(PAGE) > 10
    assert TEMPLATES
    assert {"app.main", "app.web.api", "app.recurrent.trace"} <= {house.module(path) for path in PYTHON}


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_imports_point_inward(path: Path) -> None:
    assert house.import_faults(house.module(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_no_file_can_be_made_to_run_what_it_reads(path: Path) -> None:
    assert house.danger_faults(path.read_text("utf-8")) == []


def test_every_file_is_short_and_says_first_what_it_is() -> None:
    assert [fault for path in SAYS for fault in house.form_faults(path, path.read_text("utf-8"))] == []


def test_both_languages_say_the_same() -> None:
    assert house.catalogue_faults(catalogue("en"), catalogue("zh")) == []


def strings(path: Path) -> list[tuple[str, bool]]:
    read = house.python_strings if path.suffix == ".py" else house.other_strings
    return list(read(path.read_text("utf-8")))


SAYERS = [*PYTHON, *house.files("static/js/**/*.js"), *TEMPLATES]


def test_every_text_that_code_asks_for_is_in_the_catalogue() -> None:
    keys = catalogue("en")
    faults = {name(path): house.key_faults(strings(path), keys) for path in SAYERS}
    assert {path: found for path, found in faults.items() if found} == {}


def test_every_text_in_the_catalogue_is_asked_for() -> None:
    assert house.dead_keys([each for path in SAYERS for each in strings(path)], catalogue("en")) == []


@pytest.mark.parametrize("path", PAGE, ids=name)
def test_the_page_asks_no_other_host(path: Path) -> None:
    assert house.off_host(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_hold_nothing_that_the_content_policy_blocks(path: Path) -> None:
    assert house.template_faults(path.read_text("utf-8")) == []


def test_the_readme_gives_every_folder_a_line() -> None:
    holders = {path.parent for path in house.files("app/**/*.*", "static/**/*.*", "templates/**/*.*", "tests/**/*.*")}
    folders = sorted(f"{folder.relative_to(house.TOP)}/" for folder in holders)
    assert house.unlisted((house.TOP / "README.md").read_text("utf-8"), folders) == []


def test_the_javascript_lock_names_no_host() -> None:
    """`npm install` writes addresses into it; `npm run lock` in tests/js takes them out."""
    assert re.findall(r'"[^"]*://[^"]*"', (house.TOP / "tests/js/package-lock.json").read_text("utf-8")) == []


# --- each rule catches what it forbids ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "source", "fault"),
    [
        ("app.recurrent.trace", "from app.web import api", "app.recurrent.trace imports app.web"),
        ("app.recurrent.trace", "import app.settings", "app.recurrent.trace imports app.settings"),
        ("app.recurrent.trace", "def f():\n    import fastapi", "app.recurrent.trace imports fastapi"),
        ("app.corpora.tokens", "from app.main import x", "app.corpora.tokens imports app.main"),
        ("app.zoo.cards", "import app.web.api", "app.zoo.cards imports app.web.api"),
        ("app.training", "from app import web", "app.training imports app.web"),
        ("app.web.pages", "from app.web import api", "app.web.pages imports app.web.api"),
        ("app.web.api", "from app.web.rooms import x", "app.web.api imports app.web.rooms"),
        ("app.web.work", "import app.main", "app.web.work imports app.main"),
        ("app.main", "from app.__main__ import main", "app.main imports app.__main__"),
        ("app.zoo.weights", "import keras", "app.zoo.weights imports keras"),
        ("app.zoo.weights", "from pickle import loads", "app.zoo.weights imports pickle"),
        ("app.main", "from . import settings", "app.main imports relatively: ."),
    ],
)
def test_an_import_that_points_outward_is_a_fault(who: str, source: str, fault: str) -> None:
    assert fault in house.import_faults(who, source)


def test_an_import_that_points_inward_is_none() -> None:
    assert house.import_faults("app.web.api", "from app.web import work\nfrom app.recurrent import trace") == []
    assert house.import_faults("app.website", "import app.main") == []


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(f)",
        "from torch import load",
        "pickle.loads(b)",
        "numpy.load(f, allow_pickle=True)",
        "numpy.load(f, allow_pickle=flag)",
        "zipfile.ZipFile(f).extractall()",
        "eval('1')",
        "exec('1')",
        "__import__(name)",
        "subprocess.run(c, shell=True)",
    ],
)
def test_running_what_a_file_says_is_a_fault(source: str) -> None:
    assert len(house.danger_faults(source)) == 1


def test_putting_a_module_into_evaluation_is_no_fault() -> None:
    assert house.danger_faults("model.eval()\nnumpy.load(f, allow_pickle=False)") == []


def test_a_long_file_and_a_silent_file_are_faults() -> None:
    assert house.form_faults(Path("a.py"), '"""Says."""\n' + "x = 1\n" * 349) == []
    assert len(house.form_faults(Path("a.py"), '"""Says."""\n' + "x = 1\n" * 350)) == 1
    assert len(house.form_faults(Path("a.js"), "const x = 1;\n")) == 1
    assert len(house.form_faults(Path("a.css"), "a { top: 0 }\n")) == 1


def test_catalogues_that_differ_are_faults() -> None:
    assert house.catalogue_faults({"a": "{n} steps"}, {"a": "{n} 步"}) == []
    assert len(house.catalogue_faults({"a": "x", "b": "y"}, {"a": "x"})) == 1
    assert len(house.catalogue_faults({"a": "{n} steps"}, {"a": "{m} 步"})) == 1
    assert len(house.catalogue_faults({"a": "steps"}, {"a": " "})) == 1
    assert len(house.catalogue_faults({"a": '{"h_0": …}'}, {"a": '{"h_0": …}'})) == 1
    assert house.catalogue_faults({"a": '{{"h_0": …}}'}, {"a": '{{"h_0": …}}'}) == []


def test_a_key_that_is_not_in_the_catalogue_is_a_fault() -> None:
    keys = {"page.title", "claim.last.why"}
    python = '"""page.nothing"""\nSay("page.titel", {})\nf"claim.{name}.why"\nf"page.{x}"\nf"claim.first{x}"\n"page."'
    found = house.key_faults(house.python_strings(python), keys)
    assert sorted(found) == ["claim.first", "page.nothing", "page.titel"]
    script = "say('page.titel'); say(`claim.${n}.why`); say(\"page.title\"); say('claim.' + n); import './page.js'"
    assert house.key_faults(house.other_strings(script), keys) == ["page.titel"]


def test_a_key_inside_an_attribute_is_found() -> None:
    assert house.key_faults(house.other_strings("""<p title="{{ say('page.titel') }}">"""), {"page.title"}) == [
        "page.titel"
    ]


def test_a_text_that_nothing_asks_for_is_a_fault() -> None:
    keys = ["page.title", "page.old", "claim.a.why", "stage.a"]
    said = house.other_strings("say('page.title'); say(`claim.${n}.why`)")
    assert house.dead_keys(said, keys) == ["page.old", "stage.a"]


def test_another_host_is_a_fault() -> None:
    assert house.off_host('<link href="//fonts.example.com/a.css"><script src="https://cdn.example/x.js">')
    assert house.off_host('import x from "https://cdn.example/x.js"')
    assert house.off_host("@import url(//fonts.example.com/a.css)")
    assert house.off_host('"http://www.w3.org/2000/svg" // a comment.') == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>let x = 1;</script>",
        '<p style="top: 0">',
        "<style>p { top: 0 }</style>",
        '<button onclick="go()">',
        '<a href="javascript:go()">',
    ],
)
def test_inline_code_and_style_are_faults(text: str) -> None:
    assert len(house.template_faults(text)) == 1


def test_data_and_modules_are_none() -> None:
    allowed = '<script type="application/json" id="first-answer">{{ a }}</script>'
    assert house.template_faults(allowed + '<script type="module" src="/static/js/main.js"></script>') == []


def test_a_folder_without_a_line_is_a_fault() -> None:
    assert house.unlisted("`app/` the product", ["app/", "app/web/"]) == ["app/web/"]

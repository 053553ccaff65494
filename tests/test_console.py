"""The command line: the API's answers as tables and as JSON, and exit codes that scripts can use."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import console
from app.__main__ import main
from tests.conftest import ROOT

REQUEST: dict[str, Any] = {
    "model": {"cell": "gru", "input_size": 4, "hidden_size": 3, "num_layers": 2},
    "head": {"reads": "h_n"},
    "input": {"random": {"batch": 2, "seq_len": 5, "seed": 7}},
}


@pytest.fixture(autouse=True)
def _speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST))
    return str(path)


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What stands on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))


FLAGS = ["--cell", "gru", "--input-size", "4", "--hidden-size", "3", "--num-layers", "2"]
FLAGS += ["--head", "h_n", "--seq-len", "5", "--input-seed", "7"]


@pytest.mark.anyio
async def test_json_is_the_answer_of_the_api(
    client: httpx.AsyncClient, request_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, path in (("trace", "traces"), ("shapes", "shapes"), ("code", "code")):
        theirs = (await client.post(f"/api/v1/{path}", json=REQUEST)).json()
        assert main([command, request_file, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == theirs


def test_flags_a_file_and_standard_input_say_the_same(
    request_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = []
    for arguments in ([request_file], FLAGS, ["-"]):
        type_in(monkeypatch, json.dumps(REQUEST))
        assert main(["trace", *arguments]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] == outputs[2]


@pytest.mark.parametrize(
    ("flags", "places"),
    [
        (["--text", "one two", "--text", "three"], {"input": {"text": ["one two", "three"]}}),
        (["--batch", "3", "--seq-len", "4", "--lengths", "4,2,1", "--packed"], {"lengths": [4, 2, 1], "packed": True}),
        (["--seed", "9", "--no-bias", "--bidirectional"], {"weights": {"seed": 9}}),
        (["--state-seed", "2", "--dtype", "float64"], {"state": {"random": {"seed": 2}}, "dtype": "float64"}),
        (["--num-embeddings", "20", "--out-features", "3"], {"head": {"reads": "h_n", "out_features": 3}}),
    ],
)
def test_each_flag_stands_where_the_request_has_it(
    flags: list[str], places: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shapes", "--json", *flags]) == 0
    request = json.loads(capsys.readouterr().out)["request"]
    for name, value in places.items():
        if isinstance(value, dict):
            assert value.items() <= request[name].items()
        else:
            assert request[name] == value


def test_tables_show_stages_proof_and_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace"]) == 0
    out = capsys.readouterr().out
    for text in (
        "lstm = nn.LSTM(8, 6, batch_first=True)",
        "(2, 5, 6) N,T,H",
        "torch.nn.LSTM",
        "output[:, -1] == h_n[-1]",
    ):
        assert text in out
    assert main(["shapes", "--lang", "zh"]) == 0
    chinese = capsys.readouterr().out
    assert "形状" in chinese
    assert "384" not in chinese.split("\n")[0]


def test_shapes_run_at_any_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shapes", "--hidden-size", "100000000"]) == 0
    assert main(["trace", "--hidden-size", "100000000"]) == 1
    assert "\n" not in capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", "--hidden-size", "0"],
        ["trace", "--num-layers", "2", "--proj-size", "9"],
        ["shapes", "--text", ""],
        ["code", "--cell", "gru", "--proj-size", "2"],
    ],
)
def test_a_refusal_is_one_line_or_one_json_problem(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("unrolled: ")
    assert printed.err.count("\n") == 1
    assert main([*arguments, "--json"]) == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem["type"].startswith("/problems/")
    assert problem["detail"]


def test_what_is_no_json_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("trace", "diagnose"):
        type_in(monkeypatch, "{")
        assert main([command, "-", "--json"]) == 1
        assert json.loads(capsys.readouterr().err)["type"] == "/problems/invalid-json"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["trace", "--cell", "cnn"],
        ["trace", "--hidden-size", "six"],
        ["trace", "/no/such/file.json"],
        ["trace", "-", "--seed", "1"],
        ["code", "--read", "-", "--seed", "1"],
        ["diagnose", "--code", "-", "--traceback", "-"],
    ],
)
def test_a_wrong_call_is_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: Any = main(arguments)
    except SystemExit as stop:  # argparse's way
        code = stop.code
    assert code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err


def test_code_is_printed_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["code", *FLAGS]) == 0
    source = capsys.readouterr().out
    compile(source, "written.py", "exec")
    assert main(["code", *FLAGS, "--keras"]) == 0
    assert "keras.layers.GRU" in capsys.readouterr().out
    (tmp_path / "written.py").write_text(source)
    assert main(["code", "--read", str(tmp_path / "written.py")]) == 0
    assert capsys.readouterr().out.startswith("gru = nn.GRU(4, 3, num_layers=2)")
    type_in(monkeypatch, "nn.LSTM(F, 20)\nnn.Dropout(0.5)")
    assert main(["code", "--read", "-", "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "nn.Dropout(0.5)" in out
    assert "F " in out
    assert main(["code", "--keras", "--proj-size", "2"]) == 1
    assert "proj_size" in capsys.readouterr().out


def test_a_diagnosis_ends_with_1_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "RuntimeError: Expected hidden[0] size (2, 3, 20), got [3, 2, 20]")
    assert main(["diagnose", "--traceback", "-"]) == 1
    assert "Expected hidden[0] size" in capsys.readouterr().out
    type_in(monkeypatch, json.dumps(REQUEST))
    assert main(["diagnose", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_columns_line_up_also_in_chinese() -> None:
    lines = console.table(["形状", "n"], [["a", "1"], ["文本", "20"]]).split("\n")
    assert {console.width(line) for line in lines} == {8}


def run(*arguments: str, text: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=dict(os.environ) | {"PYTHONUTF8": "1"} | environment,
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_program_itself_says_the_same_with_the_same_exit_codes() -> None:
    done = run("trace", "-", "--json", text=json.dumps(REQUEST))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["proof"]
    refused = run("trace", "--hidden-size", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert run("trace", "no.json").returncode == 2
    poor = run("shapes", "--lang", "zh", PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (poor.returncode, poor.stderr) == (0, "")


def test_a_reader_that_goes_away_is_no_mistake() -> None:
    program = f"{sys.executable} -m app shapes --num-layers 64 | head -n 1"
    done = subprocess.run(["bash", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""

"""Code as a tree, read and never run: its numbers by name, its recurrent modules, what their calls are bound to."""

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from app.recurrent.errors import Refusal, Say

DEEPEST = 60  # brackets inside brackets
MOST_NODES = 20_000
CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
ORDER = ("input_size", "hidden_size", "num_layers")  # what may be given without its name
DEFAULTS: dict[str, Any] = {
    "input_size": None,
    "hidden_size": None,
    "num_layers": 1,
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
    "bidirectional": False,
    "proj_size": 0,
    "nonlinearity": "tanh",
}


class NotPython(Exception):
    """The text is not Python; `line` is where reading stopped."""

    def __init__(self, line: int | None) -> None:
        super().__init__(line)
        self.line = line


@dataclass
class Recurrent:
    """A constructor of a recurrent module, with the arguments that could be read (None: could not)."""

    cell: str
    node: ast.Call
    given: dict[str, Any]
    nodes: dict[str, ast.expr]

    @property
    def directions(self) -> int:
        return 2 if self.given["bidirectional"] else 1

    @property
    def rows(self) -> int | None:
        """L·D, when the number of layers could be read."""
        layers = self.given["num_layers"]
        return layers * self.directions if isinstance(layers, int) else None


@dataclass
class Code:
    """What was found, by the names it is bound to ("lstm", "self.lstm")."""

    tree: ast.Module
    lines: list[str]
    numbers: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, Recurrent] = field(default_factory=dict)
    linears: dict[str, ast.Call] = field(default_factory=dict)
    tensors: dict[str, ast.Call] = field(default_factory=dict)  # name → torch.zeros(…)
    outputs: dict[str, Recurrent] = field(default_factory=dict)
    states: dict[str, Recurrent] = field(default_factory=dict)  # h_n
    parts: dict[str, Recurrent] = field(default_factory=dict)  # last = output[:, -1]
    wholes: dict[str, Recurrent] = field(default_factory=dict)  # the whole tuple under one name

    def line(self, node: ast.AST) -> tuple[int | None, str | None]:
        """Where a node stands, and that line."""
        number = getattr(node, "lineno", None)
        if number is None or number > len(self.lines):
            return None, None
        return number, self.lines[number - 1].strip()[:200]

    def value(self, node: ast.expr | None, deep: int = 6) -> Any:
        """A number, word or truth value; None when it can't be read off."""
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return value if not isinstance(value, int) or abs(value) <= 10**9 else None
            case ast.Name() | ast.Attribute():
                return self.numbers.get(dotted(node) or "")
            case ast.BinOp(left=left, op=ast.Mult() | ast.Add() | ast.Sub() | ast.FloorDiv() as op, right=right) if (
                deep
            ):
                return _computed(self.value(left, deep - 1), op, self.value(right, deep - 1))
            case ast.UnaryOp(op=ast.USub(), operand=inner) if deep:
                value = self.value(inner, deep - 1)
                return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
        return None


def read(text: str) -> Code:
    """Parse `text`; raises NotPython, and Refusal for code that is nested beyond reason."""
    if _nesting(text) > DEEPEST:
        raise _too_deep()
    try:
        # what a string holds is of no interest, and a "\\d" in one would make Python warn
        tree = ast.parse(re.sub(r"\\(\\|['\"\r\n])|\\", lambda hit: hit[0] if hit[1] else "/", text))
    except SyntaxError as error:
        raise NotPython(error.lineno) from None
    except (RecursionError, MemoryError, ValueError) as error:
        raise _too_deep() from error
    nodes: list[ast.AST] = []
    for node in ast.walk(tree):
        nodes.append(node)
        if len(nodes) > MOST_NODES:
            raise _too_deep()
    code = Code(tree, text.splitlines())
    nodes.sort(key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))
    for node in nodes:
        _number(code, node)
    for node in nodes:
        _bind(code, node)
    for node in nodes:
        _bind_call(code, node)
    return code


def dotted(node: ast.AST) -> str | None:
    """`self.encoder.lstm` as text; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < 10:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def last_name(node: ast.AST) -> str | None:
    """`hidden_size` of both `hidden_size` and `self.hidden_size`."""
    name = dotted(node)
    return name.rpartition(".")[2] if name else None


def recurrent(node: ast.AST, code: Code) -> Recurrent | None:
    """nn.LSTM(…), torch.nn.GRU(…), RNN(…)."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in CELLS:
        return None
    cell = CELLS[last_name(node.func) or ""]
    names = (*ORDER, "nonlinearity") if cell == "rnn" else ORDER
    nodes = dict(zip((*names, "bias", "batch_first", "dropout", "bidirectional"), node.args, strict=False))
    nodes |= {word.arg: word.value for word in node.keywords if word.arg in DEFAULTS}
    given = DEFAULTS | {name: code.value(value) for name, value in nodes.items()}
    return Recurrent(cell, node, given, nodes)


def targets(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """(target, value) of an assignment."""
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(node.target, node.value)]
    return []


def _number(code: Code, node: ast.AST) -> None:
    """hidden_size = 20, also as an argument's default."""
    for target, value in targets(node):
        name, number = dotted(target), code.value(value)
        if name and number is not None:
            code.numbers.setdefault(name, number)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, part in zip(target.elts, value.elts, strict=True):
                if (name := dotted(one)) and (number := code.value(part)) is not None:
                    code.numbers.setdefault(name, number)
    if isinstance(node, ast.FunctionDef):
        given = node.args.args[len(node.args.args) - len(node.args.defaults) :]
        for argument, value in zip(given, node.args.defaults, strict=True):
            if (number := code.value(value)) is not None:
                code.numbers.setdefault(argument.arg, number)


def _bind(code: Code, node: ast.AST) -> None:
    for target, value in targets(node):
        name = dotted(target)
        if name is None or not isinstance(value, ast.Call):
            continue
        module = recurrent(value, code)
        if module is not None:
            code.modules[name] = module
        elif last_name(value.func) == "Linear":
            code.linears[name] = value
        elif last_name(value.func) in ("zeros", "randn", "ones", "rand", "empty", "new_zeros"):
            code.tensors[name] = value


def _bind_call(code: Code, node: ast.AST) -> None:
    """output, (h_n, c_n) = lstm(x)"""
    for target, value in targets(node):
        module = code.modules.get(dotted(value.func) or "") if isinstance(value, ast.Call) else None
        if module is None:
            if isinstance(value, ast.Subscript) and (name := dotted(target)) is not None:
                source = code.outputs.get(dotted(value.value) or "")
                code.parts |= {name: source} if source is not None else {}
            continue
        if (name := dotted(target)) is not None:
            code.wholes[name] = module
        if isinstance(target, ast.Tuple) and len(target.elts) == 2:
            output, state = target.elts
            if (name := dotted(output)) is not None:
                code.outputs[name] = module
            first = state.elts[0] if isinstance(state, ast.Tuple) and state.elts else state
            if (name := dotted(first)) is not None and (isinstance(state, ast.Tuple) or module.cell != "lstm"):
                code.states[name] = module


def _computed(left: Any, op: ast.operator, right: Any) -> Any:
    if type(left) is not int or type(right) is not int:
        return None
    if isinstance(op, ast.FloorDiv):
        return left // right if right else None
    made = left * right if isinstance(op, ast.Mult) else left + right if isinstance(op, ast.Add) else left - right
    return made if abs(made) <= 10**9 else None


def _nesting(text: str) -> int:
    deep = most = 0
    for sign in text:
        if sign in "([{":
            deep += 1
            most = max(most, deep)
        elif sign in ")]}":
            deep = max(0, deep - 1)
    return most


def _too_deep() -> Refusal:
    return Refusal("invalid-value", Say("problem.diagnose_deep"), field="code")

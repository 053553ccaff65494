"""Mistakes that can be seen in a piece of code, without running it."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from app.recurrent.diagnose.finding import Finding
from app.recurrent.diagnose.mend import DRAWN
from app.recurrent.diagnose.reshape import reshaped
from app.recurrent.diagnose.syntax import CELLS, Code, NotPython, Recurrent, dotted, last_name, read, recurrent
from app.recurrent.diagnose.texts import by_kind

Request = dict[str, Any]
Check = Callable[[ast.AST, Code], Iterator[Finding]]

READS = ("relu", "tanh", "sigmoid", "softmax", "log_softmax", "linear", "dropout")  # functions that take a tensor
RESHAPES = ("view", "reshape", "flatten")


def of_code(text: str) -> list[Finding]:
    """What is likely wrong in `text`, in the order in which it stands there.

    Raises Refusal for code that is too deep to read. Code that is not Python, or has no recurrent
    module in it, is answered as not known.
    """
    try:
        code = read(text)
    except NotPython as error:
        lines = text.splitlines()
        shown = lines[error.line - 1].strip()[:200] if error.line and error.line <= len(lines) else None
        return [Finding("not-python", sure=False, line=error.line, code_line=shown)]
    made = [module for node in ast.walk(code.tree) if (module := recurrent(node, code)) is not None]
    if not made:
        return [Finding("no-module", sure=False)]
    found: list[Finding] = []
    for node in ast.walk(code.tree):
        for check in CHECKS:
            found += check(node, code)
    found.sort(key=lambda each: each.line or 0)
    unique = {(each.kind, each.line): each for each in found}
    return list(unique.values()) or [Finding("fine", options=(request(made[0]),))]


def request(module: Recurrent, *, head: Request | None = None, **model: Any) -> Request:
    """A run of this module; sizes that can't be read off the code are the documentation's nn.LSTM(10, 20)."""
    given = {name: value for name, value in module.given.items() if value is not None}
    sizes = {"input_size": 10, "hidden_size": 20}
    if module.cell != "rnn":
        given.pop("nonlinearity")
    if module.cell != "lstm":
        given.pop("proj_size")
    asked: Request = {
        "model": {"cell": module.cell} | sizes | given | model,
        "input": {"random": {"batch": 3, "seq_len": 5}},
    }
    return asked | ({"head": head} if head else {})


def _found(kind: str, node: ast.AST, code: Code, *options: Request, text: str | None = None, **more: Any) -> Finding:
    """A finding at `node`; `text` names the message of PyTorch that it ends in."""
    line, code_line = code.line(node)
    found = Finding(kind, line=line, code_line=code_line, options=options)
    if text is not None:
        known = by_kind(text)
        found = found.with_(torch=known.today, older=known.older, axis=known.axis, question=known.question)
    return found.with_(**more)


def _sequential(node: ast.AST, code: Code) -> Iterator[Finding]:
    """nn.Sequential hands the whole tuple on."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "Sequential":
        return
    parts = list(_parts(node.args))
    for k, part in enumerate(parts):
        module = recurrent(part, code)
        if module is None:
            continue
        follower = last_name(parts[k + 1].func) if k + 1 < len(parts) else None
        head = {"reads": "every_step", "out_features": 2}
        if follower is None:
            yield _found("sequential-last", part, code, request(module), sure=False, question=13)
        elif follower in CELLS:
            stacked = request(module, num_layers=2)
            yield _found("sequential-stack", part, code, stacked, text="tuple-into-rnn", question=13)
        else:
            name = {"Linear": "linear", "ReLU": "relu", "Dropout": "dropout"}.get(follower or "", "linear")
            today = by_kind("tuple-into-module").today.replace("{function:word}", name)
            yield _found("sequential", part, code, request(module, head=head), text="tuple-into-module", torch=today)


def _parts(arguments: list[ast.expr]) -> Iterator[ast.Call]:
    """The modules in Sequential(a, b), Sequential(*[a, b]) and Sequential(OrderedDict([("a", a)]))."""
    for argument in arguments:
        match argument:
            case ast.Starred(value=ast.List(elts=inner) | ast.Tuple(elts=inner)) | ast.List(elts=inner):
                yield from _parts(inner)
            case ast.Tuple(elts=[_, ast.Call() as module]):
                yield module
            case ast.Call(func=ast.Name(id="OrderedDict") | ast.Attribute(attr="OrderedDict"), args=inner):
                yield from _parts(inner)
            case ast.Call():
                yield argument


def _arguments(node: ast.AST, code: Code) -> Iterator[Finding]:
    """What the constructor itself warns of or refuses."""
    module = recurrent(node, code)
    if module is None:
        return
    given = module.given
    share, layers, hidden, proj = (given[name] for name in ("dropout", "num_layers", "hidden_size", "proj_size"))
    if isinstance(share, int | float) and share > 0 and layers == 1 and "dropout" in module.nodes:
        today = by_kind("dropout-one-layer").today.replace("{got:number}", str(share))
        fixed = request(module, dropout=0.0)
        yield _found("dropout-one-layer", node, code, fixed, text="dropout-one-layer", torch=today, got=share)
    if isinstance(proj, int) and proj > 0 and module.cell != "lstm":
        yield _found("proj-cell", node, code, request(module), text="proj-cell", got=proj)
    elif isinstance(proj, int) and isinstance(hidden, int) and proj >= hidden > 1:
        smaller = request(module, proj_size=hidden // 2)
        yield _found("proj-large", node, code, smaller, text="proj-large", got=proj, expected=f"< {hidden}")


def _tuple_passed_on(node: ast.AST, code: Code) -> Iterator[Finding]:
    """out = lstm(x) is a tuple; a linear layer can't take it."""
    if not isinstance(node, ast.Call) or not node.args:
        return
    first, callee = node.args[0], dotted(node.func) or ""
    module = code.wholes.get(dotted(first) or "")
    if isinstance(first, ast.Call):
        module = code.modules.get(dotted(first.func) or "")
    if module is None:
        return
    if callee in code.modules:
        yield _found("tuple-passed-on", node, code, request(module, num_layers=2), text="tuple-into-rnn", question=13)
    elif callee in code.linears or last_name(node.func) in READS:
        name = "linear" if callee in code.linears else last_name(node.func) or "linear"
        fixed = request(module, head={"reads": "every_step", "out_features": 2})
        today = by_kind("tuple-into-module").today.replace("{function:word}", name)
        yield _found("tuple-passed-on", node, code, fixed, text="tuple-into-module", torch=today)


def _state(node: ast.AST, code: Code) -> Iterator[Finding]:
    """lstm(x, h_0): one tensor in place of the tuple, or made batch-first, or for one batch size only."""
    module = code.modules.get(dotted(node.func) or "") if isinstance(node, ast.Call) else None
    if module is None or not isinstance(node, ast.Call):
        return
    words = {word.arg: word.value for word in node.keywords}
    state = node.args[1] if len(node.args) > 1 else words.get("hx")
    if state is None:
        return
    fixed = request(module) | {"state": DRAWN}
    made = [_made(each, code) for each in (state.elts if isinstance(state, ast.Tuple) else [state])]
    if module.cell == "lstm" and not isinstance(state, ast.Tuple) and made[0] is not None:
        text = "tuple-missing" if module.rows == 1 else "batched-state"
        today = by_kind(text).today.replace("{got:int}", "2").replace("{c:int}", "2")
        yield _found("tuple-missing", node, code, fixed, text=text, torch=today, axis="L·D", question=15)
    if module.cell != "lstm" and isinstance(state, ast.Tuple):
        yield _found("tuple-into-rnn", node, code, fixed, text="tuple-into-rnn")
    sizes = next((each for each in made if each is not None), None)
    if sizes is None or len(sizes) != 3:
        return
    if _is_rows(sizes[1], module, code) and not _is_rows(sizes[0], module, code):
        yield _found("hidden-batch-first", node, code, fixed, axis="N", question=2)
    elif _is_fixed(sizes[1], code):
        yield _found("hidden-batch", node, code, fixed, sure=False, axis="N", question=12)


def _made(node: ast.expr, code: Code) -> list[ast.expr] | None:
    """The sizes in torch.zeros(2, 3, 20), also through a name."""
    call = code.tensors.get(dotted(node) or "") if not isinstance(node, ast.Call) else node
    if call is None or last_name(call.func) not in ("zeros", "randn", "ones", "rand", "empty", "new_zeros"):
        return None
    if len(call.args) == 1 and isinstance(call.args[0], ast.Tuple | ast.List):
        return call.args[0].elts
    return list(call.args)


def _is_rows(node: ast.expr, module: Recurrent, code: Code) -> bool:
    """Whether a size is the number of layers × directions."""
    name = last_name(node) or ""
    if "layer" in name or (isinstance(node, ast.BinOp) and "layer" in ast.unparse(node)[:200]):
        return True
    return module.rows is not None and code.value(node) == module.rows


def _is_fixed(node: ast.expr, code: Code) -> bool:
    """64 and self.batch_size stay the same when the batch changes; batch = x.size(0) follows it."""
    name = dotted(node)
    if name is None:
        return isinstance(node, ast.Constant)
    return "batch" in name and (name in code.numbers or name.startswith("self."))


def _reshape(node: ast.AST, code: Code) -> Iterator[Finding]:
    """h_n.view(N, -1) joins what belongs to different samples."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in RESHAPES:
        return
    module = code.states.get(dotted(node.func.value) or "")
    if module is None or module.rows == 1 or len(node.args) > 2:
        return
    found = _found("reshape-mixes", node, code, axis="N", question=7)
    yield found.with_(
        sure=module.rows is not None,
        options=(request(module, head={"reads": "h_n", "out_features": 1}),),
        measured=reshaped(module.rows or 2),
    )


def _last(node: ast.AST, code: Code) -> Iterator[Finding]:
    """output[:, -1] and output[-1]: the last step, or the last sample?"""
    if not isinstance(node, ast.Subscript):
        return
    module = code.outputs.get(dotted(node.value) or "")
    axis = _picks_last(node.slice)
    if module is None or axis is None or not isinstance(module.given["batch_first"], bool):
        return
    time = 1 if module.given["batch_first"] else 0
    head = {"reads": "h_n", "out_features": 1}
    if axis != time:
        fixed = request(module, head=head, batch_first=axis == 1)
        yield _found("last-sample", node, code, fixed, axis="N", question=3, got=axis, expected=time)
    elif module.given["bidirectional"]:
        yield _found("bidirectional-last", node, code, request(module, head=head), axis="T", question=6).with_(
            kind="code-bidirectional-last"
        )


def _picks_last(index: ast.expr) -> int | None:
    """0 for [-1], 1 for [:, -1] and [:, -1, :]."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    for axis, part in enumerate(parts[:2]):
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and isinstance(part.operand, ast.Constant):
            return axis if part.operand.value == 1 else None
        if not (isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None):
            return None
    return None


def _linear(node: ast.AST, code: Code) -> Iterator[Finding]:
    """A linear layer that expects H after a module that gives 2H."""
    if not isinstance(node, ast.Call) or not node.args:
        return
    linear = code.linears.get(dotted(node.func) or "")
    read = node.args[0]
    base = read.value if isinstance(read, ast.Subscript) else read
    module = code.outputs.get(dotted(base) or "") or (code.parts.get(dotted(base) or "") if base is read else None)
    if linear is None or module is None or module.directions == 1 or not linear.args:
        return
    width, hidden = code.value(linear.args[0]), module.given["hidden_size"]
    if not isinstance(width, int) or width != hidden:
        return
    out = code.value(linear.args[1]) if len(linear.args) > 1 else None
    head = {"reads": "h_n", "out_features": out if isinstance(out, int) and out > 0 else 1}
    more = {"got": 2 * width, "expected": width, "axis": "H", "question": 23}
    yield _found("linear-both", node, code, request(module, head=head), text="linear-size", **more).with_(
        torch=None, older=()
    )


CHECKS: tuple[Check, ...] = (_sequential, _arguments, _tuple_passed_on, _state, _reshape, _last, _linear)

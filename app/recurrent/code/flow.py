"""Source followed statement by statement, never run: which modules it makes, and what flows through them."""

import ast
from typing import Any

from app.recurrent.code.record import Record
from app.recurrent.code.tensors import computed, method, picked, torch_function
from app.recurrent.code.values import (
    ACTIVATIONS,
    KERAS,
    TORCH,
    Holds,
    Module,
    Seeded,
    Unknown,
    arithmetic,
    compared,
    is_keras,
    numbers,
)

MOST_STEPS = 100_000  # expressions looked at


class Flow:
    """Follows a source. `record` is what came out: modules in order, what the head reads, what was not read."""

    def __init__(self, source: str, tree: ast.Module) -> None:
        self.record = Record(source)
        self.imports: dict[str, str] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.functions: list[ast.FunctionDef] = []
        self.followed: set[str] = set()
        self.steps = 0
        for node in ast.walk(tree):
            self._imported(node)
        self.keras = any("keras" in name for name in self.imports.values()) and not any(
            name.split(".")[0] == "torch" for name in self.imports.values()
        )
        self.env: dict[str, Any] = {}
        self.block(tree.body)
        for name in list(self.classes):
            self._class(name, [], {})
        for function in self.functions:
            self._function(function, [], {}, forward=not self.record.recurrent)

    def _imported(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else (alias.name.split(".")[0])
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.imports[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"

    # --- statements ---

    def block(self, body: list[ast.stmt]) -> Any:
        """Follow statements in order; the value of the first `return`."""
        for statement in body:
            found = self._statement(statement)
            if isinstance(statement, ast.Return):
                return found
        return None

    def _statement(self, node: ast.stmt) -> Any:
        match node:
            case ast.Assign(targets=targets, value=value):
                found = self.value(value)
                for target in targets:
                    self._assign(target, found)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.value(value))
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                return self.value(value)
            case ast.ClassDef():
                self.classes[node.name] = node
            case ast.FunctionDef():
                self.functions.append(node)
            case ast.With(body=body) | ast.Try(body=body):
                self.block(body)
            case ast.If(test=test, body=body, orelse=orelse):
                known = self.value(test)
                if not isinstance(known, bool) or known:
                    self.block(body)
                if not isinstance(known, bool) or not known:
                    self.block(orelse)
            case ast.For(body=body) | ast.While(body=body):
                self.record.skip("loop", node, self._first_line(node))
                self.block(body)
            case ast.AugAssign(target=target):
                self._assign(target, Unknown(self._text(target)))
        return None

    def _first_line(self, node: ast.stmt) -> str:
        return self._text(node).split("\n", 1)[0]

    def _assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.env[name] = value
                self.record.predicted = self.record.predicted or (name == "prediction" and self.record.head is not None)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                self.env[f"self.{name}"] = value
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                values = list(value) if isinstance(value, tuple | list) else []
                if len(values) != len(elts):
                    values = [Unknown(self._text(each)) for each in elts]
                for each, part in zip(elts, values, strict=True):
                    self._assign(each, part)

    def _class(self, name: str, given: list[Any], named: dict[str, Any]) -> None:
        """Follow __init__ with these arguments, then forward; a class is followed once."""
        if name in self.followed:
            return
        self.followed.add(name)
        outside, self.env = self.env, dict(self.env)
        methods = {each.name: each for each in self.classes[name].body if isinstance(each, ast.FunctionDef)}
        self.block([each for each in self.classes[name].body if isinstance(each, ast.Assign | ast.AnnAssign)])
        if "__init__" in methods:
            self._function(methods["__init__"], [Unknown("self"), *given], named)
        if (forward := methods.get("forward") or methods.get("call")) is not None:
            self._function(forward, [Unknown("self")], {}, forward=True)
        self.env = outside

    def _function(
        self, node: ast.FunctionDef, given: list[Any], named: dict[str, Any], *, forward: bool = False
    ) -> None:
        """Follow a body; parameters are what was given, else their defaults, else unknown."""
        names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
        defaults = dict(zip(names[len(names) - len(node.args.defaults) :], node.args.defaults, strict=True))
        defaults |= {
            each.arg: default
            for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if default is not None
        }
        outside = self.env
        inside = dict(outside)
        for k, name in enumerate([*names, *(each.arg for each in node.args.kwonlyargs)]):
            if k < len(given):
                inside[name] = given[k]
            elif name in named:
                inside[name] = named[name]
            elif name in defaults:
                inside[name] = self.value(defaults[name])
            else:
                inside[name] = Holds("input") if forward else Unknown(name)
        self.env = inside
        self.block(node.body)
        # what a method sets on self is there for the others
        self.env = outside | {name: value for name, value in self.env.items() if name.startswith("self.")}

    # --- expressions ---

    def value(self, node: ast.expr) -> Any:
        """What an expression stands for; Unknown where the source does not say."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            return Unknown("…")
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.env.get(name, Unknown(name))
            case ast.Attribute():
                return self._attribute(node)
            case ast.Tuple(elts=elts):
                return tuple(self.value(each) for each in elts)
            case ast.List(elts=elts):
                return [self.value(each) for each in elts]
            case ast.Dict(keys=keys, values=values):
                return {
                    key.value: self.value(each)
                    for key, each in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                }
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.value(operand)
                return -inner if isinstance(inner, int | float) else Unknown(self._text(node))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.value(operand)
                return not inner if isinstance(inner, bool) else Unknown(self._text(node))
            case ast.BinOp(left=left, op=operator, right=right):
                ends = self.value(left), self.value(right)
                if isinstance(ends[0], Holds):
                    return computed(self.record, operator, *ends)
                result = arithmetic(operator, *ends)
                return Unknown(self._text(node)) if result is None else result
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                first = self.value(left)
                if isinstance(first, Holds):
                    return Holds("other")
                holds = compared(operator, first, self.value(right))
                return Unknown(self._text(node)) if holds is None else holds
            case ast.IfExp(test=test, body=body, orelse=orelse):
                known = self.value(test)
                if isinstance(known, bool):
                    return self.value(body if known else orelse)
                return Unknown(self._text(node))
            case ast.Subscript(value=inner, slice=index):
                return self._subscript(self.value(inner), index)
            case ast.Call():
                return self._call(node)
        return Unknown(self._text(node))

    def _attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self.env.get(f"self.{node.attr}", Unknown(f"self.{node.attr}"))
        inner = self.value(node.value)
        if isinstance(inner, Module):
            return inner.arguments.get(node.attr, Unknown(self._text(node)))
        if isinstance(inner, Holds) and node.attr == "T":
            return inner.swapped()
        return Unknown(self._text(node))

    def _subscript(self, inner: Any, index: ast.expr) -> Any:
        if isinstance(inner, Holds):
            parts = index.elts if isinstance(index, ast.Tuple) else [index]
            places = [None if isinstance(part, ast.Slice) else self.value(part) for part in parts]
            cut = any(isinstance(part, ast.Slice) and (part.lower or part.upper or part.step) for part in parts)
            return picked(self.record, inner, places, index) if not cut else Holds("other")
        place = self.value(index)
        if isinstance(inner, tuple | list) and type(place) is int and -len(inner) <= place < len(inner):
            return inner[place]
        return Unknown(self._text(index))

    def _call(self, node: ast.Call) -> Any:
        name = self._name(node.func)
        last = name.rpartition(".")[2]
        inner = target = None
        match node.func:
            case ast.Name(id=own):
                target = self.env.get(own)
            case ast.Attribute(value=ast.Name(id="self"), attr=own):
                target = self.env.get(f"self.{own}")
            case ast.Attribute(value=value):
                inner = self.value(value)
            case other:
                target = self.value(other)
        given = [self.value(each) for each in node.args if not isinstance(each, ast.Starred)]
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        if isinstance(target, Module):
            given += [named[each] for each in ("input", "x", "hx", "target") if each in named]
            return self.record.apply(target, given, node)
        if name in self.classes:
            self._class(name, given, named)
            return Unknown(name)
        made = self._made(name, last, node, given, named)
        if made is not None:
            return made
        if isinstance(inner, Seeded) and last == "manual_seed" and given and type(given[0]) is int:
            return Seeded(given[0])
        if isinstance(inner, Module):
            return self._asked_of(inner, last, given)
        if isinstance(inner, Holds):
            return method(self.record, inner, last, given, named, node)
        if isinstance(inner, tuple | list):
            return Unknown(self._text(node))
        return torch_function(self.record, name, given, named, node)

    def _asked_of(self, inner: Module, last: str, given: list[Any]) -> Any:
        """A method of a module: .double(), .load_state_dict({…}), model.add(layer)."""
        if last == "load_state_dict" and given and isinstance(given[0], dict):
            self.record.hold(inner, {name: numbers(getattr(each, "data", None)) for name, each in given[0].items()})
        if last == "train" and given[:1] != [False]:
            self.record.mode = "train"
        if last == "add" and given and isinstance(given[0], Module):
            inner.parts.append(given[0])
        return inner if last in ("to", "cuda", "cpu", "float", "double", "eval", "train") else None

    def _made(self, name: str, last: str, node: ast.Call, given: list[Any], named: dict[str, Any]) -> Module | None:
        """A module, where the call is a constructor of one."""
        keras = is_keras(name, len(given), named, self.keras)
        order = (KERAS if keras else TORCH).get(last)
        if last == "Sequential":
            inside = given[0] if given and isinstance(given[0], list | tuple) else given
            parts = [each for each in inside if isinstance(each, Module)]
            return Module("Sequential", keras, {}, node.lineno, self._text(node), parts)
        if order is None:
            if keras and last[:1].isupper():
                return self.record.add(Module(last, True, named, node.lineno, self._text(node)))
            is_module = name.startswith(("torch.nn.", "nn.")) and last[:1].isupper() and ".utils." not in name
            if not is_module and not (last in ACTIVATIONS and last[:1].isupper()):
                return None
            order = ()
        for extra in given[len(order) :] if order else []:
            self.record.skip("argument", node, repr(extra)[:60])
        arguments = dict(zip(order, given, strict=False)) | named
        return self.record.add(Module(last, keras, arguments, node.lineno, self._text(node)))

    def _name(self, node: ast.expr) -> str:
        """torch.nn.LSTM for nn.LSTM after `from torch import nn`."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ".".join(["…", *reversed(parts)])
        return ".".join([self.imports.get(node.id, node.id), *reversed(parts)])

    def _text(self, node: ast.AST) -> str:
        return self.record.text(node)

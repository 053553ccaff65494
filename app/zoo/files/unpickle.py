"""A pickle read as data: a machine for the few codes that state_dict needs. Nothing that is named is looked up."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pickletools import genops
from typing import Any

from app.zoo.files.content import Unreadable

MOST_OPS = 200_000
MARK = object()


@dataclass(frozen=True)
class Named:
    """A class or function that the pickle names; a name and no more."""

    name: str


@dataclass(frozen=True)
class Storage:
    """Where numbers lie: `kind` as in content.ITEM, or another type's name."""

    kind: str
    key: str
    count: int
    first: int = 0  # numbers before it, of a view in an older file


@dataclass(frozen=True)
class Tensor:
    """A view of a storage, in numbers."""

    storage: Storage
    first: int
    shape: tuple[int, ...]


STORAGES = {"HalfStorage": "f16", "BFloat16Storage": "bf16", "FloatStorage": "f32", "DoubleStorage": "f64"}
# of numbers that are no weights: named, never read
OTHERS = {f"{name}Storage" for name in ("Char", "Byte", "Short", "Int", "Long", "Bool")}
REBUILD = "torch._utils._rebuild_tensor_v2"
PARAMETER = "torch._utils._rebuild_parameter"
ORDERED = "collections.OrderedDict"
ALLOWED = {REBUILD, PARAMETER, ORDERED, *(f"torch.{name}" for name in (*STORAGES, *OTHERS))}


def damaged() -> Unreadable:
    return Unreadable("problem.file.damaged", what="pickle")


class Machine:
    """One pickle after another out of the same bytes."""

    def __init__(self, file: BytesIO, most_bytes: int) -> None:
        self.file = file
        self.most_bytes = most_bytes
        self.ops = 0

    def load(self) -> Any:
        """The next object; raises Unreadable for all that is not plain data and tensors."""
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        begins = self.file.tell()
        try:
            for code, argument, at in genops(self.file):
                self.ops += 1
                if self.ops > MOST_OPS or (at or 0) - begins > self.most_bytes:
                    raise Unreadable("problem.file.header", got=(at or 0) - begins, most=self.most_bytes)
                if code.name == "STOP":
                    return self.stack.pop()
                step = STEPS.get(code.name)
                if step is None:
                    raise Unreadable("problem.file.pickled", name=code.name)
                step(self, argument)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise damaged() from None
        raise damaged()

    def since_mark(self) -> list[Any]:
        """What was pushed after the last mark, which goes."""
        at = len(self.stack) - 1
        while self.stack[at] is not MARK:
            at -= 1
            if at < 0:
                raise damaged()
        found = self.stack[at + 1 :]
        del self.stack[at:]
        return found

    def name(self, module: Any, name: Any) -> None:
        full = f"{module}.{name}"
        if full not in ALLOWED:
            raise Unreadable("problem.file.pickled", name=full[:120])
        self.stack.append(Named(full))

    def set_items(self, pairs: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict) or len(pairs) % 2:
            raise damaged()
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) not in (str, int):
                raise damaged()
            self.stack[-1][key] = value

    def append(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise damaged()
        self.stack[-1].extend(values)

    def reduce(self, _: Any) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if not isinstance(called, Named) or not isinstance(arguments, tuple):
            raise damaged()
        self.stack.append(_called(called.name, arguments))

    def build(self, _: Any) -> None:
        """The state of an OrderedDict holds its `_metadata`: versions of modules, no weights."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], dict) or not isinstance(state, dict):
            raise damaged()

    def persistent(self, _: Any) -> None:
        found = self.stack.pop()
        if not isinstance(found, tuple) or len(found) not in (5, 6) or found[0] != "storage":
            raise damaged()
        kind, key, count, view = found[1], found[2], found[4], found[5] if len(found) == 6 else None
        if not isinstance(kind, Named) or not kind.name.startswith("torch.") or type(key) is not str:
            raise damaged()
        if type(count) is not int or not 0 <= count < 1 << 40 or len(key) > 80:
            raise damaged()
        name = kind.name.removeprefix("torch.")
        first = 0
        if view is not None:  # (its own key, the first number, how many)
            if not (isinstance(view, tuple) and len(view) == 3 and all(type(each) is int for each in view[1:])):
                raise damaged()
            first, count = view[1], view[2]
        if not 0 <= first < 1 << 40 or not 0 <= count < 1 << 40:
            raise damaged()
        self.stack.append(Storage(STORAGES.get(name, name), key, count, first))


def _called(name: str, arguments: tuple[Any, ...]) -> Any:
    if name == ORDERED and arguments == ():
        return {}
    if name == PARAMETER and len(arguments) == 3 and isinstance(arguments[0], Tensor):
        return arguments[0]
    if name == REBUILD and len(arguments) in (6, 7):
        storage, first, shape, strides = arguments[:4]
        whole = isinstance(storage, Storage) and type(first) is int and isinstance(shape, tuple)
        if whole and isinstance(strides, tuple) and all(type(each) is int for each in (*shape, *strides)):
            return _tensor(storage, first, shape, strides)
    raise damaged()


def _tensor(storage: Storage, first: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
    """A contiguous view that lies within its storage; anything else is a lie or no plain tensor."""
    if len(shape) > 8 or len(strides) != len(shape) or any(not 0 <= size < 1 << 40 for size in shape):
        raise damaged()
    count, expected = 1, []
    for size in reversed(shape):
        expected.append(count)
        count *= max(size, 1)
    count = 0 if 0 in shape else count
    for size, stride, wanted in zip(shape, strides, reversed(expected), strict=True):
        if size > 1 and count and stride != wanted:
            raise Unreadable("problem.file.strides")
    if first < 0 or first + count > storage.count:
        raise Unreadable("problem.file.outside")
    return Tensor(storage, first, shape)


def _push(value: Callable[[Any], Any]) -> Callable[[Machine, Any], None]:
    return lambda machine, argument: machine.stack.append(value(argument))


def _tuple_of(count: int) -> Callable[[Machine, Any], None]:
    def step(machine: Machine, _: Any) -> None:
        found = tuple(machine.stack[-count:])
        if len(found) < count:
            raise damaged()
        del machine.stack[-count:]
        machine.stack.append(found)

    return step


def _put(machine: Machine, place: Any) -> None:
    machine.memo[int(place)] = machine.stack[-1]


def _pop_two(machine: Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.set_items([key, value])


def _stack_global(machine: Machine, _: Any) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.name(module, name)


# codes that push what stands behind them
PLAIN: tuple[str, ...] = ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "BINFLOAT", "FLOAT")
PLAIN += ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
PLAIN += ("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES")

STEPS: dict[str, Callable[[Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda machine, argument: None),
    **dict.fromkeys(PLAIN, _push(lambda argument: argument)),
    "NONE": _push(lambda _: None),
    "NEWTRUE": _push(lambda _: True),
    "NEWFALSE": _push(lambda _: False),
    "MARK": _push(lambda _: MARK),
    "EMPTY_DICT": _push(lambda _: {}),
    "EMPTY_LIST": _push(lambda _: []),
    "EMPTY_TUPLE": _push(lambda _: ()),
    "EMPTY_SET": _push(lambda _: []),
    "ADDITEMS": lambda machine, _: machine.append(machine.since_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "LIST": lambda machine, _: machine.stack.append(machine.since_mark()),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "SETITEM": _pop_two,
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "PUT": _put,
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": lambda machine, _: _put(machine, len(machine.memo)),
    "GET": lambda machine, place: machine.stack.append(machine.memo[int(place)]),
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "POP": lambda machine, _: machine.stack.pop() and None,
    "GLOBAL": lambda machine, both: machine.name(*str(both).split(" ", 1)),
    "STACK_GLOBAL": _stack_global,
    "REDUCE": Machine.reduce,
    "BUILD": Machine.build,
    "BINPERSID": Machine.persistent,
}

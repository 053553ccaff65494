"""The page's whole state as a flat query: one table that reads, checks and writes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.recurrent.cost import Limits
from app.recurrent.errors import Refusal, Say
from app.recurrent.examples import BY_KEY
from app.recurrent.settle import settle
from app.recurrent.shapes import Plan, plan
from app.recurrent.spec import TraceRequest
from app.web import hands
from app.web.flat import values_of
from app.web.i18n import plain
from app.web.keys import BY_NAME, KEYS, MOST_CHARACTERS, Value, numbers_of
from app.web.state_decode import decoding

LIMITS = Limits()
STATE_SEED = 1  # of a random h_0 and c_0
MOST_GIVEN = 20_000  # numbers of an h_0 and c_0 that are written out in the request

# Which key a refusal of the core is about.
_FIELDS = {
    "model.input_size": "input_size",
    "model.hidden_size": "hidden_size",
    "model.num_layers": "num_layers",
    "model.proj_size": "proj_size",
    "lengths": "lengths",
    "state": "h0",
    "state.h_0": "h0",
    "state.c_0": "h0",
    "input.random.batch": "batch",
    "input.random.seq_len": "seq_len",
    "input.text": "text",
    "embedding.num_embeddings": "num_embeddings",
    "head.out_features": "out_features",
    "input.decode.steps": "decode_steps",
    "model.bidirectional": "bidirectional",
    "mode": "mode",
    "input.days": "days",
    **{f"model.{name}": name for name in ("cell", "bias", "nonlinearity")},
}


@dataclass(frozen=True)
class State:
    """Everything the page shows, as flat values under the names of KEYS."""

    values: Mapping[str, Value] = field(default_factory=lambda: {key.name: key.default for key in KEYS})
    example: str = ""

    def with_(self, **changed: Value) -> "State":
        """The same state with some values changed; it is then no longer the example's."""
        views = all(BY_NAME[name].view for name in changed)
        return State({**self.values, **changed}, self.example if views else "")

    def request(self) -> TraceRequest:
        """The trace request that this state stands for."""
        v: dict[str, Any] = dict(self.values)
        model = {
            name: v[name]
            for name in ("cell", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional")
        } | {"dropout": float(v["dropout"])}
        weights: dict[str, Any] = {"bundled": v["bundled"]} if v["bundled"] else {"seed": v["seed"]}
        if v["upload"]:
            weights = {"upload": v["upload"], "prefix": v["prefix"] or None}
        asked: dict[str, Any] = {"model": model, "weights": weights, "mode": v["mode"], "dtype": v["dtype"]}
        if v["cell"] == "lstm":
            model["proj_size"] = v["proj_size"]
        if v["cell"] == "rnn":
            model["nonlinearity"] = v["nonlinearity"]
        if v["source"] == "text":
            asked["input"] = {"text": v["text"]}
        elif v["source"] == "weather" and v["task"] == "read":
            asked["input"] = {"dataset": "weather", "first_day": v["first_day"], "days": v["days"]}
        else:
            asked["input"] = {"random": {"batch": v["batch"], "seq_len": v["seq_len"], "seed": v["input_seed"]}}
            asked["lengths"] = numbers_of(v["lengths"]) or None
            if v["num_embeddings"]:
                asked["embedding"] = {"num_embeddings": v["num_embeddings"], "embedding_dim": v["input_size"]}
        asked["packed"] = v["packed"]
        if v["head"] != "none":
            activation = None if v["activation"] == "none" else v["activation"]
            asked["head"] = {"reads": v["head"], "out_features": v["out_features"], "activation": activation}
            if v["loss"] != "none":
                asked["loss"] = {"kind": v["loss"], "target": {"random": {"seed": v["target_seed"]}}}
        if v["h0"] == "random":
            asked["state"] = {"random": {"seed": STATE_SEED}}
        elif v["h0"] == "ones":
            asked["state"] = self._ones()
        if v["interventions"]:
            asked["interventions"] = hands.parsed(v["interventions"])
        if v["task"] != "read":
            asked = decoding(asked, v["task"], v["decode_steps"], v["seed"])
        return TraceRequest.model_validate(asked)

    def _ones(self) -> dict[str, Any]:
        """h_0 and c_0 given number by number, so only small ones; raises Refusal."""
        v: dict[str, Any] = dict(self.values)
        rows, samples = v["num_layers"] * (1 + v["bidirectional"]), len(v["text"])
        if v["source"] == "random":
            samples = v["batch"]
        hidden = v["hidden_size"]
        widths = {"h_0": (v["proj_size"] or hidden) if v["cell"] == "lstm" else hidden}
        if v["cell"] == "lstm":
            widths["c_0"] = hidden
        count = rows * samples * sum(widths.values())
        if count > MOST_GIVEN:
            say = Say("problem.given_state_large", {"got": count, "expected": MOST_GIVEN})
            raise Refusal("over-limit", say, field="state", got=count, expected=MOST_GIVEN)
        return {name: [[[1.0] * width] * samples] * rows for name, width in widths.items()}

    def query(self) -> str:
        """The shortest query that reads back as this state."""
        base = _example_values(self.example) if self.example else {key.name: key.default for key in KEYS}
        pairs: list[tuple[str, str]] = [("example", self.example)] if self.example else []
        for key in KEYS:
            value = self.values[key.name]
            if value == base[key.name] or (key.name == "row" and value == f"l{_size(self, 'num_layers') - 1}"):
                continue
            if isinstance(value, list):
                pairs += [(key.name, each) for each in value]
            else:
                pairs.append((key.name, key.write(value)))
        return urlencode(pairs)


def _example_values(key: str) -> dict[str, Value]:
    """An example's request as flat values."""
    found = values_of(TraceRequest.model_validate(BY_KEY[key].request))
    assert found is not None  # tests open every example
    return found


def state_of(request: TraceRequest) -> State | None:
    """The inverse of State.request(): the page's state for a request that runs; None when no state says the same."""
    values = values_of(request)
    if values is None:
        return None
    state, misread = read_state(parse_qsl(State(values).query(), keep_blank_values=True))
    if misread or settle(state.request()).request != settle(request).request:
        return None
    return state


def read_state(pairs: Iterable[tuple[str, str]], limits: Limits = LIMITS) -> tuple[State, list[Refusal]]:
    """The state that a query stands for, and what in it was not understood.

    What is not understood is replaced by the nearest thing that is.
    """
    found: list[Refusal] = []
    given: dict[str, list[str]] = {}
    for name, text in pairs:  # an address is short: the guard has bounded it
        given.setdefault(name, []).append(text)
    example = given.pop("example", [""])[-1]
    if example and not (example in BY_KEY and BY_KEY[example].available):
        ready = ", ".join(key for key, each in BY_KEY.items() if each.available)
        found.append(_not_understood("example", example, ready))
        example = ""
    values = _example_values(example) if example else {key.name: key.default for key in KEYS}
    base = dict(values)
    for name, texts in given.items():
        if name not in BY_NAME:
            found.append(_unknown(name))
        elif name == "text":
            values["text"] = _sentences(texts, limits, found)
            values["source"] = "text" if "source" not in given else values["source"]
        else:
            key, text = BY_NAME[name], texts[-1]
            value = key.read(text)
            if value is None:
                found.append(_not_understood(name, text, key.expected(limits)))
                value = key.nearest(text)
            values[name] = value
    same = all(values[key.name] == base[key.name] for key in KEYS if not key.view)
    return State(values, example if same else ""), found


def _sentences(texts: list[str], limits: Limits, found: list[Refusal]) -> list[str]:
    """The sentences of a link or a form; rows left empty are left out."""
    kept = [text for text in (plain(each).strip() for each in texts) if text]
    if len(kept) > limits.sentences:
        say = Say("problem.link_sentences", {"got": len(kept), "expected": limits.sentences})
        found.append(Refusal("over-limit", say, field="text", got=len(kept), expected=limits.sentences))
        kept = kept[: limits.sentences]
    for k, text in enumerate(kept):
        if len(text) > MOST_CHARACTERS:
            say = Say("problem.link_text_long", {"number": k + 1, "got": len(text), "expected": MOST_CHARACTERS})
            found.append(Refusal("over-limit", say, field="text", got=len(text), expected=MOST_CHARACTERS))
            kept[k] = text[:MOST_CHARACTERS]
    return kept


def _unknown(name: str) -> Refusal:
    say = Say("problem.link_unknown", {"name": name[:40]})
    return Refusal("invalid-value", say, field=name[:40], expected=", ".join(BY_NAME))


def _not_understood(name: str, text: str, expected: str) -> Refusal:
    say = Say("problem.link_value", {"name": name, "got": text[:40], "expected": expected})
    return Refusal("invalid-value", say, field=name, got=text[:40], expected=expected)


def runnable(state: State, limits: Limits) -> tuple[State, Plan, list[Refusal]]:
    """The nearest state that runs, its plan, and why it is not the one asked for."""
    found: list[Refusal] = []
    for _ in range(len(KEYS) + hands.MOST):
        try:
            planned = plan(state.request(), limits)
        except Refusal as refusal:
            found.append(refusal)
            state = _nearer(state, refusal, limits)
        else:
            state, shown = _in_view(state, planned)
            return state, planned, found + shown
    fallback = State()
    return fallback, plan(fallback.request(), limits), found


def _nearer(state: State, refusal: Refusal, limits: Limits) -> State:
    """One step towards a state that runs: the value at fault goes to what is allowed."""
    field = (refusal.field or "").removeprefix("state.encoder.")  # which reads what this state says
    name = _FIELDS.get(field)
    if field == "weights.upload":
        return state.with_(upload="", prefix="")
    if state.values["upload"] and field == "input.text":
        return state.with_(source="random")
    if name == "text" or field.startswith("input.text"):
        return state.with_(text=BY_NAME["text"].default)
    if field.startswith("interventions"):
        return state.with_(interventions=hands.without(str(state.values["interventions"]), field))
    if field == "input.first_day":
        return state.with_(first_day=BY_NAME["first_day"].default)
    if name == "h0":
        return state.with_(h0="zeros")
    if name == "proj_size":
        return state.with_(proj_size=min(_size(state, "proj_size"), _size(state, "hidden_size")) - 1)
    if name == "lengths" or field.startswith("lengths["):
        return _fitting_lengths(state, limits)
    if name is not None and isinstance(refusal.expected, int):
        return state.with_(**{name: refusal.expected})
    if name is not None and refusal.expected in BY_NAME[name].choices:
        return state.with_(**{name: refusal.expected})
    if (refusal.field or "").startswith("loss"):
        return state.with_(loss="none")
    if refusal.kind == "over-limit":  # memory or work: every size is allowed, all together are not
        return _largest_that_fits(state, limits)
    return State()


def _fitting_lengths(state: State, limits: Limits) -> State:
    """A length for every sample, within 1 … seq_len; without any, nothing can be packed."""
    samples, steps = _size(state, "batch"), _size(state, "seq_len")
    if not state.values["lengths"]:
        return state.with_(packed=False)
    if samples > limits.batch:  # too many to list; the batch comes down in the next step
        return state.with_(lengths="")
    kept = numbers_of(str(state.values["lengths"]))[:samples]
    fitted = [min(max(1, length), steps) for length in kept] + [steps] * (samples - len(kept))
    return state.with_(lengths=",".join(map(str, fitted)))


def _size(state: State, name: str) -> int:
    return int(str(state.values[name]))


def _largest_that_fits(state: State, limits: Limits) -> State:
    """The same state with the largest hidden_size that fits, else the largest input; with less of all, else."""
    names = ("hidden_size", "batch", "seq_len")
    for name in names:
        if size := _largest(state, name, limits):
            return _sized(state, name, size, limits)
    for name in names:  # none of them is enough by itself
        if size := _largest(state, name, limits):
            return _sized(state, name, size, limits)
        state = _sized(state, name, 1, limits)
    return State()


def _largest(state: State, name: str, limits: Limits) -> int:
    """The largest size under this name with which the state runs; 0 when there is none."""
    low, high = 0, _size(state, name)
    while high - low > 1:  # it lies in [low, high)
        middle = (low + high) // 2
        try:
            plan(_sized(state, name, middle, limits).request(), limits)
            low = middle
        except Refusal:
            high = middle
    return low


def _sized(state: State, name: str, size: int, limits: Limits) -> State:
    """The same state with one size changed, and what hangs on it."""
    state = state.with_(**{name: size})
    if name == "hidden_size":
        return state.with_(proj_size=min(_size(state, "proj_size"), size - 1))
    return _fitting_lengths(state, limits) if state.values["lengths"] else state


def _in_view(state: State, planned: Plan) -> tuple[State, list[Refusal]]:
    """The places the page looks at must exist in this run."""
    rows = [row.suffix for row in planned.rows]
    widest = max(planned.tensors[name].shape[-1] for name in ("input", "output"))
    allowed: dict[str, tuple[list[str] | int, Value]] = {
        "t": (planned.T, planned.T - 1),
        "n": (planned.N, planned.N - 1),
        "unit": (widest, widest - 1),
        "row": (rows, f"l{planned.L - 1}"),
        "tensor": (list(planned.tensors), "output"),
    }
    found: list[Refusal] = []
    changed: dict[str, Value] = {}
    for name, (places, otherwise) in allowed.items():
        value = state.values[name]
        known = value in places if isinstance(places, list) else isinstance(value, int) and value < places
        if known:
            continue
        changed[name] = otherwise
        if value != BY_NAME[name].default:
            expected = ", ".join(places[:12]) if isinstance(places, list) else f"0 … {places - 1}"
            found.append(_not_understood(name, str(value), expected))
    return state.with_(**changed) if changed else state, found

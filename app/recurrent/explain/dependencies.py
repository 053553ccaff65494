"""How each value is computed from which: one table, from the first token to the last number.

Every value is `apply(Σ terms)`, and every term is a product of factors. A factor names its source;
where that stands (layout, previous step, layer below) is worked out by `app.recurrent.explain.sources`.
Arrows, formulas, the inspector and its sentences are all read from this table.
"""

from dataclasses import dataclass

from app.recurrent.shapes import GATE_ORDER, Plan


@dataclass(frozen=True)
class Factor:
    """One number of a product: its symbol, which source it is read from, what is done to it first."""

    symbol: str
    source: str
    apply: str = "identity"  # see PREPARED


@dataclass(frozen=True)
class Term:
    """A product of factors. `over`: one product for each k the named source runs through."""

    role: str
    factors: tuple[Factor, ...]
    over: str = ""  # "", "features", "units", "classes", "steps", "samples"


@dataclass(frozen=True)
class Rule:
    """How one kind of value is made: the textbook line, and the same as terms to evaluate."""

    formula: str
    terms: tuple[Term, ...]
    apply: str = "identity"  # identity, sigmoid, tanh, relu, softmax, log_softmax, argmax, negative, square


def _copy(formula: str, source: str, symbol: str) -> Rule:
    """The same number in another place."""
    return Rule(formula, (Term("same", (Factor(symbol, source),)),))


def _given(formula: str) -> Rule:
    """Where the computation begins."""
    return Rule(formula, ())


def _sums(gate: str, symbol: str) -> tuple[Term, ...]:
    """W_i x + b_i + W_h h_prev + b_h of one gate; `symbol` is its letter in the names of the weights."""
    band = f":{gate}" if gate else ""
    return (
        Term("input", (Factor(f"W_i{symbol}", f"weight_ih{band}"), Factor("x", "x")), "features"),
        Term("input_bias", (Factor(f"b_i{symbol}", f"bias_ih{band}"),)),
        Term("state", (Factor(f"W_h{symbol}", f"weight_hh{band}"), Factor("h_prev", "all h_prev")), "units"),
        Term("state_bias", (Factor(f"b_h{symbol}", f"bias_hh{band}"),)),
    )


def _gate(gate: str, apply: str) -> Rule:
    sign = {"sigmoid": "σ", "tanh": "tanh"}[apply]
    return Rule(f"{gate} = {sign}(W_i{gate}·x + b_i{gate} + W_h{gate}·h_prev + b_h{gate})", _sums(gate, gate), apply)


def _reset_candidate() -> Rule:
    """n of a GRU: the reset gate multiplies all that comes from h_prev, b_hn included."""
    from_x, b_in, from_h, b_hn = _sums("n", "n")
    r = Factor("r", "r")
    reset = Term("state", (r, *from_h.factors), "units")
    return Rule(
        "n = tanh(W_in·x + b_in + r·(W_hn·h_prev + b_hn))",
        (from_x, b_in, reset, Term("state_bias", (r, *b_hn.factors))),
        "tanh",
    )


def _plain(apply: str) -> Rule:
    return Rule(f"h = {apply}(W_ih·x + b_ih + W_hh·h_prev + b_hh)", _sums("", "h"), apply)


def _activated(apply: str, formula: str) -> Rule:
    return Rule(formula, (Term("same", (Factor("logits", "input"),)),), apply)


def _picked(formula: str, symbol: str) -> Rule:
    """What was said of the class that the target names, its sign turned."""
    return Rule(formula, (Term("same", (Factor(symbol, "said"),)),), "negative")


# What may be done to a factor first, as it is written.
PREPARED = {
    "tanh": "tanh({})",
    "one_minus": "(1 − {})",
    "exp": "exp({})",  # of x less the largest, so that nothing overflows
    "negative": "(−{})",
    "ln": "ln({})",  # at least −100, as torch has it
    "ln_one_minus": "ln(1 − {})",
}
_CLASSES = (Term("class", (Factor("logits", "all logits", "exp"),), "classes"),)
_OLD = Factor("c_prev", "c_prev"), Factor("h_prev", "h_prev")

TABLE: dict[str, Rule] = {
    "tokens": _given("token = its row in the embedding table"),
    "input.given": _given("x = the given value"),
    "h_0.given": _given("h_0 = the given value"),
    "c_0.given": _given("c_0 = the given value"),
    "h_0.encoder": _copy("h_0 = the encoder's h_n", "encoder h_n", "h_n"),
    "c_0.encoder": _copy("c_0 = the encoder's c_n", "encoder c_n", "c_n"),
    "first": _given("first = the given vector"),
    "input.first": _copy("x = first: no word was chosen before", "first", "first"),
    "input.decoded": _copy("x = E[the word chosen one step before]", "table", "E"),
    "input.start": _copy("x = E[start]: no word was chosen before", "table", "E"),
    "decoded": Rule(
        "decoded = argmax_k logits[k]",
        (Term("class", (Factor("logits", "all logits"),), "classes"),),
        "argmax",
    ),
    "h_0.zero": _given("h_0 = 0"),
    "c_0.zero": _given("c_0 = 0"),
    "clamped": _given("clamped here"),  # evaluate.py says to what
    "padding": _given("0: beyond the end of this sequence, not computed"),
    "embedding": _copy("embedding = E[token]", "table", "E"),
    "input": _copy("x = embedding", "input", "embedding"),
    "packed": _copy("packed = the true steps of all samples, the longest sample first", "packed from", "x"),
    "batch_sizes": Rule("batch_sizes[t] = Σ_n [length[n] > t]", (Term("sample", (Factor("1", "longer"),), "samples"),)),
    "lstm.i": _gate("i", "sigmoid"),
    "lstm.f": _gate("f", "sigmoid"),
    "lstm.g": _gate("g", "tanh"),
    "lstm.o": _gate("o", "sigmoid"),
    "lstm.c": Rule(
        "c = f · c_prev + i · g",
        (Term("kept", (Factor("f", "f"), _OLD[0])), Term("written", (Factor("i", "i"), Factor("g", "g")))),
    ),
    "lstm.h": Rule("h = o · tanh(c)", (Term("shown", (Factor("o", "o"), Factor("c", "c", "tanh"))),)),
    "lstm.h.projected": Rule(
        "h = W_hr · (o · tanh(c))",
        (
            Term(
                "shown",
                (Factor("W_hr", "weight_hr"), Factor("o", "all o"), Factor("c", "all c", "tanh")),
                "units",
            ),
        ),
    ),
    "gru.r": _gate("r", "sigmoid"),
    "gru.z": _gate("z", "sigmoid"),
    "gru.n": _reset_candidate(),
    "gru.h": Rule(
        "h = (1 − z) · n + z · h_prev",
        (
            Term("written", (Factor("z", "z", "one_minus"), Factor("n", "n"))),
            Term("kept", (Factor("z", "z"), _OLD[1])),
        ),
    ),
    "rnn.h.tanh": _plain("tanh"),
    "rnn.h.relu": _plain("relu"),
    "dropout": _given("mask = 0 with probability p, else 1/(1 − p)"),
    "dropped": Rule(
        "dropped = h · mask", (Term("let_through", (Factor("h", "h behind"), Factor("mask", "mask of layer"))),)
    ),
    "output": _copy("output = h of the top layer", "top h", "h"),
    "h_n": _copy("h_n = h at the row's own last step", "last h", "h"),
    "c_n": _copy("c_n = c at the row's own last step", "last c", "c"),
    "flattened": _copy("flattened = output, laid out in rows", "input", "output"),
    "last_step": _copy("last_step = output at the last step", "input", "output"),
    "joined": _copy("joined = h_n of the top layer", "top h_n", "h_n"),
    "pooled": Rule(
        "pooled = Σ_t output[t] / length",
        (Term("step", (Factor("1/length", "1/length"), Factor("output", "all steps")), "steps"),),
    ),
    "logits": Rule(
        "logits = W·x + b",
        (
            Term("input", (Factor("W", "head weight"), Factor("x", "all input")), "features"),
            Term("input_bias", (Factor("b", "head bias"),)),
        ),
    ),
    "activated.sigmoid": _activated("sigmoid", "activated = σ(logits)"),
    "activated.relu": _activated("relu", "activated = max(0, logits)"),
    "activated.tanh": _activated("tanh", "activated = tanh(logits)"),
    "activated.softmax": Rule("activated[k] = exp(logits[k]) / Σ_j exp(logits[j])", _CLASSES, "softmax"),
    "activated.log_softmax": Rule("activated[k] = logits[k] − log Σ_j exp(logits[j])", _CLASSES, "log_softmax"),
    "reshaped": _copy("reshaped = the same numbers, folded back into steps", "input", "x"),
    "prediction": _copy("prediction = the head's last answer", "input", "x"),
    "target": _given("target = what the answer should have been"),
    "log_probs": Rule(
        "log_probs[k] = x[k] − log Σ_j exp(x[j])",
        (Term("class", (Factor("x", "all logits", "exp"),), "classes"),),
        "log_softmax",
    ),
    "losses.cross_entropy": _picked("losses = −log_probs[target]", "log_probs"),
    "losses.nll": _picked("losses = −x[target]", "x"),
    "losses.ignored": _given("losses = 0: this target is left out"),
    "losses.mse": Rule(
        "losses = (x − y)²",
        (Term("same", (Factor("x", "input"),)), Term("target", (Factor("y", "target", "negative"),))),
        "square",
    ),
    "losses.bce": Rule(
        "losses = −(y · ln(x) + (1 − y) · ln(1 − x))",
        (
            Term("same", (Factor("y", "target"), Factor("x", "input", "ln"))),
            Term("same", (Factor("y", "target", "one_minus"), Factor("x", "input", "ln_one_minus"))),
        ),
        "negative",
    ),
    "loss": Rule(
        "loss = Σ losses / count",
        (Term("sample", (Factor("1/count", "1/count"), Factor("losses", "all losses")), "samples"),),
    ),
    "loss.empty": _given("loss = 0 / 0: every target is left out"),
}


def kind_of(plan: Plan, name: str, t: int) -> str:
    """The row of TABLE that makes the tensor `name` at step t, e.g. "lstm.h" for "l0_reverse.h"."""
    asked, quantity = plan.request, name.rpartition(".")[2]
    if "." in name:
        cell = asked.model.cell
        if cell == "rnn":
            return f"rnn.h.{asked.model.nonlinearity}"
        projected = quantity == "h" and asked.model.proj_size > 0
        return f"{cell}.{quantity}" + (".projected" if projected else "")
    if name == "input" and asked.input.decode is not None:
        before = "start" if asked.input.decode.first is None else "first"
        return f"input.{'decoded' if t > 0 else before}"
    if name == "input" and asked.embedding is None:
        return "input.given"
    if name in ("h_0", "c_0"):
        state = asked.state
        if plan.encoder is not None:
            return f"{name}.encoder"
        given = state is not None and (state.random is not None or getattr(state, name) is not None)
        given = given or any(each.state and getattr(each.state, name) for each in asked.interventions or [])
        return f"{name}.given" if given else f"{name}.zero"
    if name.startswith(("dropout_l", "dropped_l")):
        return name.partition("_")[0]
    if name == "activated":
        assert asked.head is not None and asked.head.activation is not None
        return f"activated.{asked.head.activation}"
    if name == "losses":
        assert asked.loss is not None
        return f"losses.{asked.loss.kind}"
    return name


def band(plan: Plan, gate: str) -> int:
    """The first row of a gate's block in the stacked weights; 0 for an RNN, which has one block."""
    return GATE_ORDER[plan.request.model.cell].index(gate) * plan.H if gate else 0

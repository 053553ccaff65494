"""Shared by the core's tests: generated requests, and the plain PyTorch a person would write for them."""

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from app.recurrent.shapes import Plan, plan
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace, run

MODULES: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
SENTENCES = ["the film was not good", "i loved it", "not bad, not bad at all!", "这部电影不好看", "It's well-made"]


def traced(**asked: Any) -> Trace:
    """The trace of a request given as plain data."""
    return run(planned(**asked))


def planned(**asked: Any) -> Plan:
    """The plan of a request given as plain data."""
    return plan(TraceRequest.model_validate(asked))


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Any request of the surface: three cells, depth, directions, layouts, inputs, states, heads."""
    cell = draw(st.sampled_from(["lstm", "gru", "rnn"]))
    model: dict[str, Any] = {
        "cell": cell,
        "input_size": draw(st.integers(1, 9)),
        "hidden_size": draw(st.integers(1, 9)),
        "num_layers": draw(st.one_of(st.integers(1, 3), st.just(8))),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    if cell == "rnn":
        model["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    asked: dict[str, Any] = {"model": model, "weights": {"seed": draw(st.integers(0, 2**53 - 1))}}
    N, T, F = draw(st.integers(1, 5)), draw(st.integers(1, 7)), model["input_size"]
    kind = draw(st.sampled_from(["text", "random", "random tokens", "tokens", "values"]))
    rows, columns = (N, T) if model["batch_first"] else (T, N)
    if kind == "text":
        asked["input"] = {"text": draw(st.lists(st.sampled_from(SENTENCES), min_size=N, max_size=N))}
    elif kind.startswith("random"):
        asked["input"] = {"random": {"batch": N, "seq_len": T, "seed": draw(st.integers(0, 9999))}}
    elif kind == "tokens":
        token = st.integers(0, 10)
        row = st.lists(token, min_size=columns, max_size=columns)
        asked["input"] = {"tokens": draw(st.lists(row, min_size=rows, max_size=rows))}
    else:
        seed = draw(st.integers(0, 9999))
        generator = torch.Generator().manual_seed(seed)
        asked["input"] = {"values": torch.randn(rows, columns, F, generator=generator).tolist()}
    if kind in ("tokens", "random tokens"):
        asked["embedding"] = {
            "num_embeddings": 11,
            "embedding_dim": F,
            "padding_idx": draw(st.sampled_from([None, 0, -2])),
        }
    if draw(st.booleans()):
        asked["state"] = {"random": {"seed": draw(st.integers(0, 9999))}}
    if draw(st.booleans()):
        asked["head"] = {
            "reads": draw(st.sampled_from(["every_step", "last_step", "h_n"])),
            "out_features": draw(st.integers(1, 4)),
            "activation": draw(st.sampled_from([None, "sigmoid", "softmax", "log_softmax", "relu", "tanh"])),
        }
    return asked


def plain(trace: Trace) -> dict[str, Tensor]:
    """What plain code gives for the same request: seeded modules, made in the usual order, then called.

    Only what enters (token ids, values, first states) is taken from the trace.
    """
    asked = trace.plan.request
    model, entering = asked.model, trace.done.tensors
    torch.manual_seed(asked.weights.seed or 0)
    embedding = None
    if asked.embedding is not None:
        embedding = nn.Embedding(
            asked.embedding.num_embeddings or 0,
            asked.embedding.embedding_dim or 0,
            padding_idx=asked.embedding.padding_idx,
        )
    options = {"nonlinearity": model.nonlinearity} if model.cell == "rnn" else {}
    rnn = MODULES[model.cell](
        model.input_size,
        model.hidden_size,
        model.num_layers,
        bias=model.bias,
        batch_first=model.batch_first,
        bidirectional=model.bidirectional,
        **options,
    )
    width = model.hidden_size * (2 if model.bidirectional else 1)
    linear = nn.Linear(width, asked.head.out_features) if asked.head else None
    found: dict[str, Tensor] = {}
    with torch.no_grad():
        x = embedding(entering["tokens"]) if embedding is not None else entering["input"]
        found["input"] = x
        if model.cell == "lstm":
            found["output"], (found["h_n"], found["c_n"]) = rnn(x, (entering["h_0"], entering["c_0"]))
        else:
            found["output"], found["h_n"] = rnn(x, entering["h_0"])
        if asked.head is not None and linear is not None:
            found["prediction"] = _head(asked, linear, found)
    found |= {f"rnn.{name}": value.detach() for name, value in rnn.named_parameters()}
    return found


def _head(asked: TraceRequest, linear: nn.Linear, found: dict[str, Tensor]) -> Tensor:
    assert asked.head is not None
    output, h_n = found["output"], found["h_n"]
    last = output[:, -1] if asked.model.batch_first else output[-1]
    if asked.head.reads == "h_n":
        last = torch.cat([h_n[-2], h_n[-1]], 1) if asked.model.bidirectional else h_n[-1]
    # a linear layer over every step and the last of its answers, or over the last step: the same numbers
    logits = linear(last)
    name = asked.head.activation
    answer: Tensor
    if name in ("softmax", "log_softmax"):
        answer = getattr(torch, name)(logits, dim=-1)
    else:
        answer = getattr(torch, name)(logits) if name else logits
    squeezed = asked.head.out_features == 1 and (asked.head.reads != "every_step" or asked.model.batch_first)
    return answer.squeeze(-1) if squeezed else answer


def stepwise(trace: Trace) -> dict[str, Tensor]:
    """Every cell's insides by a plain loop over time, one equation a line; axes N, T, H."""
    model, done = trace.plan.request.model, trace.done
    reads = trace.done.h_top()  # only its sizes are used
    T, N, H = reads.shape[0], reads.shape[1], model.hidden_size
    weights = {name.removeprefix("rnn."): value for name, value in done.modules.named().items()}
    x = done.tensors["input"]
    x = x.transpose(0, 1) if model.batch_first else x  # (T, N, F)
    found: dict[str, Tensor] = {}
    for layer in range(model.num_layers):
        outputs = []
        for k, suffix in enumerate([f"l{layer}", f"l{layer}_reverse"][: 2 if model.bidirectional else 1]):
            row = layer * (2 if model.bidirectional else 1) + k
            W_ih, W_hh = weights[f"weight_ih_{suffix}"], weights[f"weight_hh_{suffix}"]
            zeros = torch.zeros(W_ih.shape[0])
            b_ih, b_hh = weights.get(f"bias_ih_{suffix}", zeros), weights.get(f"bias_hh_{suffix}", zeros)
            h = done.tensors["h_0"][row]
            c = done.tensors["c_0"][row] if model.cell == "lstm" else torch.zeros(N, H)
            kept: dict[str, list[Tensor]] = {}
            for t in range(T) if k == 0 else reversed(range(T)):
                from_x, from_h = x[t] @ W_ih.T + b_ih, h @ W_hh.T + b_hh
                now: dict[str, Tensor] = {}
                if model.cell == "lstm":
                    i, f, g, o = (from_x + from_h).chunk(4, dim=1)
                    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
                    c = f * c + i * g
                    h = o * c.tanh()
                    now = {"i": i, "f": f, "g": g, "o": o, "c": c}
                elif model.cell == "gru":
                    (x_r, x_z, x_n), (h_r, h_z, h_n) = from_x.chunk(3, dim=1), from_h.chunk(3, dim=1)
                    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
                    n = (x_n + r * h_n).tanh()
                    h = (1 - z) * n + z * h
                    now = {"r": r, "z": z, "n": n}
                else:
                    h = (from_x + from_h).relu() if model.nonlinearity == "relu" else (from_x + from_h).tanh()
                for name, value in (now | {"h": h}).items():
                    kept.setdefault(name, []).append(value)
            for name, values in kept.items():
                stacked = torch.stack(values if k == 0 else values[::-1])  # (T, N, H)
                found[f"{suffix}.{name}"] = stacked.transpose(0, 1)
            outputs.append(found[f"{suffix}.h"].transpose(0, 1))
        x = torch.cat(outputs, dim=2)
    return found

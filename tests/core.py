"""Shared by the core's tests: generated requests, and the plain PyTorch a person would write for them."""

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.corpora.tokens import tokenize
from app.recurrent.shapes import Plan, plan
from app.recurrent.spec import ModelSpec, TraceRequest
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
        "num_layers": draw(st.sampled_from([1, 1, 2, 2, 2, 3, 3, 8])),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    if cell == "rnn":
        model["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if cell == "lstm" and model["hidden_size"] > 1 and draw(st.booleans()):
        model["proj_size"] = draw(st.integers(1, model["hidden_size"] - 1))
    if model["num_layers"] > 1 and draw(st.booleans()):
        model["dropout"] = draw(st.sampled_from([0.1, 0.5, 0.9, 1.0]))
    asked: dict[str, Any] = {"model": model, "weights": {"seed": draw(st.integers(0, 2**53 - 1))}}
    if "dropout" in model:
        asked["mode"] = draw(st.sampled_from(["eval", "train"]))
    N, T, F = draw(st.integers(1, 5)), draw(st.integers(1, 7)), model["input_size"]
    kind = draw(st.sampled_from(["text", "random", "random tokens", "tokens", "values"]))
    rows, columns = (N, T) if model["batch_first"] else (T, N)
    batched = kind not in ("tokens", "values") or draw(st.integers(0, 4)) > 0
    if kind == "text":
        asked["input"] = {"text": draw(st.lists(st.sampled_from(SENTENCES), min_size=N, max_size=N))}
    elif kind.startswith("random"):
        asked["input"] = {"random": {"batch": N, "seq_len": T, "seed": draw(st.integers(0, 9999))}}
    elif kind == "tokens":
        row = st.lists(st.integers(0, 10), min_size=columns if batched else T, max_size=columns if batched else T)
        asked["input"] = {"tokens": draw(st.lists(row, min_size=rows, max_size=rows) if batched else row)}
    else:
        generator = torch.Generator().manual_seed(draw(st.integers(0, 9999)))
        shape = (rows, columns, F) if batched else (T, F)
        asked["input"] = {"values": torch.randn(shape, generator=generator).tolist()}
    if batched and kind != "text" and draw(st.booleans()):
        asked["lengths"] = draw(st.lists(st.integers(1, T), min_size=N, max_size=N))
    if kind == "text" or "lengths" in asked:
        asked["packed"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        asked["dtype"] = "float64"
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
            "reads": draw(st.sampled_from(["every_step", "last_step", "h_n", "mean"])),
            "out_features": draw(st.integers(1, 4)),
            "activation": draw(st.sampled_from([None, "sigmoid", "softmax", "log_softmax", "relu", "tanh"])),
        }
        if draw(st.integers(0, 2)):
            asked["loss"] = draw(losses(asked["head"], None if kind == "text" else (N, T), batched, model))
    return asked


@st.composite
def losses(
    draw: st.DrawFn, head: dict[str, Any], sizes: tuple[int, int] | None, batched: bool, model: dict[str, Any]
) -> dict[str, Any]:
    """Any loss that this head allows; the target drawn by a seed or written down (`sizes` known)."""
    out = head["out_features"]
    kinds = ["bce"] * 2 if head["activation"] in ("sigmoid", "softmax") else []
    kinds += ["cross_entropy", "nll", "mse"]
    kind = draw(st.sampled_from(kinds))
    if sizes is None or draw(st.booleans()):
        return {"kind": kind, "target": {"random": {"seed": draw(st.integers(0, 9999))}}}
    N, T = sizes
    classes = kind in ("cross_entropy", "nll")
    batch = [N] if batched else []
    shape = batch if classes or (out == 1 and batched) else [*batch, out]
    if head["reads"] == "every_step":
        steps = [T] if not batched else [N, T] if model["batch_first"] else [T, N]
        shape = steps if classes or out == 1 else [*steps, out]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 9999)))
    target = torch.randn(shape, generator=generator)
    if classes:
        left_out = torch.rand(shape, generator=generator) < draw(st.sampled_from([1.0, 0.3, 0.0]))
        target = torch.randint(out, shape, generator=generator).masked_fill(left_out, -100)
    elif kind == "bce":
        target = torch.rand(shape, generator=generator)
    return {"kind": kind, "target": target.tolist()}


def true_lengths(trace: Trace) -> list[int]:
    """How many steps of each sample are real, told by the request alone."""
    asked = trace.plan.request
    if asked.lengths is not None:
        return list(asked.lengths)
    if asked.input.text is not None:
        return [len(tokenize(sentence)) for sentence in asked.input.text]
    return [trace.plan.T] * trace.plan.N


def module(model: ModelSpec, dtype: torch.dtype, **changed: Any) -> Any:
    """The plain recurrent module of a settled model, made as a person would."""
    options: dict[str, Any] = {"nonlinearity": model.nonlinearity} if model.cell == "rnn" else {}
    if model.cell == "lstm":
        options["proj_size"] = model.proj_size
    options |= {"bias": model.bias, "batch_first": model.batch_first, "bidirectional": model.bidirectional}
    sizes = (model.input_size, model.hidden_size, model.num_layers)
    return MODULES[model.cell](*sizes, dtype=dtype, **(options | changed))


def seeded(trace: Trace) -> tuple[nn.Embedding | None, Any, nn.Linear | None]:
    """The modules of plain code, seeded and made in the usual order, in the request's mode.

    torch's global generator is left where a call finds it, which is what dropout draws from.
    """
    asked = trace.plan.request
    model = asked.model
    dtype = getattr(torch, asked.dtype)
    torch.manual_seed(asked.weights.seed or 0)
    embedding = None
    if asked.embedding is not None:
        embedding = nn.Embedding(
            asked.embedding.num_embeddings or 0,
            asked.embedding.embedding_dim or 0,
            padding_idx=asked.embedding.padding_idx,
            dtype=dtype,
        )
    rnn = module(model, dtype, dropout=model.dropout)
    rnn.train(asked.mode == "train")
    width = (model.proj_size or model.hidden_size) * (2 if model.bidirectional else 1)
    linear = nn.Linear(width, asked.head.out_features, dtype=dtype) if asked.head else None
    return embedding, rnn, linear


def plain(trace: Trace) -> dict[str, Tensor]:
    """What plain code gives for the same request: seeded modules, then called.

    Only what enters (token ids, values, first states) is taken from the trace.
    """
    asked = trace.plan.request
    model, entering = asked.model, trace.done.tensors
    embedding, rnn, linear = seeded(trace)
    found: dict[str, Tensor] = {}
    with torch.no_grad():
        x: Any = embedding(entering["tokens"]) if embedding is not None else entering["input"]
        found["input"] = x
        first = entering["h_0"] if model.cell != "lstm" else (entering["h_0"], entering["c_0"])
        if asked.packed:
            lengths = torch.tensor(true_lengths(trace))
            x = pack_padded_sequence(x, lengths, batch_first=model.batch_first, enforce_sorted=False)
            found["packed"], found["batch_sizes"] = x.data, x.batch_sizes
        output, ends = rnn(x, first)
        if asked.packed:
            output, _ = pad_packed_sequence(output, batch_first=model.batch_first, total_length=trace.plan.T)
        found["output"] = output
        if model.cell == "lstm":
            found["h_n"], found["c_n"] = ends
        else:
            found["h_n"] = ends
        if linear is not None:
            found["prediction"] = _head(trace, linear, found)
        if asked.loss is not None and linear is not None:
            found["loss"] = _loss(trace, linear, found)
    found |= {f"rnn.{name}": value.detach() for name, value in rnn.named_parameters()}
    return found


def _head(trace: Trace, linear: nn.Linear, found: dict[str, Tensor]) -> Tensor:
    """The prediction, computed sample by sample, without the stages of our own head."""
    asked = trace.plan.request
    assert asked.head is not None
    output, h_n = found["output"], found["h_n"]
    batched = h_n.dim() == 3
    if not batched:
        output, h_n = output.unsqueeze(1), h_n.unsqueeze(1)
    elif asked.model.batch_first:
        output = output.transpose(0, 1)
    vectors = []
    for n, length in enumerate(true_lengths(trace)):
        if asked.head.reads == "h_n":
            vectors.append(torch.cat([h_n[-2, n], h_n[-1, n]]) if asked.model.bidirectional else h_n[-1, n])
        elif asked.head.reads == "mean":
            vectors.append(output[:length, n].mean(0))
        else:  # a linear layer over every step and the last of its answers, or over the last step alone
            vectors.append(output[-1, n])
    logits = linear(torch.stack(vectors))
    name = asked.head.activation
    answer: Tensor
    if name in ("softmax", "log_softmax"):
        answer = getattr(torch, name)(logits, dim=-1)
    else:
        answer = getattr(torch, name)(logits) if name else logits
    if not batched:
        return answer[0]
    squeezed = asked.head.out_features == 1 and (asked.head.reads != "every_step" or asked.model.batch_first)
    return answer.squeeze(-1) if squeezed else answer


def masks(trace: Trace) -> list[Tensor]:
    """The dropout masks of plain code, (N, T, ·) per layer but the last: torch.dropout of ones after the seed.

    A packed run draws for the packed steps; beyond a sample's end there are zeros.
    """
    plan, model = trace.plan, trace.plan.request.model
    if plan.request.mode != "train" or not model.dropout:
        return []
    _, rnn, _ = seeded(trace)
    width = (model.proj_size or model.hidden_size) * (2 if model.bidirectional else 1)
    ones = torch.ones(plan.T, plan.N, width, dtype=getattr(torch, plan.request.dtype))
    found = []
    for _ in range(model.num_layers - 1):
        if not plan.request.packed:
            found.append(torch.dropout(ones, model.dropout, train=True).transpose(0, 1))
            continue
        packed = pack_padded_sequence(ones, torch.tensor(true_lengths(trace)), enforce_sorted=False)
        packed = packed._replace(data=torch.dropout(packed.data, rnn.dropout, train=True))
        found.append(pad_packed_sequence(packed, batch_first=True, total_length=plan.T)[0])
    return found


def _loss(trace: Trace, linear: nn.Linear, found: dict[str, Tensor]) -> Tensor:
    """The loss by one call of torch on the head's answers as they are laid out, never flattened."""
    asked = trace.plan.request
    assert asked.head is not None and asked.loss is not None
    kind, out, name = asked.loss.kind, asked.head.out_features, asked.head.activation
    every = asked.head.reads == "every_step"
    classes, batched = kind in ("cross_entropy", "nll"), found["h_n"].dim() == 3
    x = found["prediction"]
    if every:
        x = linear(found["output"])  # (N, T, out), (T, N, out) or (T, out)
        if name:
            x = getattr(torch, name)(x, **({"dim": -1} if "softmax" in name else {}))
    elif out == 1 and batched and classes:
        x = x.unsqueeze(-1)
    target = target_of(trace, list(x.shape[:-1] if classes else x.shape))
    if classes and x.dim() == 3:
        x = x.movedim(-1, 1)  # torch wants the classes on axis 1
    calls = {"cross_entropy": "cross_entropy", "nll": "nll_loss", "bce": "binary_cross_entropy", "mse": "mse_loss"}
    answer: Tensor = getattr(nn.functional, calls[kind])(x, target)
    return answer


def target_of(trace: Trace, shape: list[int]) -> Tensor:
    """The target in this shape: as it was given, or drawn with the batch first and cut at each sample's end."""
    asked = trace.plan.request
    assert asked.loss is not None and asked.head is not None
    given, kind, dtype = asked.loss.target, asked.loss.kind, getattr(torch, asked.dtype)
    classes = kind in ("cross_entropy", "nll")
    if not hasattr(given, "random"):
        return torch.tensor(given, dtype=torch.long if classes else dtype).view(shape)
    torch.manual_seed(given.random.seed)
    every = asked.head.reads == "every_step"
    turned = every and trace.plan.batched and not asked.model.batch_first
    sizes = [shape[1], shape[0], *shape[2:]] if turned else shape
    if kind == "mse":
        target = torch.randn(sizes, dtype=dtype)
    else:
        target = torch.randint(asked.head.out_features if classes else 2, sizes)
    if classes and every and (asked.lengths is not None or asked.input.text is not None):
        for n, length in enumerate(true_lengths(trace)):
            target[n, length:] = -100
    target = target if classes else target.to(dtype)
    return target.transpose(0, 1) if turned else target

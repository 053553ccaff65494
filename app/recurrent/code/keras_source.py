"""The same run as Keras source, its layers holding PyTorch's weights; or the reason why Keras can't."""

from app.recurrent.code.loss_source import keras_loss
from app.recurrent.code.torch_source import Parts, joined, shared
from app.recurrent.dropout import drops
from app.recurrent.errors import Say
from app.recurrent.shapes import Plan

LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def reason(plan: Plan) -> Say | None:
    """Why Keras has no layer for this run; None when it has."""
    model = plan.request.model
    if plan.encoder is not None or plan.request.input.decode is not None:
        return Say("code.keras.decode")
    if plan.request.clamps:
        return Say("code.keras.clamp")
    if model.proj_size:
        return Say("code.keras.proj_size")
    if drops(plan.request):
        return Say("code.keras.dropout")
    head, loss = plan.request.head, plan.request.loss
    if loss is not None and loss.kind == "nll" and head is not None and head.activation != "log_softmax":
        return Say("code.keras.loss")
    return None


def keras(plan: Plan) -> str:
    """Keras source for a plan that `reason` lets through.

    PyTorch makes the weights and the input, so that the numbers can be compared; the layers are
    Keras's own and run on whichever of its backends is set.
    """
    after = [*_into_layers(plan), *_output(plan), *keras_loss(plan)]
    parts = shared(plan, after)
    says = (
        f'"""PyTorch\'s nn.{plan.request.model.cell.upper()}({plan.F}, {plan.H}) with its weights, as Keras layers."""'
    )
    return joined(
        [says],
        _imports(parts, numpy=any("np." in line for line in (*_converter(plan), *after))),
        ["# PyTorch makes the weights and the input.", *parts.modules],
        parts.entering,
        ["", *_converter(plan), ""],
        _into_layers(plan),
        *_layers(plan),
        _states(plan),
        _output(plan),
        keras_loss(plan),
        _prints(plan),
    )


def _imports(parts: Parts, *, numpy: bool) -> list[str]:
    return [
        "import os",
        "",
        'os.environ.setdefault("KERAS_BACKEND", "torch")  # "tensorflow" and "jax" do as well',
        "",
        "import keras",
        *(["import numpy as np"] if numpy else []),
        *parts.imports,
    ]


def _converter(plan: Plan) -> list[str]:
    """A function of the source: one layer and direction's weights as Keras stores them."""
    cell, bias = plan.request.model.cell, plan.request.model.bias
    kinds = ["weight_ih", "weight_hh"] + (["bias_ih", "bias_hh"] if bias else [])
    names = ["W_ih", "W_hh"] + (["b_ih", "b_hh"] if bias else [])
    lines = [
        "def keras_weights(suffix):",
        f"    kinds = {tuple(kinds)}".replace("'", '"'),
        f"    {', '.join(names)} = (",
        f'        getattr({cell}, f"{{kind}}_{{suffix}}").detach().numpy() for kind in kinds',
        "    )",
    ]
    if cell == "gru":
        lines += [
            "",
            "    def reordered(rows):  # PyTorch stacks r, z, n; Keras z, r, h",
            "        r, z, n = np.split(rows, 3)",
            "        return np.concatenate([z, r, n])",
            "",
        ]
        held = ["reordered(W_ih).T", "reordered(W_hh).T"]
        if bias:
            lines.append("    # reset_after=True: r multiplies what the second bias is part of, so both stay")
            held.append("np.stack([reordered(b_ih), reordered(b_hh)])")
    else:
        held = ["W_ih.T", "W_hh.T"]
        if cell == "lstm":
            lines.append("    # PyTorch's order i, f, g, o is Keras's i, f, c, o")
        if bias:
            lines.append("    # Keras has one bias: the sum of PyTorch's two")
            held.append("b_ih + b_hh")
    lines.append(f"    return [{', '.join(held)}]")
    return lines


def _into_layers(plan: Plan) -> list[str]:
    """Lines that make `x` what the first layer reads, the batch always first."""
    asked = plan.request
    entering = "tokens" if asked.embedding is not None else "x"
    swapped = "" if asked.model.batch_first or not plan.batched else ".transpose(0, 1)"
    alone = "" if plan.batched else "[None]"
    axes = "(N, T)" if asked.embedding is not None else "(N, T, F)"
    lines = []
    if asked.dtype == "float64":
        lines = ['keras.config.set_floatx("float64")', 'keras.config.set_dtype_policy("float64")']
    lines += [f"x = {entering}{swapped}{alone}.numpy()  # {axes}: Keras always has the batch first"]
    if asked.embedding is not None:
        lines += [
            f"table = keras.layers.Embedding({asked.embedding.num_embeddings}, {asked.embedding.embedding_dim})",
            "table.build(x.shape)",
            "table.set_weights([embedding.weight.detach().numpy()])",
            "x = table(x)",
        ]
    if asked.has_state:
        names = ("h_0", "c_0") if asked.model.cell == "lstm" else ("h_0",)
        axis = "" if plan.batched else "[:, None]"
        lines += [f"{name} = {name}{axis}.numpy()" for name in names]
    if plan.packed is not None:
        lines.append("mask = np.arange(x.shape[1]) < lengths.numpy()[:, None]  # (N, T): the packed steps")
    return lines


def _layers(plan: Plan) -> list[list[str]]:
    return [_layer(plan, layer) for layer in range(plan.L)]


def reads_last_only(plan: Plan) -> bool:
    """Whether Keras's return_sequences=False gives all that the head reads."""
    head = plan.request.head
    if head is None or head.reads not in ("h_n", "last_step"):
        return False
    return head.reads == "h_n" or (plan.D == 1 and plan.packed is None)


def _layer(plan: Plan, layer: int) -> list[str]:
    model = plan.request.model
    rows = plan.rows[layer * plan.D : (layer + 1) * plan.D]
    top = layer == plan.L - 1
    options = [str(plan.H)]
    if model.cell == "rnn" and model.nonlinearity == "relu":
        options.append('activation="relu"')
    if not model.bias:
        options.append("use_bias=False")
    every = not (top and reads_last_only(plan))
    if every:
        options.append("return_sequences=True")
    options.append("return_state=True")
    if model.cell == "gru":
        options.append("reset_after=True")
    if plan.packed is not None and every:  # a last output is the last true one by itself
        options.append("zero_output_for_mask=True")
    made = f"keras.layers.{LAYERS[model.cell]}({', '.join(options)})"
    name = f"layer_{layer}"
    reads = plan.F if layer == 0 else plan.D * plan.H
    if plan.D == 2:
        made = f"keras.layers.Bidirectional({made})"
        fill = [
            f'{name}.forward_layer.set_weights(keras_weights("{rows[0].suffix}"))',
            f'{name}.backward_layer.set_weights(keras_weights("{rows[1].suffix}"))  # reads from the end',
        ]
    else:
        fill = [f'{name}.set_weights(keras_weights("{rows[0].suffix}"))']
    kinds = ("h", "c") if model.cell == "lstm" else ("h",)
    back = ", ".join(["x", *(f"{kind}_{row.suffix}" for row in rows for kind in kinds)])
    passed = ""
    if plan.request.has_state:
        held = ", ".join(f"{kind}_0[{row.index}]" for row in rows for kind in kinds)
        passed += f", initial_state=[{held}]"
    if plan.packed is not None:
        passed += ", mask=mask"
    return [f"{name} = {made}", f"{name}.build((None, None, {reads}))", *fill, f"{back} = {name}(x{passed})"]


def _states(plan: Plan) -> list[str]:
    """h_n and c_n with PyTorch's axes, from the states each layer returned."""
    kinds = ("h", "c") if plan.request.model.cell == "lstm" else ("h",)
    alone = "" if plan.batched else "[:, 0]"
    return [
        f"{kind}_n = keras.ops.stack([{', '.join(f'{kind}_{row.suffix}' for row in plan.rows)}]){alone}"
        for kind in kinds
    ]


def _output(plan: Plan) -> list[str]:
    """`output` where every step was returned, and the head."""
    asked, head = plan.request, plan.request.head
    lines = []
    if not reads_last_only(plan):
        if not plan.batched:
            lines.append("output = x[0]")
        elif asked.model.batch_first:
            lines.append("output = x")
        else:
            lines.append("output = keras.ops.transpose(x, (1, 0, 2))  # PyTorch's (T, N, ·)")
    if head is None:
        return lines
    activation = f', activation="{head.activation}"' if head.activation else ""
    lines += [
        f"dense = keras.layers.Dense({head.out_features}{activation})",
        f"dense.build((None, {plan.D * plan.H}))",
        "dense.set_weights([linear.weight.detach().numpy().T, linear.bias.detach().numpy()])",
    ]
    if reads_last_only(plan):
        lines.append("prediction = dense(x)  # x is the last state: return_sequences is False")
    elif head.reads == "h_n":
        lines.append("prediction = dense(keras.ops.concatenate([h_n[-2], h_n[-1]], axis=-1))")
    elif head.reads == "mean":
        lines += _mean(plan)
    elif head.reads == "every_step":
        lines.append("prediction = dense(x)[:, -1]  # of every step's answer the last")
    else:
        lines.append("prediction = dense(x[:, -1])")
    if not plan.batched:
        lines.append("prediction = prediction[0]")
    if len(plan.tensors["prediction"].shape) < (2 if plan.batched else 1):
        lines.append("prediction = prediction[..., 0]")
    return lines


def _mean(plan: Plan) -> list[str]:
    if plan.lengths is None:
        return ["prediction = dense(keras.ops.mean(x, axis=1))"]
    return [
        "counts = lengths.numpy()[:, None]",
        f'shares = ((np.arange(x.shape[1]) < counts) / counts).astype("{plan.request.dtype}")  # (N, T): 0 on padding',
        'pooled = keras.ops.einsum("nth,nt->nh", x, shares)',
        "prediction = dense(pooled)",
    ]


def _prints(plan: Plan) -> list[str]:
    shown = [] if reads_last_only(plan) else ["output"]
    shown += ["h_n", "c_n"] if plan.request.model.cell == "lstm" else ["h_n"]
    shown += ["prediction"] if plan.request.head is not None else []
    shown += ["loss"] if plan.request.loss is not None else []
    return [f'print("{name}", tuple({name}.shape))' for name in shown]

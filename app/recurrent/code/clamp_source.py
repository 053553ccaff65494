"""A run with clamps as source: every row as a loop over its steps, in plain torch, the clamped values put in place."""

from app.recurrent.dropout import drops
from app.recurrent.shapes import GATE_ORDER, Plan
from app.recurrent.spec import Clamp

_LSTM = [
    'i = clamped(row, "i", t, torch.sigmoid(i))',
    'f = clamped(row, "f", t, torch.sigmoid(f))',
    'g = clamped(row, "g", t, torch.tanh(g))',
    'o = clamped(row, "o", t, torch.sigmoid(o))',
    'new_c = clamped(row, "c", t, f * c + i * g)',
]
_GRU = [
    'r = clamped(row, "r", t, torch.sigmoid(x_r + h_r))',
    'z = clamped(row, "z", t, torch.sigmoid(x_z + h_z))',
    'n = clamped(row, "n", t, torch.tanh(x_n + r * h_n))',
    'new_h = clamped(row, "h", t, (1 - z) * n + z * h)',
]


def clamped_rows(plan: Plan) -> list[str]:
    """Lines that make `output`, `h_n` and `c_n` from `x`, one step of one row after the other."""
    lines = ["clamps = [  # row, quantity, value, samples, units, first step, stop"]
    lines += [f"    {_clamp(plan, clamp)}," for clamp in plan.request.clamps]
    lines += ["]", "", "", *_CLAMPED, "", "", *_row(plan), "", ""]
    lines += [*_enter(plan), "with torch.no_grad():", *("    " + line for line in _layers(plan)), *_leave(plan)]
    return lines


def _clamp(plan: Plan, clamp: Clamp) -> str:
    samples = "slice(None)"
    if clamp.samples is not None:  # a column, so that it goes along with every unit
        samples = str(clamp.samples if clamp.units is None else [[sample] for sample in clamp.samples])
    units = "slice(None)" if clamp.units is None else str(clamp.units)
    stop = plan.T if clamp.to is None else clamp.to
    return f'("{clamp.row}", "{clamp.quantity}", {clamp.value!r}, {samples}, {units}, {clamp.from_}, {stop})'


_CLAMPED = [
    "def clamped(row, quantity, t, value):  # (N, H), with what is clamped at step t put in place",
    "    for its_row, its_quantity, held, samples, units, first, stop in clamps:",
    "        if (its_row, its_quantity) == (row, quantity) and first <= t < stop:",
    "            value = value.clone()",
    "            value[samples, units] = held",
    "    return value",
]


def _row(plan: Plan) -> list[str]:
    """The function that runs one row, and where `lengths` end it."""
    model, cell = plan.request.model, plan.request.model.cell
    both = cell == "lstm"
    lines = [
        f"def run(row, x, h{', c' if both else ''}):  # x (T, N, ·): one layer in one direction, step by step",
        f'    W_ih, W_hh = getattr({cell}, f"weight_ih_{{row}}"), getattr({cell}, f"weight_hh_{{row}}")',
    ]
    b_ih, b_hh = "", ""
    if model.bias:
        lines.append(f'    b_ih, b_hh = getattr({cell}, f"bias_ih_{{row}}"), getattr({cell}, f"bias_hh_{{row}}")')
        b_ih, b_hh = " + b_ih", " + b_hh"
    lines.append(f"    every = torch.zeros({plan.T}, {plan.N}, {plan.P})")
    steps = f"range({plan.T})"
    if plan.D == 2:
        lines.append(f'    steps = reversed(range({plan.T})) if row.endswith("_reverse") else range({plan.T})')
        steps = "steps"
    lines += [f"    for t in {steps}:", *("        " + line for line in _step(plan, b_ih, b_hh))]
    if plan.packed is not None:
        lines.append("        runs = (t < lengths)[:, None]  # beyond its end a sample keeps its state")
        lines.append("        h = torch.where(runs, new_h, h)")
        lines += ["        c = torch.where(runs, new_c, c)"] if both else []
        lines.append("        every[t] = torch.where(runs, h, 0.0)")
    else:
        lines += [f"        h{', c' if both else ''} = new_h{', new_c' if both else ''}", "        every[t] = h"]
    lines.append(f"    return every, h{', c' if both else ''}")
    return lines


def _step(plan: Plan, b_ih: str, b_hh: str) -> list[str]:
    model = plan.request.model
    from_x, from_h = f"x[t] @ W_ih.T{b_ih}", f"h @ W_hh.T{b_hh}"
    if model.cell == "rnn":
        return [f'new_h = clamped(row, "h", t, torch.{model.nonlinearity}({from_x} + {from_h}))']
    if model.cell == "gru":
        return [
            f"x_r, x_z, x_n = ({from_x}).chunk(3, dim=1)",
            f"h_r, h_z, h_n = ({from_h}).chunk(3, dim=1)",
            *_GRU,
        ]
    shown = "o * torch.tanh(new_c)"
    if model.proj_size:
        shown = f'({shown}) @ getattr(lstm, f"weight_hr_{{row}}").T'
    names = ", ".join(GATE_ORDER["lstm"])
    return [f"{names} = ({from_x} + {from_h}).chunk(4, dim=1)", *_LSTM, f'new_h = clamped(row, "h", t, {shown})']


def _enter(plan: Plan) -> list[str]:
    """`x` with time first and a batch, and first states with a batch."""
    states = {"h": plan.P, "c": plan.H} if plan.request.model.cell == "lstm" else {"h": plan.P}
    entering = "x" if plan.batched else "x[:, None]"
    lines = [f"x_layer = {entering}{'.transpose(0, 1)' if plan.request.model.batch_first and plan.batched else ''}"]
    for name, width in states.items():
        if not plan.request.has_state:
            lines.append(f"{name}_0 = torch.zeros({plan.L * plan.D}, {plan.N}, {width})")
    lines.append(f"{', '.join(f'{name}_ends' for name in states)} = {', '.join('[]' for _ in states)}")
    return lines


def _layers(plan: Plan) -> list[str]:
    both = plan.request.model.cell == "lstm"
    rows = ["l{layer}", "l{layer}_reverse"][: plan.D]
    index = "layer" if plan.D == 1 else "2 * layer + k"
    alone = "" if plan.batched or not plan.request.has_state else "[:, None]"
    first = ", ".join(f"{name}_0{alone}[{index}]" for name in ("hc" if both else "h"))
    lines = [f"for layer in range({plan.L}):", "    both = []"]
    names = ", ".join(f'f"{row}"' for row in rows)
    lines.append(f"    for k, row in enumerate([{names}]):")
    lines.append(f"        every, h{', c' if both else ''} = run(row, x_layer, {first})")
    lines += ["        both.append(every)", "        h_ends.append(h)"]
    lines += ["        c_ends.append(c)"] if both else []
    return [*lines, "    x_layer = torch.cat(both, dim=2)  # (T, N, ·): what the layer above reads", *_dropped(plan)]


def _dropped(plan: Plan) -> list[str]:
    """In train mode torch drops between the layers, of packed data where it is packed."""
    if not drops(plan.request):
        return []
    drawn = f"torch.dropout({{}}, {plan.request.model.dropout!r}, train=True)"
    lines = [f"    if layer < {plan.L - 1}:"]
    if plan.packed is None:
        return [*lines, f"        x_layer = {drawn.format('x_layer')}"]
    return [
        *lines,
        "        packed = pack_padded_sequence(x_layer, lengths, enforce_sorted=False)",
        f"        packed = packed._replace(data={drawn.format('packed.data')})",
        f"        x_layer, _ = pad_packed_sequence(packed, total_length={plan.T})",
    ]


def _leave(plan: Plan) -> list[str]:
    turned = "[:, 0]" if not plan.batched else ".transpose(0, 1)" if plan.request.model.batch_first else ""
    alone = "" if plan.batched else "[:, 0]"
    kinds = "hc" if plan.request.model.cell == "lstm" else "h"
    shape = ", ".join(map(str, plan.tensors["output"].shape))
    return [f"output = x_layer{turned}  # ({shape})", *(f"{k}_n = torch.stack({k}_ends){alone}" for k in kinds)]

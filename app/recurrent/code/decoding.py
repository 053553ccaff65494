"""Greedy decoding as source: the loop that chooses each word, then the same words as input for one call."""

from app.recurrent.code.literals import literal
from app.recurrent.shapes import Plan


def decoding(plan: Plan) -> list[str]:
    """Lines that leave `x`, what every step reads."""
    asked, decode = plan.request, plan.request.input.decode
    assert decode is not None  # only asked for a plan that decodes
    cell, alone = asked.model.cell, not plan.batched
    batch, time = ("" if alone else f"{plan.N}"), 1 if asked.model.batch_first and plan.batched else 0
    if isinstance(decode.first, list):
        lines = [f"x_t = torch.tensor({literal(decode.first)})"]
    elif decode.first is not None:
        size = f"{plan.F}" if alone else f"{batch}, {plan.F}"
        lines = [
            f"generator = torch.Generator().manual_seed({decode.first.seed})",
            f"x_t = torch.randn({size}, generator=generator)",
        ]
    else:
        start = f"torch.tensor({decode.start})" if alone else f"torch.full(({batch},), {decode.start})"
        lines = [f"x_t = embedding({start})"]
    states = ("(h_0, c_0)" if cell == "lstm" else "h_0") if asked.state is not None else "None"
    return [
        *lines,
        f"states = {states}",
        "read, chosen = [], []",
        f"for _ in range({plan.T}):  # greedy: each step reads the word that the step before chose",
        "    read.append(x_t)",
        f"    output, states = {cell}(x_t.unsqueeze({time}), states)",
        f"    chosen.append(linear(output.squeeze({time})).argmax(dim=-1))",
        "    x_t = embedding(chosen[-1])",
        "",
        "# every word is known now: one call over all of them gives the same",
        f"x = torch.stack(read, dim={time})",
    ]

"""A decoder's loop and its encoder in as few lines as run: what the page's code line shows of a task."""

from app.recurrent.shapes import Plan

SHOWN = 12  # lengths in a line


def encoder_lines(plan: Plan) -> list[str]:
    """The encoder's lines, from its tokens or its x to the h_0 and c_0 of the decoder; none without an encoder."""
    before = plan.encoder
    if before is None:
        return []
    code = {stage.name: stage.code for stage in before.stages}
    lines = [code[name] for name in ("embedding", "packed") if name in code]
    if before.text is not None:
        lengths = before.text.lengths
        more = ", …" if len(lengths) > SHOWN else ""
        lines.insert(1, f"lengths = [{', '.join(map(str, lengths[:SHOWN]))}{more}]")
    module = code["rnn"].split("\n")[0].partition(" = ")[2]
    reads = "packed" if before.packed is not None else "x"
    ends = {("lstm", "lstm"): "(h_0, c_0)", ("lstm", "gru"): "(h_0, _)", ("lstm", "rnn"): "(h_0, _)"}
    handed = ends.get((before.request.model.cell, plan.request.model.cell), "h_0")
    return [*lines, f"encoder = {module}", f"_, {handed} = encoder({reads})"]


def loop_lines(plan: Plan) -> list[str]:
    """Greedy decoding in two lines; they need `embedding`, the module, h_0, c_0 and `first`, and leave `words`."""
    asked, model, head = plan.request.input.decode, plan.request.model, plan.request.head
    if asked is None or head is None:
        return []
    time = (1 if model.batch_first else 0) if plan.batched else 0
    one = [plan.N, 1] if model.batch_first else [1, plan.N]
    if asked.first is not None:
        x = f"first.unsqueeze({time})"
    else:
        x = f"embedding(torch.full(({', '.join(map(str, one))}), {asked.start}))" if plan.batched else ""
        x = x or f"embedding(torch.tensor([{asked.start}]))"
    states = "(h_0, c_0)" if model.cell == "lstm" else "h_0"
    width = plan.P * plan.D
    return [
        f"x, state, head, words = {x}, {states}, nn.Linear({width}, {head.out_features}), []",
        f"for t in range({plan.T}): output, state = {model.cell}(x, state);"
        " words += [head(output).argmax(-1)]; x = embedding(words[-1])",
    ]

"""Generated requests in which a net chooses its own words, with and without an encoder before it."""

from typing import Any

from hypothesis import strategies as st


@st.composite
def decoders(draw: st.DrawFn) -> dict[str, Any]:
    """A net that chooses its own words: every cell, with and without an encoder, from a token or a vector."""
    cell = draw(st.sampled_from(["lstm", "gru", "rnn"]))
    F, H, V = draw(st.integers(1, 7)), draw(st.integers(2, 7)), draw(st.integers(1, 9))
    L, N = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    P = draw(st.integers(1, H - 1)) if cell == "lstm" and draw(st.booleans()) else 0
    model: dict[str, Any] = {"cell": cell, "input_size": F, "hidden_size": H, "num_layers": L, "proj_size": P}
    model |= {"bias": draw(st.booleans()), "batch_first": draw(st.booleans())}
    decode: dict[str, Any] = {"steps": draw(st.integers(1, 6)), "batch": N}
    if draw(st.booleans()):
        decode["first"] = {"seed": draw(st.integers(0, 99))}
    else:
        decode["start"] = draw(st.integers(0, V - 1))
    asked: dict[str, Any] = {
        "model": model,
        "head": {"reads": "every_step", "out_features": V, "activation": draw(st.sampled_from([None, "softmax"]))},
        "input": {"decode": decode},
        "weights": {"seed": draw(st.integers(0, 999))},
        "dtype": draw(st.sampled_from(["float32", "float64"])),
    }
    before = draw(st.sampled_from(["zeros", "random", "encoder", "encoder"]))
    if before == "random":
        asked["state"] = {"random": {"seed": draw(st.integers(0, 99))}}
    if before == "encoder":
        both = L % 2 == 0 and draw(st.booleans())  # L layers one way, or half of them both ways
        theirs = cell if cell == "lstm" else draw(st.sampled_from(["lstm", "gru", "rnn"]))
        if theirs != "lstm" and P:
            theirs = "lstm"
        encoder: dict[str, Any] = {
            "model": {
                "cell": theirs,
                "input_size": draw(st.integers(1, 5)),
                "hidden_size": H,
                "num_layers": L // 2 if both else L,
                "bidirectional": both,
                "proj_size": P,
                "batch_first": draw(st.booleans()),
            },
            "input": {"random": {"batch": N, "seq_len": draw(st.integers(1, 5))}},
            "weights": {"seed": draw(st.integers(0, 999))},
        }
        if draw(st.booleans()):
            steps = encoder["input"]["random"]["seq_len"]
            encoder["lengths"] = draw(st.lists(st.integers(1, steps), min_size=N, max_size=N))
            encoder["packed"] = True
        asked["state"] = {"encoder": encoder}
    return asked

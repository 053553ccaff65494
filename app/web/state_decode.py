"""The page's tasks beyond reading: one vector to many words, and an encoder with a decoder."""

from typing import Any

from app.recurrent.spec import TraceRequest

WORDS = 12  # among which a decoder chooses, where nothing else says


def decoding(asked: dict[str, Any], task: str, steps: int, seed: int) -> dict[str, Any]:
    """The request of a task out of the plain one: what is read there is what the encoder reads here.

    caption     the first step reads a seeded vector, every later one the word chosen before it
    translate   an encoder of the same sizes reads the input, and hands its last state to the decoder
    """
    head = {"activation": None, "out_features": WORDS} | (asked.get("head") or {}) | {"reads": "every_step"}
    given = asked["input"].get("random") or {"batch": 2, "seed": 0}
    if task == "caption":
        decode = {"steps": steps, "first": {"seed": given["seed"]}, "batch": given["batch"]}
        plain = {name: value for name, value in asked.items() if name not in ("embedding", "lengths", "packed")}
        return plain | {"head": head, "input": {"decode": decode}}
    encoder: dict[str, Any] = {
        name: asked[name] for name in ("model", "embedding", "input", "lengths", "packed") if name in asked
    }
    if "text" in asked["input"]:
        encoder["packed"] = True  # each sentence hands over what it had at its own end
    encoder["weights"] = {"seed": (seed + 1) % 2**53}
    return {
        "model": asked["model"],
        "head": head,
        "input": {"decode": {"steps": steps, "start": 0}},
        "state": {"encoder": encoder},
        "weights": asked["weights"],
        **{name: asked[name] for name in ("loss", "mode", "dtype", "interventions") if name in asked},
    }


def undecoded(asked: TraceRequest) -> tuple[TraceRequest, str, int]:
    """The plain request that `decoding` would make this one of, its task and its steps."""
    decode = asked.input.decode
    if decode is None:
        return asked, "read", 0
    encoder = asked.state.encoder if asked.state is not None else None
    changed: dict[str, Any] = {}
    if encoder is not None:
        changed |= {"state": None} | {name: getattr(encoder, name) for name in ("embedding", "input", "lengths")}
        changed["packed"] = encoder.packed and encoder.input.text is None
        task = "translate"
    else:
        seed = 0 if isinstance(decode.first, list) or decode.first is None else decode.first.seed
        random = {"random": {"batch": decode.batch or 1, "seq_len": 1, "seed": seed}}
        changed |= {"embedding": None, "input": type(asked.input).model_validate(random)}
        task = "caption"
    return asked.model_copy(update=changed), task, decode.steps

"""A trace request as the flat values of the page's address, where it has controls for what is asked."""

from app.recurrent.settle_trained import settle_trained
from app.recurrent.spec import DrawnTarget, TraceRequest
from app.web.hands import written
from app.web.keys import BY_NAME, KEYS, Value
from app.web.state_decode import undecoded


def values_of(asked: TraceRequest) -> dict[str, Value] | None:
    """A value for each of KEYS; None for an input that the page can't ask for.

    What the page has no control for is left out; state.state_of() finds out whether that changes the run.
    """
    found: dict[str, Value] = {key.name: key.default for key in KEYS}
    asked, found["task"], steps = undecoded(settle_trained(asked))
    found["decode_steps"] = steps or found["decode_steps"]
    model, embedding, head = asked.model.model_dump(), asked.embedding, asked.head
    found |= {name: value for name, value in model.items() if name in BY_NAME and value is not None}
    if embedding is not None and embedding.embedding_dim is not None:
        found["input_size"] = embedding.embedding_dim
    if asked.input.text is not None:
        found |= {"source": "text", "text": list(asked.input.text)}
    elif asked.input.dataset is not None:
        found |= {"source": "weather"}
        found |= {name: given for name in ("first_day", "days") if (given := getattr(asked.input, name)) is not None}
    elif asked.input.random is not None:
        random = asked.input.random
        found |= {"source": "random", "batch": random.batch, "seq_len": random.seq_len, "input_seed": random.seed}
        found["num_embeddings"] = (embedding.num_embeddings or 0) if embedding is not None else 0
        found["lengths"] = ",".join(map(str, asked.lengths or ()))
    else:
        return None
    found |= {"packed": asked.packed, "dtype": asked.dtype, "mode": asked.mode}
    if asked.loss is not None:
        found["loss"] = asked.loss.kind
        if isinstance(asked.loss.target, DrawnTarget):
            found["target_seed"] = asked.loss.target.random.seed
    found["head"] = head.reads if head is not None else "none"
    found["out_features"] = head.out_features if head is not None else 1
    found["activation"] = (head.activation or "none") if head is not None else "none"
    state = asked.state
    given = state is not None and (state.h_0 is not None or state.c_0 is not None)
    found["h0"] = "zeros" if state is None else "ones" if given else "random"
    found["interventions"] = written(asked.interventions)
    found["seed"], found["bundled"] = asked.weights.seed or 0, asked.weights.bundled or ""
    found["upload"], found["prefix"] = asked.weights.upload or "", asked.weights.prefix or ""
    return found

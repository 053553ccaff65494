"""What the page says about examples and tasks: which one runs, and lines of code that really decode those words."""

from typing import Any

import pytest
import torch
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.code.short import encoder_lines, loop_lines
from app.recurrent.examples import BY_KEY, EXAMPLES
from app.recurrent.settle import settle
from app.recurrent.source import embedding_code
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace
from app.web.offered import menu, shown
from app.web.state import State, state_of
from tests.core import traced
from tests.decoders import decoders
from tests.test_state import of

NAMES = {"torch": torch, "nn": nn, "pack_padded_sequence": pack_padded_sequence}


def typed(trace: Trace) -> torch.Tensor:
    """The words that the page's lines of code choose, typed in after one another."""
    plan = trace.plan
    model, embedding = plan.request.model, plan.request.embedding
    assert embedding is not None
    names: dict[str, Any] = {**NAMES, "h_0": trace.done.tensors["h_0"], "c_0": trace.done.tensors.get("c_0")}
    names["first"] = trace.done.tensors.get("first")
    lines = [f"torch.manual_seed({plan.request.weights.seed})", f"embedding = {embedding_code(embedding)}"]
    code = {stage.name: stage.code for stage in plan.stages}
    lines += [code["rnn"].split("\n")[0], *loop_lines(plan)]
    if trace.encoder is not None:
        before = trace.encoder
        for name in ("h_0", "c_0"):
            names.pop(name)  # only what the encoder hands over
        names |= {"x": before.done.tensors["input"], "tokens": before.done.tensors.get("tokens")}
        names["lengths"] = before.plan.packed
        lines = [f"torch.manual_seed({before.plan.request.weights.seed})", *encoder_lines(plan), *lines]
    torch.set_default_dtype(getattr(torch, plan.request.dtype))
    try:
        with torch.no_grad():
            exec("\n".join(lines), names)  # noqa: S102 - our own lines are what is tested
    finally:
        torch.set_default_dtype(torch.float32)
    words: torch.Tensor = torch.cat(names["words"], dim=1 if model.batch_first else 0)
    return words


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(decoders())
def test_the_lines_of_a_decoder_choose_its_words(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    assert typed(trace).equal(trace.done.tensors["decoded"])


def test_the_lines_of_the_encoder_read_its_sentences() -> None:
    trace = traced(**(BY_KEY["rnn-types"].request or {}))
    assert typed(trace).equal(trace.done.tensors["decoded"])
    assert "lengths = [5, 3]" in encoder_lines(trace.plan)


def test_every_variant_is_in_the_menu_under_its_own_name() -> None:
    for lang in ("en", "zh"):
        for offered, example in zip(menu(lang), EXAMPLES, strict=True):
            assert [each["key"] for each in offered["variants"]] == [each.key for each in example.variants]
            for each, variant in zip(offered["variants"], example.variants, strict=True):
                state = of(each["query"])
                assert settle(state.request()).request == settle(TraceRequest.model_validate(variant.request)).request
                assert shown(state) == {"example": example.key, "variant": variant.key}


def test_an_example_is_named_until_something_is_changed() -> None:
    assert shown(of("example=sentiment-imdb")) == {"example": "sentiment-imdb", "variant": None}
    assert shown(of("example=rnn-types")) == {"example": "rnn-types", "variant": "encoder_decoder"}
    assert shown(of("example=rnn-types&t=2&lang=zh")) == {"example": "rnn-types", "variant": "encoder_decoder"}
    assert shown(of("example=rnn-types").with_(decode_steps=5)) is None
    assert shown(State().with_(seed=1)) is None


@pytest.mark.anyio
async def test_the_encoder_opened_by_itself_is_the_one_in_the_trace(client: AsyncClient) -> None:
    for query in ("example=rnn-types", "task=translate&source=random&lengths=5,3&packed=true&head=every_step&cell=gru"):
        headers = {"Accept": "application/json"}
        both = (await client.get(f"/?{query}", headers=headers)).json()
        alone = (await client.get(f"/?{both['lines']['encoder_query']}", headers=headers)).json()
        assert alone["problems"] == []
        assert alone["trace"]["id"] == both["trace"]["encoder"]["id"]


def test_each_task_comes_back_from_its_request() -> None:
    for query in ("task=caption&source=random&seq_len=1", "task=translate", "task=translate&source=random&batch=3"):
        state = of(f"{query}&head=every_step&out_features=12&activation=none&decode_steps=6")
        again = state_of(state.request())
        assert again is not None
        assert again.query() == state.query()

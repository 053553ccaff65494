"""The loss: every kind on every head, layout and rank beside one plain call of torch; what is refused, and its text."""

import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from app.recurrent.claims import Claim
from app.recurrent.cost import Limits
from app.recurrent.explain.backward import Ask
from app.recurrent.explain.gradients import cells, gradients
from app.recurrent.settle_loss import aim
from app.recurrent.trace import Trace
from tests.core import losses, plain, target_of, traced, true_lengths

LIMITS = Limits()
ONE_CALL: dict[str, Any] = {
    "cross_entropy": F.cross_entropy,
    "nll": F.nll_loss,
    "bce": F.binary_cross_entropy,
    "mse": F.mse_loss,
}
generated = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@st.composite
def judged(draw: st.DrawFn) -> dict[str, Any]:
    """A small run with a loss: every head × kind × layout × rank × target."""
    N, T, F_ = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    model = {
        "cell": draw(st.sampled_from(["lstm", "gru", "rnn"])),
        "input_size": F_,
        "hidden_size": draw(st.integers(1, 4)),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
    }
    batched = draw(st.integers(0, 3)) > 0
    generator = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    shape = (N, T, F_) if model["batch_first"] else (T, N, F_)
    asked: dict[str, Any] = {
        "model": model,
        "input": {"values": torch.randn(shape if batched else (T, F_), generator=generator).tolist()},
        "head": {
            "reads": draw(st.sampled_from(["every_step", "last_step", "h_n", "mean"])),
            "out_features": draw(st.integers(1, 4)),
            "activation": draw(st.sampled_from([None, "sigmoid", "softmax", "log_softmax", "tanh"])),
        },
        "weights": {"seed": draw(st.integers(0, 999))},
        "dtype": draw(st.sampled_from(["float32", "float32", "float64"])),
    }
    if batched and draw(st.booleans()):
        asked |= {
            "lengths": draw(st.lists(st.integers(1, T), min_size=N, max_size=N)),
            "packed": draw(st.booleans()),
        }
    asked["loss"] = draw(losses(asked["head"], (N, T), batched, model))
    return asked


def claim(trace: Trace, text: str) -> Claim:
    return next(each for each in trace.claims if text in each.claim)


@given(asked=judged())
@generated
def test_every_loss_is_the_one_call_of_torch(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    ours, theirs = trace.done.tensors["loss"], plain(trace)["loss"]
    assert ours.shape == theirs.shape == ()
    assert ours.dtype == theirs.dtype
    assert ours.isnan() == theirs.isnan()
    if not theirs.isnan():
        assert abs(float(ours - theirs)) <= 1e-6 * max(1.0, abs(float(theirs)))
    said = trace.claims[0]
    assert said.claim.startswith("loss == F.")
    assert said.holds


@given(asked=judged())
@generated
def test_each_loss_is_what_torch_gives_without_a_mean(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    plan, held, kind = trace.plan, trace.done.tensors, asked["loss"]["kind"]
    found = aim(plan.request, plan.N, plan.T, batched=plan.batched)
    x = held[found.reads]
    assert tuple(x.shape) == found.x
    target = target_of(trace, list(found.given)).reshape(found.target)
    assert torch.equal(held["target"], target)
    torch.testing.assert_close(held["losses"], ONE_CALL[kind](x, target, reduction="none"), rtol=1e-6, atol=1e-6)
    if kind == "cross_entropy":
        assert torch.equal(held["log_probs"], F.log_softmax(x, dim=-1))


@given(asked=judged(), sample=st.integers(0, 3))
@settings(generated, max_examples=60)
def test_the_gradient_of_the_loss_is_that_of_the_plain_batch(asked: dict[str, Any], sample: int) -> None:
    trace = traced(**asked | {"dtype": "float64"})
    n = sample % trace.plan.N
    loss, x = whole_batch(trace)
    (expected,) = torch.autograd.grad(loss, x, allow_unused=True)
    found = gradients(trace, Ask(n, "loss"), LIMITS)
    into = expected if not trace.plan.batched else expected.select(0 if trace.plan.request.model.batch_first else 1, n)
    ours = torch.tensor(found.input, dtype=torch.float64)
    if loss.isnan():
        assert found.value != found.value
    torch.testing.assert_close(ours, into.norm(dim=-1), rtol=1e-6, atol=1e-10, equal_nan=True)


def whole_batch(trace: Trace) -> tuple[Tensor, Tensor]:
    """The loss of the whole batch through plain modules that autograd knows, and the input it starts from."""
    asked, held = trace.plan.request, trace.done.tensors
    assert asked.head is not None and asked.loss is not None
    model, head, name = asked.model, asked.head, asked.head.activation
    modules = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
    torch.manual_seed(asked.weights.seed or 0)
    rnn: Any = modules[model.cell](
        model.input_size,
        model.hidden_size,
        batch_first=model.batch_first,
        bidirectional=model.bidirectional,
        dtype=torch.float64,
    )
    linear = torch.nn.Linear(
        model.hidden_size * (2 if model.bidirectional else 1), head.out_features, dtype=torch.float64
    )
    x = held["input"].clone().requires_grad_()
    lengths = torch.tensor(true_lengths(trace))
    if asked.packed:
        pack = torch.nn.utils.rnn
        packed = pack.pack_padded_sequence(x, lengths, batch_first=model.batch_first, enforce_sorted=False)
        made, ends = rnn(packed)
        output, _ = pack.pad_packed_sequence(made, batch_first=model.batch_first, total_length=trace.plan.T)
    else:
        output, ends = rnn(x)
    h_n = ends[0] if model.cell == "lstm" else ends
    time = 1 if model.batch_first and trace.plan.batched else 0
    if head.reads == "every_step":
        vector = output
    elif head.reads == "last_step":
        vector = output.select(time, -1)
    elif head.reads == "h_n":
        vector = torch.cat([h_n[-2], h_n[-1]], dim=-1) if model.bidirectional else h_n[-1]
    elif asked.lengths is None:
        vector = output.mean(time)
    else:
        runs = (torch.arange(trace.plan.T) < lengths[:, None]).double()  # (N, T)
        runs = runs if time == 1 else runs.T
        vector = (output * runs[..., None]).sum(time) / lengths[:, None]
    answer = linear(vector)
    if name:
        answer = getattr(torch, name)(answer, **({"dim": -1} if "softmax" in name else {}))
    kind = asked.loss.kind
    classes = kind in ("cross_entropy", "nll")
    if head.out_features == 1 and not classes and trace.plan.batched and head.reads != "every_step":
        answer = answer.squeeze(-1)
    target = target_of(trace, list(answer.shape[:-1] if classes else answer.shape))
    if classes and answer.dim() == 3:
        answer = answer.movedim(-1, 1)
    return ONE_CALL[kind](answer, target), x


SMALL: dict[str, Any] = {
    "model": {"cell": "gru", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"random": {"batch": 3, "seq_len": 5}},
}


def test_cross_entropy_is_log_softmax_then_nll_loss() -> None:
    trace = traced(
        **SMALL,
        head={"reads": "last_step", "out_features": 5},
        loss={"kind": "cross_entropy", "target": {"random": {}}},
    )
    assert [stage.name for stage in trace.plan.stages][-4:] == ["target", "log_probs", "losses", "loss"]
    equality = claim(trace, "== F.nll_loss(torch.log_softmax(logits, dim=-1), target)")
    logits, target = trace.done.tensors["logits"], trace.done.tensors["target"]
    apart = F.cross_entropy(logits, target) - F.nll_loss(F.log_softmax(logits, -1), target)
    assert (equality.holds, equality.max_abs_diff) == (True, abs(float(apart)))


@pytest.mark.parametrize(("activation", "same"), [("softmax", False), ("sigmoid", False), ("log_softmax", True)])
@pytest.mark.parametrize("kind", ["cross_entropy", "nll"])
def test_an_activation_before_the_loss_shows_by_how_much_it_is_not_the_cross_entropy(
    kind: str, activation: str, same: bool
) -> None:
    head = {"reads": "last_step", "out_features": 5, "activation": activation}
    trace = traced(**SMALL, head=head, loss={"kind": kind, "target": {"random": {}}})
    said = claim(trace, "== F.cross_entropy(logits, target)")
    held = trace.done.tensors
    apart = abs(float(held["loss"] - F.cross_entropy(held["logits"], held["target"])))
    assert said.holds == same
    assert said.max_abs_diff == pytest.approx(apart, abs=1e-9)
    assert (apart > 0.05) == (not same)


def test_one_class_has_no_loss_and_says_so() -> None:
    trace = traced(**SMALL, head={"reads": "last_step"}, loss={"kind": "cross_entropy", "target": [0, 0, 0]})
    assert float(trace.done.tensors["loss"]) == 0.0
    assert claim(trace, "# one class").holds


def test_ignored_targets_are_not_counted() -> None:
    head = {"reads": "every_step", "out_features": 4}
    loss = {"kind": "cross_entropy", "target": {"random": {}}}
    trace = traced(**SMALL, lengths=[5, 1, 2], head=head, loss=loss)
    target = trace.done.tensors["target"].view(3, 5)
    assert [int((row != -100).sum()) for row in target] == [5, 1, 2]
    assert not claim(trace, "# the ignored zeros counted").holds


def test_where_every_target_is_ignored_the_loss_is_nan_as_in_torch() -> None:
    head = {"reads": "last_step", "out_features": 4}
    trace = traced(**SMALL, head=head, loss={"kind": "cross_entropy", "target": [-100] * 3})
    assert trace.done.tensors["loss"].isnan()
    assert F.cross_entropy(torch.zeros(3, 4), torch.tensor([-100] * 3)).isnan()
    assert claim(trace, "torch.isnan(loss)").holds


def test_a_lost_axis_in_mse_is_shown_by_what_it_would_cost() -> None:
    trace = traced(**SMALL, head={"reads": "last_step"}, loss={"kind": "mse", "target": {"random": {}}})
    prediction, target = trace.done.tensors["prediction"], trace.done.tensors["target"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apart = float(F.mse_loss(prediction, target[:, None]) - F.mse_loss(prediction, target))
    said = claim(trace, "target[:, None]")
    assert not said.holds
    assert said.max_abs_diff == pytest.approx(abs(apart), rel=1e-5)


def test_batch_first_changes_no_number_of_a_drawn_target() -> None:
    head = {"reads": "every_step", "out_features": 4}
    loss = {"kind": "cross_entropy", "target": {"random": {"seed": 3}}}
    first = traced(**SMALL, head=head, loss=loss).done.tensors["target"].view(3, 5)
    asked = SMALL | {"model": SMALL["model"] | {"batch_first": False}}
    last = traced(**asked, head=head, loss=loss).done.tensors["target"].view(5, 3)
    assert torch.equal(first, last.T)


def test_the_parts_of_all_samples_are_the_loss() -> None:
    head = {"reads": "every_step", "out_features": 4}
    loss = {"kind": "cross_entropy", "target": {"random": {}}}
    trace = traced(**SMALL, lengths=[5, 1, 2], packed=True, head=head, loss=loss)
    parts = [gradients(trace, Ask(n, "loss"), LIMITS).value or 0.0 for n in range(3)]
    assert sum(parts) == pytest.approx(float(trace.done.tensors["loss"]), rel=1e-6)
    beside = cells(trace, Ask(0, "loss"), LIMITS)
    assert [each.cell for each in beside.cells] == ["lstm", "gru", "rnn"]
    assert beside.cells[1].value == pytest.approx(parts[0])

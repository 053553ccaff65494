"""The 25 questions people ask about recurrent modules: 13 to 25, how to call them and what they hold."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from tests.asking import fed, lstm, named, refusal, said
from tests.core import planned, traced
from tests.keras_layers import layer
from tests.referee import recurrent, regate


def test_q13_sequential_hands_on_the_whole_tuple() -> None:
    text = said(lambda: nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))(torch.zeros(5, 3, 10)))
    assert text == "TypeError: linear(): argument 'input' (position 1) must be Tensor, not tuple"
    text = said(lambda: nn.Sequential(nn.LSTM(10, 20), nn.LSTM(20, 5))(torch.zeros(5, 3, 10)))
    assert text == "AttributeError: 'tuple' object has no attribute 'dim'"
    stage = next(stage for stage in lstm(10, 20).plan.stages if stage.op == "LSTM")
    assert stage.outputs == ("output", "h_n", "c_n"), "the box has more than one port"


def test_q14_two_axes_are_one_sequence_without_a_batch() -> None:
    x = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
    alone, batched = fed(x, H=20, num_layers=2), fed(x[:, None], H=20, num_layers=2)
    module = nn.LSTM(10, 20, 2)
    with torch.no_grad():
        output, (h_n, c_n) = module(x)
    for name, theirs, shape in (("output", output, (5, 20)), ("h_n", h_n, (2, 20)), ("c_n", c_n, (2, 20))):
        assert named(alone, name).shape == theirs.shape == shape
        assert torch.equal(named(alone, name), named(batched, name)[:, 0]), "the axis that is missing is a batch of one"
    text = said(lambda: module(torch.zeros(1, 5, 3, 10)))
    assert text == "ValueError: LSTM: Expected input to be 2D or 3D, got 4D instead"


def test_q15_one_tensor_in_place_of_the_pair_is_taken_apart_along_its_layers() -> None:
    one = torch.zeros(2, 3, 20)
    text = said(lambda: nn.LSTM(10, 20, 2)(torch.zeros(5, 3, 10), one))
    assert text == ("RuntimeError: For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors"), (
        "its two layers were taken for h_0 and c_0"
    )
    assert {"h_0", "c_0"} <= set(lstm(10, 20, 2).plan.stages[0].inputs), "two slots"
    ours = refusal(
        model={"input_size": 10, "hidden_size": 20, "num_layers": 2},
        input={"random": {"batch": 3, "seq_len": 5}},
        state={"h_0": one[0].tolist(), "c_0": one[1].tolist()},
    )
    assert ours.torch == text


def test_q16_of_24_orders_of_the_gates_only_i_f_g_o_is_nn_lstm() -> None:
    trace = lstm(4, 5)
    bands = trace.plan.parameters["rnn.weight_ih_l0"].bands
    assert bands == {"i": (0, 5), "f": (5, 10), "g": (10, 15), "o": (15, 20)}
    ours = recurrent(trace)
    strand = ours.layers[0][0]
    assert strand.b_ih is not None and strand.b_hh is not None
    biases = strand.b_ih + strand.b_hh

    def last_h(order: str) -> Tensor:
        """A plain loop that takes the rows of the weights to be in this order."""
        W_ih, W_hh = (torch.from_numpy(regate(each, order, "ifgo")) for each in (strand.W_ih, strand.W_hh))
        b = torch.from_numpy(regate(biases, order, "ifgo"))
        h = c = torch.zeros(3, 5)
        for x_t in torch.from_numpy(ours.x):
            i, f, g, o = (x_t @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h

    orders = ["".join(order) for order in itertools.permutations("ifgo")]
    assert len(orders) == 24
    right = [order for order in orders if torch.allclose(last_h(order), named(trace, "h_n")[0], rtol=0, atol=1e-5)]
    assert right == ["ifgo"]  # Keras has the same with c for g; ONNX i, o, f, c: see the referees


@pytest.mark.parametrize(("cell", "only_the_sum_matters"), [("lstm", True), ("rnn", True), ("gru", False)])
def test_q17_only_the_sum_of_the_two_biases_matters_but_in_a_gru(cell: str, only_the_sum_matters: bool) -> None:
    trace = lstm(4, 5, cell=cell)
    values = {name: weight.clone() for name, weight in trace.done.modules.named().items()}
    values["rnn.bias_ih_l0"] += values["rnn.bias_hh_l0"]
    values["rnn.bias_hh_l0"] *= 0
    again = traced(
        model={"cell": cell, "input_size": 4, "hidden_size": 5},
        input={"random": {"batch": 3, "seq_len": 5}},
        weights={"values": {name: weight.tolist() for name, weight in values.items()}},
    )
    apart = float((named(trace, "output") - named(again, "output")).abs().max())
    assert (apart <= 1e-6) is only_the_sum_matters


@pytest.mark.parametrize(
    ("model", "count", "in_keras"),
    [
        ({}, 2560, 2480),
        ({"num_layers": 2}, 5920, 5760),
        ({"bidirectional": True}, 5120, 4960),
        ({"num_layers": 2, "bidirectional": True}, 15040, 14720),
    ],
)
def test_q18_two_biases_make_more_parameters_than_keras_has(
    model: dict[str, int | bool], count: int, in_keras: int
) -> None:
    trace = traced(model={"input_size": 10, "hidden_size": 20} | model, input={"random": {"batch": 2, "seq_len": 3}})
    assert trace.plan.parameter_count == count
    ours = recurrent(trace)
    assert sum(layer(ours, k).count_params() for k in range(len(ours.layers))) == in_keras
    if len(ours.layers) == 2:
        assert trace.plan.parameters["rnn.weight_ih_l1"].shape == (80, 20 * ours.directions), "layer 1 reads D·H"


def test_q19_dropout_acts_between_layers_and_never_in_eval() -> None:
    with pytest.warns(UserWarning, match="dropout option") as warned:
        one = nn.LSTM(10, 20, dropout=0.5).train()
    text = (
        "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
        "expects num_layers greater than 1, but got dropout=0.5 and num_layers=1"
    )
    assert [str(each.message) for each in warned] == [text]
    assert lstm(10, 20, dropout=0.5).warnings == [f"UserWarning: {text}"]
    assert torch.equal(named(lstm(4, 5, 2, dropout=0.5), "output"), named(lstm(4, 5, 2), "output")), "eval"
    x = torch.randn(5, 3, 10)
    torch.manual_seed(0)
    two = nn.LSTM(10, 20, 2, dropout=0.5).train()
    with torch.no_grad():
        assert torch.equal(one(x)[0], one(x)[0]), "one layer has nothing to drop"
        (first, (h_first, _)), (second, (h_second, _)) = two(x), two(x)
        assert torch.equal(h_first[0], h_second[0]), "the lower layer is before the mask"
        assert not torch.equal(first, second)
        assert not (first == 0).any(), "the last layer's output is not masked"


def test_q20_h_n_holds_the_layers_in_turn_each_forward_then_backward() -> None:
    trace = lstm(4, 5, 2, bidirectional=True)
    h_n = named(trace, "h_n")
    slabs = h_n.view(2, 2, 3, 5)  # (L, D, N, H)
    for layer_, direction, row, step in (
        (0, 0, "l0", -1),
        (0, 1, "l0_reverse", 0),
        (1, 0, "l1", -1),
        (1, 1, "l1_reverse", 0),
    ):
        assert torch.equal(slabs[layer_, direction], named(trace, f"{row}.h")[:, step])
    assert [(end.layer, end.direction) for end in trace.plan.positions.h_n] == [
        (0, "forward"),
        (0, "backward"),
        (1, "forward"),
        (1, "backward"),
    ]
    assert torch.equal(h_n[-1], named(trace, "output")[0, :, 5:]), "the backward half alone"


def test_q21_one_set_of_weights_is_used_at_every_step() -> None:
    trace = lstm(4, 5, random=(3, 7))
    cell = nn.LSTMCell(4, 5)
    cell.load_state_dict({name[4:-3]: weight for name, weight in trace.done.modules.named().items()})
    h = c = torch.zeros(3, 5)
    with torch.no_grad():
        for t, x_t in enumerate(named(trace, "input")):
            h, c = cell(x_t, (h, c))
            assert torch.allclose(h, named(trace, "output")[t], rtol=0, atol=1e-6)
    assert {lstm(4, 5, random=(1, T)).plan.parameter_count for T in (1, 7, 50)} == {trace.plan.parameter_count}


def test_q22_carry_the_values_and_cut_the_graph() -> None:
    x = torch.randn(6, 2, 4, generator=torch.Generator().manual_seed(0))
    first = fed(x[:3])
    state = {name: named(first, f"{name[0]}_n").tolist() for name in ("h_0", "c_0")}
    second = traced(model={"input_size": 4, "hidden_size": 4}, input={"values": x[3:].tolist()}, state=state)
    at_once = named(fed(x), "output")
    assert torch.allclose(torch.cat([named(first, "output"), named(second, "output")]), at_once, rtol=0, atol=1e-6)
    module = nn.LSTM(4, 4)

    def windows(cut: bool) -> None:
        carried = None
        for window in (x[:3], x[3:]):
            output, carried = module(window, carried)
            output.sum().backward()
            if cut:
                carried = tuple(each.detach() for each in carried)

    assert said(lambda: windows(cut=False)).startswith(
        "RuntimeError: Trying to backward through the graph a second time"
    )
    windows(cut=True)


def test_q23_linear_works_on_the_last_axis_and_flattening_only_joins_n_and_t() -> None:
    x, linear = torch.randn(3, 5, 20), nn.Linear(20, 2)
    assert torch.allclose(linear(x), linear(x.reshape(-1, 20)).view(3, 5, 2), rtol=0, atol=1e-6)
    flat = said(lambda: linear(x.reshape(3, -1)))
    assert flat == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x100 and 20x2)"
    both = nn.LSTM(10, 20, batch_first=True, bidirectional=True)(torch.randn(3, 5, 10))[0]
    wide = said(lambda: linear(both))
    assert wide == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (15x40 and 20x2)"
    for bidirectional, width in ((False, 20), (True, 40)):
        plan = planned(
            model={"input_size": 10, "hidden_size": 20, "batch_first": True, "bidirectional": bidirectional},
            input={"random": {"batch": 3, "seq_len": 5}},
            head={"reads": "every_step", "out_features": 2},
        )
        assert plan.parameters["head.weight"].shape == (2, width)
        assert plan.tensors["flattened"].shape == (15, width)


def test_q24_keras_returns_h_alone_unless_it_is_asked_for_more() -> None:
    trace = lstm(4, 5, batch_first=True)
    ours = recurrent(trace)
    x = named(trace, "input")
    with torch.no_grad():
        last, every = layer(ours, 0)(x), layer(ours, 0, return_sequences=True)(x)
        out, h, c = layer(ours, 0, return_state=True)(x)
    assert torch.equal(out, h)
    for theirs, mine in ((last, "h_n"), (every, "output"), (h, "h_n"), (c, "c_n")):
        expected = named(trace, mine)[0] if mine != "output" else named(trace, mine)
        assert torch.allclose(theirs, expected, rtol=0, atol=1e-5), mine


def test_q25_a_projection_narrows_h_and_not_c() -> None:
    plan = lstm(4, 6, 2, proj_size=3, bidirectional=True, random=(2, 5)).plan
    module = nn.LSTM(4, 6, 2, proj_size=3, bidirectional=True)
    with torch.no_grad():
        output, (h_n, c_n) = module(torch.zeros(5, 2, 4))
    for name, theirs, shape in (("output", output, (5, 2, 6)), ("h_n", h_n, (4, 2, 3)), ("c_n", c_n, (4, 2, 6))):
        assert plan.tensors[name].shape == theirs.shape == shape
    assert plan.tensors["l0.h"].shape[-1] == 3 and plan.tensors["l0.c"].shape[-1] == 6
    assert said(lambda: nn.LSTM(4, 6, proj_size=6)) == "ValueError: proj_size has to be smaller than hidden_size"
    text = said(lambda: nn.GRU(4, 6, proj_size=3))
    assert text == "ValueError: proj_size argument is only supported for LSTM, not RNN or GRU"
    ours = refusal(
        model={"cell": "gru", "input_size": 4, "hidden_size": 6, "proj_size": 3},
        input={"random": {"batch": 2, "seq_len": 5}},
    )
    assert ours.torch == text


def test_q25_and_torchs_gru_resets_after_the_product() -> None:
    trace = lstm(4, 5, cell="gru", batch_first=True, bias=False)
    ours = recurrent(trace)
    with torch.no_grad():
        after, before = (
            layer(ours, 0, return_sequences=True, reset_after=both)(named(trace, "input")) for both in (True, False)
        )
    assert torch.allclose(after, named(trace, "output"), rtol=0, atol=1e-5)
    assert float((before - named(trace, "output")).abs().max()) > 1e-3, "the paper's GRU"

"""What PyTorch prints when a recurrent net is called wrongly: today's texts and the older wordings."""

from app.recurrent.diagnose.text import Text
from app.recurrent.diagnose.texts_loss import LOSS_TEXTS

NEAR_RNN = r"rnn|lstm|gru|\bhx\b|h_?0|hidden"
NEAR_PACK = r"pack|lstm|gru|rnn"

TEXTS: tuple[Text, ...] = (
    Text(
        "hidden-size",
        "N",
        2,
        "RuntimeError: Expected hidden{slot:slot} size ({expected:dims}), got [{got:dims}]",
        ("RuntimeError: Expected hidden{slot:slot} size ({expected:dims}), got ({got:dims})",),
    ),
    Text(
        "input-width",
        "F",
        8,
        "RuntimeError: input.size(-1) must be equal to input_size. Expected {expected:int}, got {got:int}",
    ),
    Text(
        "input-rank",
        "rank",
        14,
        "ValueError: {cell:word}: Expected input to be 2D or 3D, got {got:int}D{tensor:rest} instead",
        (
            "RuntimeError: input must have 3 dimensions, got {got:int}",
            "RuntimeError: {cell:word}: Expected input to be 2-D or 3-D but received {got:int}-D tensor",
        ),
    ),
    Text(
        "unbatched-state",
        "rank",
        14,
        "RuntimeError: For unbatched 2-D input, hx and cx should also be 2-D but got ({got:int}-D, {c:int}-D) tensors",
    ),
    Text(
        "unbatched-state",
        "rank",
        14,
        "RuntimeError: For unbatched 2-D input, hx should also be 2-D but got {got:int}-D tensor",
    ),
    Text(
        "batched-state",
        "rank",
        15,
        "RuntimeError: For batched 3-D input, hx and cx should also be 3-D but got ({got:int}-D, {c:int}-D) tensors",
    ),
    Text(
        "batched-state",
        "rank",
        15,
        "RuntimeError: For batched 3-D input, hx should also be 3-D but got {got:int}-D tensor",
    ),
    Text(
        "tuple-missing",
        "L·D",
        15,
        "IndexError: index 1 is out of bounds for dimension 0 with size 1",
        near=NEAR_RNN,
    ),
    Text(
        "tuple-into-module",
        None,
        13,
        "TypeError: {function:word}(): argument 'input' (position 1) must be Tensor, not tuple",
    ),
    Text(
        "packed-into-module",
        None,
        11,
        "TypeError: {function:word}(): argument 'input' (position 1) must be Tensor, not PackedSequence",
        (
            "AttributeError: 'PackedSequence' object has no attribute 'dim'",
            "AttributeError: 'PackedSequence' object has no attribute 'size'",
        ),
    ),
    Text(
        "tuple-into-rnn",
        None,
        15,
        "AttributeError: 'tuple' object has no attribute 'dim'",
        ("AttributeError: 'tuple' object has no attribute 'size'",),
    ),
    Text("tuple-detach", None, 22, "AttributeError: 'tuple' object has no attribute 'detach'"),
    Text(
        "tuple-index",
        None,
        13,
        "TypeError: tuple indices must be integers or slices, not tuple",
        near=NEAR_PACK,
    ),
    Text(
        "state-unpack",
        "L·D",
        9,
        "ValueError: too many values to unpack (expected 2)",
        ("ValueError: not enough values to unpack (expected 2, got 1)",),
        near=r"gru|rnn|h_n|hidden",
    ),
    Text(
        "linear-size",
        "H",
        23,
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied ({rows:int}x{got:int} and {expected:int}x{out:int})",
        (
            "RuntimeError: size mismatch, m1: [{rows:int} x {got:int}], m2: [{expected:int} x {out:int}]",
            "RuntimeError: mat1 dim 1 must match mat2 dim 0",
        ),
    ),
    Text(
        "lengths-sorted",
        "N",
        11,
        "RuntimeError: `lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
        "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do "
        "not need ONNX exportability.",
        (
            "RuntimeError: 'lengths' array has to be sorted in decreasing order",
            "ValueError: lengths array has to be sorted in decreasing order",
            "ValueError: sequences must be sorted in the order of decreasing length",
        ),
        knows=(
            "`lengths` array must be sorted in decreasing order",
            "lengths array must be sorted in decreasing order",
        ),
    ),
    Text(
        "lengths-zero",
        "T",
        11,
        "RuntimeError: Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0",
        ("ValueError: length of all samples has to be greater than 0, but found an element in 'lengths' that is <=0",),
    ),
    Text(
        "lengths-count",
        "N",
        11,
        "RuntimeError: Expected `len(lengths)` to be equal to batch_size, but got {got:int} "
        "(batch_size={expected:int})",
        ("ValueError: lengths array has incorrect size",),
    ),
    Text(
        "lengths-long",
        "T",
        11,
        "RuntimeError: start ({start:int}) + length ({length:int}) exceeds dimension size ({expected:int}).",
        near=NEAR_PACK,
    ),
    Text(
        "lengths-device",
        None,
        11,
        "RuntimeError: 'lengths' argument should be a 1D CPU int64 tensor, but got {got:rest} tensor",
    ),
    Text(
        "dropout-one-layer",
        "L·D",
        19,
        "UserWarning: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
        "num_layers greater than 1, but got dropout={got:number} and num_layers=1",
        warning=True,
    ),
    Text(
        "dropout-range",
        None,
        19,
        "ValueError: dropout should be a number in range [0, 1] representing the probability of an element being "
        "zeroed",
    ),
    Text("proj-large", "H", 25, "ValueError: proj_size has to be smaller than hidden_size"),
    Text("proj-cell", "H", 25, "ValueError: proj_size argument is only supported for LSTM, not RNN or GRU"),
    Text(
        "proj-negative",
        "H",
        25,
        "ValueError: proj_size should be a positive integer or zero to disable projections",
    ),
    Text(
        "input-dtype",
        None,
        None,
        "ValueError: RNN input dtype ({got:type}) does not match weight dtype ({expected:type}). Convert input: "
        "input.to({expected:type}), or convert model: model.to({got:type})",
        (
            "ValueError: input must have the type {expected:type}, got type {got:type}",
            "RuntimeError: expected scalar type {expected:type} but found {got:type}",
            "RuntimeError: mat1 and mat2 must have the same dtype, but got {got:type} and {expected:type}",
            "RuntimeError: Expected object of scalar type {expected:type} but got scalar type {got:type}",
            "RuntimeError: Expected object of type {expected:type} but found type {got:type}",
        ),
        knows=("RNN input dtype ({got:type}) does not match weight dtype ({expected:type})",),
    ),
    Text(
        "token-range",
        None,
        None,
        "IndexError: index out of range in self",
        ("RuntimeError: index out of range: Tried to access index {got:int} out of table with {expected:int} rows.",),
        knows=("srcIndex < srcSelectDimSize",),
    ),
    Text("padding-index", None, None, "AssertionError: Padding_idx must be within num_embeddings"),
    Text(
        "tokens-float",
        None,
        None,
        "RuntimeError: Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
        "but got {got:word} instead (while checking arguments for embedding)",
        (
            "RuntimeError: Expected tensor for argument #1 'indices' to have scalar type Long; "
            "but got {got:word} instead",
        ),
    ),
    Text("empty-sequence", "T", 8, "RuntimeError: Expected sequence length to be larger than 0 in RNN"),
    *LOSS_TEXTS,
    Text(
        "backward-twice",
        "T",
        22,
        "RuntimeError: Trying to backward through the graph a second time (or directly access saved tensors after they "
        "have already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
        "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if you "
        "need to access saved tensors after calling backward.",
        (
            "RuntimeError: Trying to backward through the graph a second time, but the buffers have already been "
            "freed. Specify retain_graph=True when calling backward the first time.",
            "RuntimeError: Trying to backward through the graph a second time, but the saved intermediate results "
            "have already been freed. Specify retain_graph=True when calling backward the first time.",
        ),
        knows=("Trying to backward through the graph a second time",),
    ),
    Text(
        "size-zero", None, 4, "ValueError: {name:word} must be greater than zero", near=NEAR_RNN + "|_size|num_layers"
    ),
    Text("size-type", None, 4, "TypeError: {name:word} should be of type int, got: {got:word}"),
    Text(
        "nonlinearity",
        None,
        None,
        "ValueError: Unknown nonlinearity '{got:word}'. Select from 'tanh' or 'relu'.",
        ("ValueError: Unknown nonlinearity '{got:word}'",),
    ),
    Text(
        "weights-shape",
        None,
        18,
        "RuntimeError: size mismatch for {name:word}: copying a param with shape torch.Size([{got:dims}]) from "
        "checkpoint, the shape in current model is torch.Size([{expected:dims}]).",
        (
            "RuntimeError: size mismatch for {name:word}: copying a param with shape torch.Size([{got:dims}]) from "
            "checkpoint, where the shape is torch.Size([{expected:dims}]) in current model.",
        ),
    ),
)


def by_kind(kind: str) -> Text:
    """The first text of that kind."""
    return next(text for text in TEXTS if text.kind == kind)

"""What PyTorch prints when a loss is called wrongly: today's texts and the older wordings."""

from app.recurrent.diagnose.text import Text

_UNEQUAL = (
    "Using a target size (torch.Size([{expected:dims}])) that is different to the input size (torch.Size([{got:dims}]))"
)

LOSS_TEXTS: tuple[Text, ...] = (
    Text(
        "target-size",
        "T",
        23,
        "RuntimeError: Expected target size [{expected:dims}], got [{got:dims}]",
        (
            "ValueError: Expected target size ({expected:dims}), got torch.Size([{got:dims}])",
            "RuntimeError: Expected target size ({expected:dims}), got ({got:dims})",
        ),
    ),
    Text(
        "target-batch",
        "N",
        23,
        "ValueError: Expected input batch_size ({got:int}) to match target batch_size ({expected:int}).",
    ),
    Text(
        "target-class",
        None,
        None,
        "IndexError: Target {got:int} is out of bounds.",
        knows=("Assertion `t >= 0 && t < n_classes` failed",),
    ),
    Text(
        "target-rank",
        "rank",
        23,
        "RuntimeError: 0D or 1D target tensor expected, multi-target not supported",
        (
            "RuntimeError: 1D target tensor expected, multi-target not supported",
            "RuntimeError: multi-target not supported",
        ),
    ),
    Text(
        "target-probabilities",
        "rank",
        23,
        "RuntimeError: Expected floating point type for target with class probabilities, got Long",
    ),
    Text("target-dtype", None, None, "RuntimeError: expected target dtype to be Long or Byte, but got {got:word}"),
    Text("target-one", "N", 14, "ValueError: For 1D input, 1D target must have size 1, but got target size: {got:int}"),
    Text(
        "target-broadcast",
        "N",
        None,
        f"UserWarning: {_UNEQUAL}. This will likely lead to incorrect results due to broadcasting. "
        "Please ensure they have the same size.",
        warning=True,
    ),
    Text(
        "target-broadcast",
        "N",
        None,
        f"ValueError: {_UNEQUAL} is deprecated. Please ensure they have the same size.",
    ),
    Text(
        "loss-range",
        None,
        None,
        "RuntimeError: all elements of input should be between 0 and 1",
        ("RuntimeError: Assertion `x >= 0. && x <= 1.' failed. input value should be between 0~1",),
    ),
    Text("loss-target-range", None, None, "RuntimeError: all elements of target should be between 0 and 1"),
)

"""The commonest mistakes, ready to be looked at: what somebody would paste."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """A text with one mistake in it; its title is the catalogue's "diagnose.sample.{key}"."""

    key: str
    text: str


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "input_size",
        """Traceback (most recent call last):
  File "train.py", line 31, in <module>
    output, (h_n, c_n) = lstm(x)
RuntimeError: input.size(-1) must be equal to input_size. Expected 10, got 7""",
    ),
    Sample(
        "batch_first",
        """lstm = nn.LSTM(10, 20)
output, (h_n, c_n) = lstm(x)  # x: (N, T, 10)
last = output[:, -1]""",
    ),
    Sample(
        "hidden",
        """Traceback (most recent call last):
  File "train.py", line 42, in <module>
    output, state = lstm(x, (h_0, c_0))
RuntimeError: Expected hidden[0] size (2, 3, 20), got [3, 2, 20]""",
    ),
    Sample("tuple", "model = nn.Sequential(\n    nn.LSTM(10, 20),\n    nn.Linear(20, 2),\n)"),
    Sample(
        "bidirectional",
        """lstm = nn.LSTM(10, 20, bidirectional=True, batch_first=True)
fc = nn.Linear(20, 2)
output, (h_n, c_n) = lstm(x)
last = output[:, -1]
y = fc(last)""",
    ),
    Sample(
        "reshape",
        """lstm = nn.LSTM(10, 20, bidirectional=True, batch_first=True)
output, (h_n, c_n) = lstm(x)
both = h_n.view(x.size(0), -1)""",
    ),
)

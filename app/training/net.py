"""The network every recipe trains, its parameters under the API's own names: embedding → recurrent module → linear."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.spec import EmbeddingSpec, HeadSpec, ModelSpec

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Net(nn.Module):
    """nn.Embedding where there are tokens, one recurrent module, nn.Linear; batches first."""

    def __init__(self, model: ModelSpec, embedding: EmbeddingSpec | None, head: HeadSpec, drop: float = 0.0) -> None:
        super().__init__()
        width, hidden = model.input_size, model.hidden_size
        assert width is not None  # a recipe says every size
        self.embedding = None
        if embedding is not None:
            assert embedding.num_embeddings is not None
            self.embedding = nn.Embedding(embedding.num_embeddings, width, padding_idx=embedding.padding_idx)
        self.rnn: nn.RNNBase = MODULES[model.cell](width, hidden, model.num_layers, batch_first=True)
        self.head = nn.Linear(hidden, head.out_features)
        self.drop = nn.Dropout(drop)

    def last(self, x: Tensor, lengths: Tensor) -> Tensor:
        """The head's answer after each row's own last step, (N, out); x is (N, T) tokens or (N, T, F) values."""
        entering = x if self.embedding is None else self.drop(self.embedding(x))  # (N, T, F)
        packed = pack_padded_sequence(entering, lengths, batch_first=True, enforce_sorted=False)
        _, ends = self.rnn(packed)
        h_n: Tensor = ends[0] if isinstance(ends, tuple) else ends
        answer: Tensor = self.head(self.drop(h_n[-1]))  # (N, out)
        return answer

    def every(self, x: Tensor, states: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The head's answer after every step, (N, T, out), and the states after the last."""
        entering = x if self.embedding is None else self.drop(self.embedding(x))
        output, ends = self.rnn(entering, states)
        return self.head(self.drop(output)), ends

    def weights(self) -> dict[str, Tensor]:
        """Every parameter by the API's name."""
        return {name: tensor.detach().clone() for name, tensor in self.state_dict().items()}


def padded(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Rows of ids as one tensor filled up with 0, (N, T), and their lengths, (N)."""
    lengths = torch.tensor([len(row) for row in rows])
    x = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for k, row in enumerate(rows):
        x[k, : len(row)] = torch.tensor(row)
    return x, lengths

"""What `h_n.view(N, -1)` really puts together, on a small h_n whose every number says where it comes from."""

from typing import Any

import torch
from torch import nn

N, H = 3, 4  # samples and units of the demonstration
SEED = 0


def reshaped(rows: int) -> dict[str, Any]:
    """h_n (rows, N, H) of a real run viewed as (N, -1), beside the states joined per sample.

    rows_hold_samples   for each row of the view, the samples whose numbers it holds
    max_abs_diff        between the view and torch.cat over the feature axis
    """
    rows = max(1, min(rows, 16))
    generator = torch.Generator().manual_seed(SEED)
    with torch.inference_mode():
        lstm = nn.LSTM(2, H, num_layers=rows)
        for parameter in lstm.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5, generator=generator)
        _, (h_n, _) = lstm(torch.randn(5, N, 2, generator=generator))  # (rows, N, H)
        whose = torch.arange(N)[None, :, None].expand(rows, N, H).reshape(N, -1)
        diff = (h_n.view(N, -1) - torch.cat(list(h_n), dim=1)).abs().max()
    return {
        "h_n": [rows, N, H],
        "rows_hold_samples": [row.unique().tolist() for row in whose],
        "max_abs_diff": float(diff),
    }

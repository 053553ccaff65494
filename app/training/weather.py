"""The weather model: 14 days of four measurements → tomorrow's maximum in °C, LSTM 16, on a file that is packaged."""

from dataclasses import dataclass
from datetime import date

import torch
from torch import Tensor, nn

from app.corpora.weather import FEATURES, FIRST, weather
from app.recurrent.spec import HeadSpec, ModelSpec
from app.training.fetch import VEGA
from app.training.net import Net
from app.training.recipe import Log, Options, Recipe, keep, spread

DAYS = 14
RECIPE = Recipe(
    id="weather",
    place=3,
    model=ModelSpec(cell="lstm", input_size=len(FEATURES), hidden_size=16),
    head=HeadSpec(reads="h_n", out_features=1),
    unit="days",
    packages=(VEGA,),
    licence="public domain",
)
EPOCHS, BATCH, RATE, DECAY, DROP = 40, 64, 5e-3, 1e-3, 0.1
VALID, TEST = date(2014, 7, 1), date(2015, 1, 1)  # of the day that is foretold


@dataclass(frozen=True)
class Days:
    """Windows of DAYS days and the maximum of the day after: x (W, 14, F), y (W, 1)."""

    x: Tensor
    y: Tensor


def windows(first: date | None, stop: date | None) -> Days:
    """Every window of every city whose foretold day lies in the range."""
    held = torch.tensor(weather().values)  # (cities, days, F)
    low = DAYS if first is None else max(DAYS, (first - FIRST).days)
    high = held.shape[1] if stop is None else (stop - FIRST).days
    x = [held[city, day - DAYS : day] for city in range(len(held)) for day in range(low, high)]
    y = [held[city, day, :1] for city in range(len(held)) for day in range(low, high)]
    return Days(torch.stack(x), torch.stack(y))


def run(options: Options, log: Log) -> None:
    """Train one model a seed on 2012–2014; keep the best of its last half year, and report on 2015."""
    parts = {"train": windows(None, VALID), "valid": windows(VALID, TEST), "test": windows(TEST, None)}
    counts = {name: len(part.x) for name, part in parts.items()}
    log(f"windows {counts}")
    best, shipped, kept, found = float("inf"), 0.0, dict[str, Tensor](), []
    for seed in options.seeds:
        net, valid = trained(parts, seed, options.epochs or EPOCHS, log)
        found.append(error(net, parts["test"]))
        log(f"seed {seed} validation {valid:.4f} held-out {found[-1]:.4f}")
        if valid < best:
            best, shipped, kept = valid, found[-1], net.weights()
    learned = Days(*(torch.cat([getattr(parts[name], each) for name in ("train", "valid")]) for each in "xy"))
    baselines = {
        "persistence": round(float(((parts["test"].x[:, -1, :1] - parts["test"].y) ** 2).mean()), 4),
        "linear": round(linear(learned, parts["test"]), 4),
    }
    log(f"baselines {baselines}")
    told = {
        "counts": counts,
        "measure": "mse",
        "scores": spread(found, shipped),
        "baselines": baselines,
        "features": list(FEATURES),
        "course": {"epochs": options.epochs or EPOCHS, "batch": BATCH, "lr": RATE, "drop": DROP},
    }
    keep(RECIPE, options, kept, None, told)


def trained(parts: dict[str, Days], seed: int, epochs: int, log: Log) -> tuple[Net, float]:
    """A model that reads degrees, millimetres and metres a second as they are, and its validation error."""
    torch.manual_seed(seed)
    data = parts["train"]
    flat = data.x.flatten(0, 1)
    mean, deviation = flat.mean(0), flat.std(0)  # (F)
    low, wide = data.y.mean(), data.y.std()
    net = Net(RECIPE.model, None, RECIPE.head, DROP)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    batches = -(-len(data.x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * batches)
    best, kept = float("inf"), net.weights()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for chosen in torch.split(torch.randperm(len(data.x)), BATCH):
            optimizer.zero_grad()
            said = net.last((data.x[chosen] - mean) / deviation, torch.full((len(chosen),), DAYS))
            loss = nn.functional.mse_loss(said, (data.y[chosen] - low) / wide)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        ready = folded(net, mean, deviation, low, wide)
        found = error(ready, parts["valid"])
        if found < best:
            best, kept = found, ready.weights()
        if epoch % 10 == 9 or epoch == epochs - 1:
            log(f"epoch {epoch + 1} loss {total / len(data.x):.4f} validation {found:.4f}")
    net.load_state_dict(kept)
    return net, best


def folded(net: Net, mean: Tensor, deviation: Tensor, low: Tensor, wide: Tensor) -> Net:
    """The same function of values as they were measured: what standardised them becomes part of the weights.

    W·((x − μ) / σ) + b = (W / σ)·x + (b − W·(μ / σ)); the head's answer likewise goes back to °C.
    """
    made = Net(RECIPE.model, None, RECIPE.head)
    held = net.weights()
    weight = held["rnn.weight_ih_l0"]  # (4H, F)
    held["rnn.weight_ih_l0"] = weight / deviation
    held["rnn.bias_ih_l0"] = held["rnn.bias_ih_l0"] - weight @ (mean / deviation)
    held["head.weight"] = held["head.weight"] * wide
    held["head.bias"] = held["head.bias"] * wide + low
    made.load_state_dict(held)
    return made.eval()


def error(net: Net, days: Days) -> float:
    """The mean squared error in °C²."""
    net.eval()
    with torch.no_grad():
        said = net.last(days.x, torch.full((len(days.x),), DAYS))
    return float(((said - days.y) ** 2).mean())


def linear(train: Days, test: Days) -> float:
    """The same of least squares on the fourteen maxima."""

    def maxima(days: Days) -> Tensor:
        return torch.cat([days.x[:, :, 0], torch.ones(len(days.x), 1)], 1).double()  # (W, 15)

    fitted = torch.linalg.lstsq(maxima(train), train.y.double()).solution
    return float(((maxima(test) @ fitted - test.y) ** 2).mean())

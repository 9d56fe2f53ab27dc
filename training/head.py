"""Fits the tower's last layer in closed form, once the rest has been trained.

The best linear layer for telling pairs apart is known: take away the mean, make the differences
within pairs equally large in all directions, and weigh directions by how much of what varies along
them is the picture and not its edit (linear discriminant analysis). It costs one pass over a few
thousand pairs and is worth more than the last minutes of training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from training.batches import Settings, stream_batches
from training.train import pool_batch

RIDGE = 0.03
"""Share of the mean variance within pairs that is added in every direction."""

MOST_DIRECTIONS = 384
"""Of those that are kept: the strongest. More are worth nothing measurable, and are stored."""

LEAST_STRENGTH = 0.01
"""Variance between pairs, against 1 within them, below which a direction is left out."""

_Doubles = npt.NDArray[np.float64]


@torch.inference_mode()
def pool_pairs(
    model: Any, pack: Path, settings: Settings, batches: int, seed: int, workers: int
) -> tuple[_Doubles, _Doubles]:
    """Pooled features of the first and of the second views of many pairs."""
    ones, others = [], []
    device = next(model.parameters()).device
    pace = torch.tensor([1.0, float(settings.late_side)])
    source = stream_batches(pack, settings, seed, pace, workers)
    for _ in range(batches):
        batch = {name: value.to(device) for name, value in next(source).items()}
        first, second = pool_batch(model.visual, batch).cpu().double().chunk(2)
        ones.append(first.numpy())
        others.append(second.numpy())
    return np.concatenate(ones), np.concatenate(others)


def discriminate(ones: _Doubles, others: _Doubles) -> tuple[_Doubles, _Doubles]:
    """The layer's weight (outputs x inputs) and bias for pairs of features, one pair a row."""
    both = np.concatenate([ones, others])
    mean, size = both.mean(axis=0), both.shape[1]
    within = np.cov((ones - others).T) / 2
    within += RIDGE * np.trace(within) / size * np.eye(size)
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(values)
    between = whiten.T @ (np.cov(both.T) - within) @ whiten
    strength, axes = np.linalg.eigh(between)
    useful = strength > max(LEAST_STRENGTH, np.sort(strength)[:-MOST_DIRECTIONS].max(initial=0))
    strength, axes = strength[useful], axes[:, useful]
    weight = (whiten @ axes * np.sqrt(strength / (1 + strength))).T
    return weight, -weight @ mean


def fit_head(model: Any, pack: Path, settings: Settings, batches: int, workers: int = 0) -> None:
    """Replace the last layer of an image tower by the closed-form one."""
    ones, others = pool_pairs(model, pack, settings, batches, 99, workers)
    weight, bias = discriminate(ones, others)
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    model.visual.trunk.fc = layer.eval().to(next(model.parameters()).device)

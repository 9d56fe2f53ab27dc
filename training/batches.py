"""Batches of view pairs for the training, and the processes that draw them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.augment import MILD, Pixels, make_mosaic, make_view, strengthen


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training run is told.

    Attributes:
        groups: pairs of views in a batch of one process.
        mosaics: how many of the second views are windows of mosaics (a multiple of 4).
        side: of a view, in pixels; a mosaic has twice that.
        late_side: the same for the last part of the run, which costs more and shows more.
        late: share of the run after which views have ``late_side``.
        temperature: of InfoNCE at the end; it begins at 0.1.
        spread: weight of the KoLeo term at the end; it begins at 0.
        rate: highest learning rate.
        kin: how often, at most, the second view is of another picture of the label.
        hits: share of partners found from which on views get harder.
        seconds: length of the run.
    """

    groups: int = 48
    mosaics: int = 12
    side: int = 64
    late_side: int = 96
    late: float = 0.6
    temperature: float = 0.06
    spread: float = 0.1
    rate: float = 3e-3
    kin: float = 0.4
    hits: float = 0.6
    seconds: float = 4200.0


class Pack:
    """The pictures that ``training.corpus`` packed, of one part."""

    def __init__(self, folder: Path, part: str) -> None:
        with (folder / "pack.csv").open(newline="") as file:
            self.rows = [row for row in csv.DictReader(file) if row["part"] == part]
        self._bytes = np.memmap(folder / "pack.bin", np.uint8, "r")

    def __len__(self) -> int:
        return len(self.rows)

    def picture(self, index: int) -> Pixels:
        """uint8, height x width x 4, RGBA."""
        row = self.rows[index]
        start, height, width = int(row["offset"]), int(row["height"]), int(row["width"])
        flat = self._bytes[start : start + height * width * 4]
        return np.asarray(flat).reshape(height, width, 4)


class Batches:
    """Batches of view pairs, without end."""

    def __init__(self, folder: Path, settings: Settings, seed: int) -> None:
        cv2.setNumThreads(1)
        self._settings = settings
        self._pack = Pack(folder, "train")
        self._labels, self._members = _labels(self._pack)
        self._chances = _chances(self._pack)
        self._rng = np.random.default_rng(seed)

    def draw(self, difficulty: float, side: int) -> dict[str, torch.Tensor]:
        """One batch.

        Args:
            difficulty: 0 for gentle edits to 1 for ``STRONG`` ones and other pictures of a label.
            side: of a view, in pixels.

        Returns:
            views, uint8, first and second ones; mosaics, uint8; windows, 4 of each mosaic; labels.
        """
        s, rng, pack = self._settings, self._rng, self._pack
        strong = strengthen(difficulty)
        chosen = rng.choice(len(pack), s.groups, replace=False, p=self._chances)
        first, second, sources = [], [], []
        for number, index in enumerate(chosen):
            picture = pack.picture(int(index))
            strength = MILD if rng.random() < 0.5 else strong
            first.append(make_view(picture, side, strength, rng, self._other))
            mates = self._members[self._labels[index]]
            if len(mates) > 1 and rng.random() < s.kin * (0.25 + 0.75 * difficulty):
                picture = pack.picture(int(rng.choice(mates)))
            if number < s.groups - s.mosaics:
                second.append(make_view(picture, side, strong, rng, self._other))
            else:
                sources.append(picture)
        mosaics, windows = [], []
        for start in range(0, len(sources), 4):
            mosaic, boxes = make_mosaic(sources[start : start + 4], 2 * side, rng, self._other)
            mosaics.append(mosaic)
            windows.append(boxes)
        return {
            "views": torch.from_numpy(np.stack([*first, *second])),
            "mosaics": torch.from_numpy(np.stack(mosaics)),
            "windows": torch.from_numpy(np.stack(windows)),
            "labels": torch.from_numpy(self._labels[chosen]),
        }

    def _other(self) -> Pixels:
        return self._pack.picture(int(self._rng.integers(len(self._pack))))


def _labels(pack: Pack) -> tuple[npt.NDArray[np.int64], dict[int, list[int]]]:
    """A number for each picture's label (its own where it has none), and who shares it."""
    names = [row["label"] or row["sha256"] for row in pack.rows]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    labels = np.array([numbers[name] for name in names], dtype=np.int64)
    members: dict[int, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        members[int(label)].append(index)
    return labels, members


def _chances(pack: Pack) -> npt.NDArray[np.float64]:
    """How often each picture is drawn: a package counts by the root of its size."""
    family = [row["package"].split("-1.16")[0] for row in pack.rows]
    counts: dict[str, int] = defaultdict(int)
    for name in family:
        counts[name] += 1
    drawn = np.array(
        [
            counts[name] ** -0.4 * (2.5 if name.startswith(("qirien", "renpy")) else 1.0)
            for name in family
        ]
    )
    return np.asarray(drawn / drawn.sum())


class BatchStream(IterableDataset[dict[str, torch.Tensor]]):
    """Batches for the processes of a loader, which draw each their own.

    Args:
        pace: two numbers that all processes share: difficulty, and the side of a view in pixels.
    """

    def __init__(self, folder: Path, settings: Settings, seed: int, pace: torch.Tensor) -> None:
        self._source = (folder, settings, seed)
        self.pace = pace

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        """Draw without end."""
        folder, settings, seed = self._source
        worker = get_worker_info()
        batches = Batches(folder, settings, seed + 1_000_003 * (worker.id if worker else 0))
        while True:
            yield batches.draw(float(self.pace[0]), int(self.pace[1]))


def stream_batches(
    folder: Path, settings: Settings, seed: int, pace: torch.Tensor, workers: int
) -> Iterator[dict[str, torch.Tensor]]:
    """Batches without end, drawn by ``workers`` processes, or by this one where that is 0."""
    pace.share_memory_()
    stream = BatchStream(folder, settings, seed, pace)
    ahead = {"prefetch_factor": 2, "pin_memory": torch.cuda.is_available()} if workers else {}
    return iter(DataLoader(stream, batch_size=None, num_workers=workers, **ahead))

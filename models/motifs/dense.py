"""What an image tower sees in the parts of a picture, besides the whole.

A convolutional tower turns a picture into a map of features, and its embedding is what its head
makes of their mean. The mean over a window of the map gives the embedding of that window, so one
pass at each of a few sizes gives all parts (the windows are those of R-MAC, Tolias et al.,
"Particular object retrieval with integral max-pooling of CNN activations", 2016, with means for
maxima, which is what our own tower was trained with). Any other tower is shown the windows one by
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.motifs.fingerprints import Pixels
from models.motifs.towers import Run

Boxes = npt.NDArray[np.float32]
"""One row each: x0, y0, x1, y1 as fractions of the picture."""

LARGEST = 2.5
"""Longest side at which a convolutional tower may be shown a picture, in sides of its own input."""

_CELL = 32
_SAME_COLOUR = 12
_BORDER_SHARE = 0.004
_PLAIN = 4.0
"""Standard deviation, of 255, below which a window shows nothing."""

_LONGEST_RATIO = 5
"""Beyond it a picture is squashed: a banner of 10 : 1 would be a map of one row."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Windows of one size.

    Attributes:
        side: of a window, as a share of the square root of the picture's area.
        most: windows of this size at most; they are spread evenly.
        shown: longer side of the picture on whose map these windows are taken, in sides of the
            tower's own input; so chosen that a window is about as large as that.
    """

    side: float
    most: int
    shown: float


SCALES = (Scale(0.66, 4, 1.75), Scale(0.45, 9, 1.75))
"""Windows of a picture, 13 at most. Smaller ones were tried: what they find, points find as well,
and every size that a tower is shown costs as much as the whole picture."""

DENSE_VERSION = f"dense/2 {LARGEST} {SCALES}"


def place_windows(width: float, height: float, scales: tuple[Scale, ...]) -> Boxes:
    """Where the windows of a picture lie: square ones, evenly spread, coarse ones first.

    Args:
        width, height: of the picture, in any unit.
        scales: which windows.

    Returns:
        At most ``sum(scale.most)`` boxes.
    """
    boxes = []
    for scale in scales:
        side = scale.side * float(np.sqrt(width * height))
        wide, high = min(side, width), min(side, height)
        columns = int(np.clip(np.round(np.sqrt(scale.most * width / height)), 1, scale.most))
        rows = scale.most // columns
        lefts = np.linspace(0, width - wide, columns) if columns > 1 else [(width - wide) / 2]
        tops = np.linspace(0, height - high, rows) if rows > 1 else [(height - high) / 2]
        boxes += [(x, y, x + wide, y + high) for y in tops for x in lefts]
    unit = np.array([width, height, width, height], dtype=np.float64)
    return np.asarray(np.clip(np.array(boxes) / unit, 0, 1), dtype=np.float32)


def map_size(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height, in pixels and in whole cells, of a picture shown at ``longest``."""
    longer = max(width, height)
    sides = (max(side, longer / _LONGEST_RATIO) / longer * longest for side in (width, height))
    wide, high = (max(2, round(side / _CELL)) * _CELL for side in sides)
    return wide, high


def weigh_cells(boxes: Boxes, height: int, width: int) -> npt.NDArray[np.float32]:
    """How much of each cell of a map lies in each box, as weights that add up to 1.

    Args:
        boxes: N of them.
        height, width: of the map, in cells.

    Returns:
        N x height x width.
    """

    def overlap(low: npt.NDArray[Any], high: npt.NDArray[Any], cells: int) -> npt.NDArray[Any]:
        edges = np.arange(cells + 1) / cells
        inside = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
        return np.asarray(np.maximum(inside, 1e-6))

    rows = overlap(boxes[:, 1], boxes[:, 3], height)
    columns = overlap(boxes[:, 0], boxes[:, 2], width)
    weights = rows[:, :, None] * columns[:, None, :]
    return np.asarray(weights / weights.sum(axis=(1, 2), keepdims=True), dtype=np.float32)


def is_convolutional(visual: Any) -> bool:
    """Whether a tower's embedding is what its head makes of the mean of a map of features.

    It is tried, not guessed from the name: the map must grow with the picture, and the head must
    make the same of a map as of its mean.
    """
    import torch

    trunk = getattr(visual, "trunk", None)
    if trunk is None or not hasattr(trunk, "forward_features"):
        return False
    probe = torch.linspace(-1, 1, 3 * 64 * 96, device=next(visual.parameters()).device)
    probe = probe.reshape(1, 3, 64, 96)
    try:
        with torch.inference_mode():
            cells = trunk.forward_features(probe)
            if cells.ndim != 4 or cells.shape[2:] != (64 // _CELL, 96 // _CELL):
                return False
            mean = cells.mean(dim=(2, 3), keepdim=True)
            of_map = visual.head(trunk.forward_head(cells))
            of_mean = visual.head(trunk.forward_head(mean))
    except (RuntimeError, AssertionError, AttributeError, TypeError, ValueError):
        return False
    return bool(torch.allclose(of_map, of_mean, atol=1e-3, rtol=1e-2))


def cut_border(pixels: Pixels) -> Pixels:
    """The picture without plain surroundings: rows and columns that hold the corners' colour only.

    A picture whose corners differ, or of which next to nothing would be left, stays as it is.
    """
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].astype(np.int16)
    if np.abs(corners - corners[0]).max() > _SAME_COLOUR:
        return pixels
    differs = (np.abs(pixels.astype(np.int16) - corners[0]) > 2 * _SAME_COLOUR).any(axis=2)
    rows = np.flatnonzero(differs.mean(axis=1) > _BORDER_SHARE)
    columns = np.flatnonzero(differs.mean(axis=0) > _BORDER_SHARE)
    least = min(pixels.shape[:2]) // _CELL
    if len(rows) <= least or len(columns) <= least:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def shrink(pixels: Pixels, width: int, height: int) -> Pixels:
    """A picture at another size: uint8, height x width x 3."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    resized = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(resized)


def look_at_map(
    visual: Any,
    run: Run,
    pixels: Pixels,
    side: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> tuple[npt.NDArray[np.float32], Boxes]:
    """Embeddings of a picture and of its windows, from a few passes of a convolutional tower.

    Args:
        visual: a tower for which ``is_convolutional`` holds, in evaluation mode.
        run: the tower's ``trunk.forward_features``, ready to run.
        pixels: uint8, height x width x 3, RGB.
        side: of the tower's own input, in pixels: the square that the whole is shown as.
        mean, std: of the tower's input, by channel, for values of 0 to 1.

    Returns:
        float32 embeddings of length 1, the whole's first, and the boxes of the others. The whole is
        shown without a plain border. What is plain has an embedding of zeros.
    """
    import torch

    height, width = pixels.shape[:2]
    largest = shrink(pixels, *map_size(width, height, round(LARGEST * side)))
    whole = shrink(cut_border(largest), side, side)
    pooled = [_map_cells(run, whole, mean, std).mean(axis=(1, 2))[None]]
    plain = [is_plain(whole)]
    places = []
    maps: dict[float, tuple[Pixels, npt.NDArray[np.float32]]] = {}
    for scale in SCALES:
        size = map_size(width, height, round(scale.shown * side))
        if scale.shown not in maps:
            smaller = shrink(largest, *size)
            maps[scale.shown] = smaller, _map_cells(run, smaller, mean, std)
        shown, cells = maps[scale.shown]
        boxes = place_windows(*size, (scale,))
        plain += [is_plain(crop) for crop in crop_windows(shown, boxes)]
        weights = weigh_cells(boxes, *cells.shape[1:]).reshape(len(boxes), -1)
        pooled.append(weights @ cells.reshape(len(cells), -1).T)
        places.append(boxes)
    device = next(visual.parameters()).device
    with torch.inference_mode():
        tensor = torch.from_numpy(np.concatenate(pooled))[:, :, None, None].to(device)
        embedded = visual.head(visual.trunk.forward_head(tensor)).float()
        found: npt.NDArray[np.float32] = (
            torch.nn.functional.normalize(embedded, dim=1).cpu().numpy()
        )
    found[plain] = 0
    return found, np.concatenate(places)


def _map_cells(
    run: Run, shown: Pixels, mean: tuple[float, ...], std: tuple[float, ...]
) -> npt.NDArray[np.float32]:
    """The tower's map of a picture: features x height x width."""
    import torch

    centre, spread = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    scaled = (shown.astype(np.float32) / np.float32(255) - centre) / spread
    # Channels last: half the time on a processor, the same numbers to 1e-5.
    batch = scaled[None].transpose(0, 3, 1, 2)
    threads = torch.get_num_threads()
    # With more threads sums are split up in other places, and the last digits change.
    torch.set_num_threads(1)
    try:
        cells: npt.NDArray[np.float32] = run(batch)[0]
    finally:
        torch.set_num_threads(threads)
    return cells


def is_plain(pixels: Pixels) -> bool:
    """Whether there is nothing to see: one colour, or next to."""
    return float(pixels.reshape(-1, 3).std(axis=0).max()) < _PLAIN


def crop_windows(pixels: Pixels, boxes: Boxes) -> list[Pixels]:
    """The picture's windows as pictures of their own, at least one pixel large."""
    height, width = pixels.shape[:2]
    crops = []
    for left, top, right, bottom in boxes.tolist():
        x0, y0 = min(int(left * width), width - 1), min(int(top * height), height - 1)
        x1, y1 = max(round(right * width), x0 + 1), max(round(bottom * height), y0 + 1)
        crops.append(np.ascontiguousarray(pixels[y0:y1, x0:x1]))
    return crops

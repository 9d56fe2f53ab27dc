"""Points of a picture that are found again in its copies, with their descriptors and a sketch.

Corners are found on a pyramid by FAST and ordered by Harris' measure (E. Rublee et al., "ORB: an
efficient alternative to SIFT or SURF", ICCV 2011), then thinned so that no busy corner of a picture
takes all the places.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import KiyomeError
from models.motifs.fingerprints import Pixels
from models.motifs.local.descriptors import (
    DIMENSION,
    LEVEL_STEP,
    PACKED_BYTES,
    Codes,
    Floats,
    describe_patches,
    mirror_codes,
    pack_codes,
    projection_digest,
    sample_patches,
    unpack_codes,
)
from models.motifs.local.sketches import SKETCHES_VERSION, Mask, draw_sketch

WORKING_SIDE = 800
"""Longer side, in pixels, at which a picture of the dataset is looked at; a larger is reduced."""

MAX_POINTS = 600
"""Points kept of a picture."""

EXTRACTION_VERSION = "1"

_ENLARGED_BELOW = 400
_MAGIC = b"KLF2"
_HEADER = struct.Struct("<4sHHHI")
_FINE = 16
"""Places are kept in sixteenths of a pixel of the working size."""
_TURN = 256
_RECORD = np.dtype(
    [
        ("place", "<u2", (2,)),
        ("level", "u1"),
        ("angle", "u1"),
        ("colour", "u1", (3,)),
        ("codes", "u1", (PACKED_BYTES,)),
    ]
)
_LEVELS = 8
_SMALLEST_SIDE = 20
_EDGE = 12
_FAST_THRESHOLD = 5
_FOUND = 5000
_CELL = 1 / 10
_SPREAD_SHARE = 0.5
_ROW = 1 << 20


class KeypointsError(KiyomeError):
    """Packed points cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Points of one picture: first those that cover it evenly, then the strongest others.

    Attributes:
        width, height: size in pixels at which the picture was looked at.
        places: float32, points x 2: x and y in these pixels.
        levels: uint8: the size of a point is ``LEVEL_STEP ** level`` pixels.
        angles: float32: direction in radians, 0 to 2 pi.
        colours: uint8, points x 3: mean RGB around the point.
        codes: int8, points x 64: descriptors.
        sketch: the picture itself, small (``draw_sketch``); empty where only points are kept.
    """

    width: int
    height: int
    places: Floats
    levels: npt.NDArray[np.uint8]
    angles: Floats
    colours: npt.NDArray[np.uint8]
    codes: Codes
    sketch: bytes = b""

    def __len__(self) -> int:
        return len(self.places)

    def pack(self) -> bytes:
        """Bytes to be kept: a header of 14 bytes, 41 bytes a point, and the sketch."""
        records = np.zeros(len(self), _RECORD)
        records["place"] = np.clip(np.rint(self.places * _FINE), 0, 65535)
        records["level"] = self.levels
        records["angle"] = np.rint(self.angles * (_TURN / (2 * np.pi))).astype(np.int64) % _TURN
        records["colour"] = self.colours
        records["codes"] = pack_codes(self.codes)
        head = _HEADER.pack(_MAGIC, self.width, self.height, len(self), len(self.sketch))
        return head + records.tobytes() + self.sketch

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read what ``pack`` wrote.

        Raises:
            KeypointsError: the bytes are cut short, too long, or not such points.
        """
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise KeypointsError("These are not packed points.", _REMEDY)
        _, width, height, count, drawn = _HEADER.unpack_from(data)
        points_end = _HEADER.size + count * _RECORD.itemsize
        if len(data) != points_end + drawn or not (width and height):
            raise KeypointsError(f"The {len(data)} bytes of {count} points are damaged.", _REMEDY)
        records = np.frombuffer(data, _RECORD, count, _HEADER.size)
        return cls(
            width,
            height,
            (records["place"] / _FINE).astype(np.float32),
            records["level"].copy(),
            _angles_of(records["angle"]),
            records["colour"].copy(),
            unpack_codes(records["codes"]),
            data[points_end:],
        )

    def mirrored(self) -> Keypoints:
        """The points of the picture mirrored left to right, without a sketch."""
        places = self.places.copy()
        places[:, 0] = self.width - 1 - places[:, 0]
        turned = np.mod(np.pi - self.angles, 2 * np.pi)
        angles = turned.astype(np.float32)
        codes = mirror_codes(self.codes)
        return Keypoints(self.width, self.height, places, self.levels, angles, self.colours, codes)

    def chosen(self, which: npt.NDArray[np.intp] | Mask) -> Keypoints:
        """Some of the points, in the order of ``which``, without the sketch."""
        return Keypoints(
            self.width,
            self.height,
            self.places[which],
            self.levels[which],
            self.angles[which],
            self.colours[which],
            self.codes[which],
        )


_REMEDY = "Remove the cached features and run again."


def extraction_fingerprint() -> str:
    """What the points of a picture depend on, besides its pixels."""
    made_with = f"opencv/{cv2.__version__}/{projection_digest()[:16]}"
    return f"local/{EXTRACTION_VERSION}/{SKETCHES_VERSION}/{made_with}"


def extract(
    pixels: Pixels,
    mask: Mask | None = None,
    *,
    side: int | None = None,
    most: int = MAX_POINTS,
    sketched: bool = True,
) -> Keypoints:
    """Find and describe the points of a picture.

    The same pixels give the same points, in any thread.

    Args:
        pixels: uint8, height x width x 3, RGB.
        mask: points lie only where it holds; height x width. Their surroundings are seen whole.
        side: the longer side, in pixels, at which to look; by default at most ``WORKING_SIDE``,
            with small pictures enlarged to up to twice their size.
        most: points kept.
        sketched: whether a sketch is kept beside them.
    """
    # Holds for the whole process: pictures are looked at side by side, each on one core.
    cv2.setNumThreads(1)
    working = _at_working_size(pixels, side)
    height, width = working.shape[:2]
    grey = np.asarray(cv2.cvtColor(working, cv2.COLOR_RGB2GRAY), np.uint8)
    sketch = draw_sketch(working, grey) if sketched else b""
    levels = _levels_of(height, width)
    if not levels:
        return _no_points(width, height, sketch)
    seen = None
    if mask is not None:
        seen = cv2.resize(
            mask.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_NEAREST
        )
    detector = cv2.ORB.create(
        nfeatures=_FOUND,
        scaleFactor=LEVEL_STEP,
        nlevels=levels,
        edgeThreshold=_EDGE,
        fastThreshold=_FAST_THRESHOLD,
    )
    found = detector.detect(grey, seen)
    if not found:
        return _no_points(width, height, sketch)
    kept = [found[i] for i in _spread_out(found, max(width, height), most)]
    table = np.array([(*p.pt, p.octave, p.angle) for p in kept], np.float32)
    # Kept as packed, so that a picture is described alike before and after it was kept.
    places = (np.rint(table[:, :2] * _FINE) / _FINE).astype(np.float32)
    angles = _angles_of((np.rint(table[:, 3] * (_TURN / 360)) % _TURN).astype(np.uint8))
    octaves = table[:, 2].astype(np.uint8)
    codes = describe_patches(sample_patches(grey, places, octaves, angles))
    colours = _colours_at(working, places)
    return Keypoints(width, height, places, octaves, angles, colours, codes, sketch)


def _angles_of(turns: npt.NDArray[np.uint8]) -> Floats:
    """Radians of directions that are kept in 256ths of a turn."""
    return (turns.astype(np.float64) * (2 * np.pi / _TURN)).astype(np.float32)


def _at_working_size(pixels: Pixels, side: int | None) -> Pixels:
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if side is None:
        side = min(WORKING_SIDE, longer)
        if longer < _ENLARGED_BELOW:
            side = min(2 * longer, _ENLARGED_BELOW)
    if side == longer:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    way = cv2.INTER_AREA if side < longer else cv2.INTER_LINEAR
    return cv2.resize(pixels, size, interpolation=way)  # type: ignore[return-value]


def _levels_of(height: int, width: int) -> int:
    """Levels of the pyramid on which there is room for a point."""
    levels = 0
    while (
        levels < _LEVELS and min(height, width) / LEVEL_STEP**levels >= _SMALLEST_SIDE + 2 * _EDGE
    ):
        levels += 1
    return levels


def _spread_out(found: Sequence[cv2.KeyPoint], longer: int, most: int) -> list[int]:
    """The strongest points, but of each cell of a grid its best before another's second best."""
    places = np.asarray(cv2.KeyPoint.convert(found), np.float32)
    strength = np.fromiter((p.response for p in found), np.float32, len(found))
    x, y = places[:, 0], places[:, 1]
    order = np.lexsort((np.arange(len(found)), x, y, -strength))
    side = max(1.0, longer * _CELL)
    cells = (y[order] // side).astype(np.int64) * _ROW + (x[order] // side).astype(np.int64)
    by_cell = np.argsort(cells, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(cells[by_cell]) != 0])
    sizes = np.diff(np.r_[starts, len(cells)])
    ranks = np.empty(len(cells), np.int64)
    ranks[by_cell] = np.arange(len(cells)) - np.repeat(starts, sizes)
    # The rest goes by strength, so that a small motif of strong lines keeps many.
    spread = round(most * _SPREAD_SHARE)
    strongest = np.arange(len(cells))
    strongest[np.argsort(ranks, kind="stable")[:spread]] -= len(cells)
    chosen: list[int] = order[np.argsort(strongest, kind="stable")[:most]].tolist()
    return chosen


def _colours_at(working: Pixels, places: Floats) -> npt.NDArray[np.uint8]:
    smooth = cv2.blur(working, (9, 9))
    x = np.clip(np.rint(places[:, 0]).astype(np.intp), 0, working.shape[1] - 1)
    y = np.clip(np.rint(places[:, 1]).astype(np.intp), 0, working.shape[0] - 1)
    return np.ascontiguousarray(smooth[y, x])


def _no_points(width: int, height: int, sketch: bytes) -> Keypoints:
    return Keypoints(
        width,
        height,
        np.zeros((0, 2), np.float32),
        np.zeros(0, np.uint8),
        np.zeros(0, np.float32),
        np.zeros((0, 3), np.uint8),
        np.zeros((0, DIMENSION), np.int8),
        sketch,
    )

"""Perceptual fingerprints: is this picture a copy of that one, edited at most?

PDQ (Facebook, 2019) gives 256 bits of a picture's coarse structure. Two bit patterns that differ
in 31 places or fewer are commonly read as copies. It survives re-encoding, scaling, squashing,
blur and colour changes; it does not survive cropping, pasting or rotation by odd angles.

PDQ blurs a picture by its size before it samples it, so that a picture and its scaled copy, hashed
as they are, may lie 20 bits apart. Every picture is therefore brought to the same square first: of
300 drawn pictures scaled to 60 %, 98 % stay within 31 bits instead of 73 %. The price is that the
hashes cannot be compared with lists of PDQ hashes from elsewhere.

Turned and mirrored copies are found by hashing each *reference* in its eight orientations, so
that a query costs one hash. The eight are hashed from turned pixels: deriving them from the hash's
own transform, as the algorithm allows, was measured to be off by up to 32 bits, which is more than
the whole distance at which a copy is called a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

Pixels = npt.NDArray[np.uint8]

PDQ_BITS = 256
PDQ_BYTES = PDQ_BITS // 8
PDQ_SIDE = 256
"""Side of the square, in pixels, to which every picture is brought before it is hashed."""

DECODED_SIDE = 2 * PDQ_SIDE
"""Longer side, in pixels, at which a picture should be decoded to be hashed."""

QUALITY_FLOOR = 50
"""PDQ's quality, 0 to 100, below which a hash says nothing.

A plain or nearly plain picture has no structure to hash, and such hashes lie close to each other by
accident. Of 3,523 drawn pictures 42 lie below 50. Their exact copies are still found by SHA-256.
"""

FINGERPRINT_VERSION = f"pdq/1 pdqhash/{version('pdqhash')} side/{PDQ_SIDE}"

ORIENTATIONS = (
    "as it is",
    "turned by 90 degrees",
    "turned by 180 degrees",
    "turned by 270 degrees",
    "mirrored left to right",
    "mirrored top to bottom",
    "mirrored along the diagonal",
    "mirrored along the other diagonal",
)


@dataclass(frozen=True, slots=True)
class PdqHash:
    """A PDQ fingerprint.

    Attributes:
        bits: 32 bytes, most significant bit first, as the reference implementation prints them.
        quality: 0 to 100; see ``QUALITY_FLOOR``.
    """

    bits: bytes
    quality: int

    @property
    def speaks(self) -> bool:
        """Whether the picture has enough structure for the hash to mean anything."""
        return self.quality >= QUALITY_FLOOR


def hash_pixels(pixels: Pixels) -> PdqHash:
    """PDQ of a picture.

    Args:
        pixels: uint8, height x width x 3, RGB.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    square = np.asarray(image.resize((PDQ_SIDE, PDQ_SIDE), Image.Resampling.BICUBIC))
    bits, quality = pdqhash.compute(square)
    return PdqHash(np.packbits(bits.astype(np.uint8)).tobytes(), int(quality))


def hash_orientations(pixels: Pixels) -> tuple[PdqHash, ...]:
    """PDQ of a picture turned and mirrored, in the order of ``ORIENTATIONS``."""
    turned = [np.rot90(pixels, quarter) for quarter in range(4)]
    mirrored = [pixels[:, ::-1], pixels[::-1], pixels.transpose(1, 0, 2)]
    mirrored.append(np.rot90(pixels, 2).transpose(1, 0, 2))
    return tuple(hash_pixels(variant) for variant in (*turned, *mirrored))


def hamming_distance(one: bytes, other: bytes) -> int:
    """Number of bits in which two hashes differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


class HammingIndex:
    """Exact search for the stored hashes within a distance, by FAISS."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self._index: Any = faiss.IndexBinaryFlat(PDQ_BITS)
        if hashes:
            self._index.add(_as_matrix(hashes))

    def search(self, queries: Sequence[bytes], max_distance: int) -> list[list[tuple[int, int]]]:
        """For each query the (position, distance) of every stored hash within ``max_distance``.

        Nearest first, equal distances in order of position.
        """
        if not queries or self._index.ntotal == 0:
            return [[] for _ in queries]
        # FAISS returns what is strictly nearer than the radius.
        limits, distances, positions = self._index.range_search(
            _as_matrix(queries), max_distance + 1
        )
        found = []
        for start, end in zip(limits[:-1].tolist(), limits[1:].tolist(), strict=True):
            pairs = zip(positions[start:end].tolist(), distances[start:end].tolist(), strict=True)
            found.append(sorted(((p, int(d)) for p, d in pairs), key=lambda hit: (hit[1], hit[0])))
        return found

    def near(self, queries: npt.NDArray[np.uint8], max_distance: int) -> npt.NDArray[np.bool_]:
        """For each query, a row of bytes, whether a stored hash lies within ``max_distance``."""
        if not len(queries) or self._index.ntotal == 0:
            return np.zeros(len(queries), bool)
        distances, _ = self._index.search(np.ascontiguousarray(queries), 1)
        return np.asarray(distances[:, 0] <= max_distance)


def _as_matrix(hashes: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(len(hashes), PDQ_BYTES)

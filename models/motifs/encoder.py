"""What an image encoder is.

An encoder turns a picture into a vector; the cosine between two vectors says how much the pictures
are alike *in that encoder's eyes*. What a cosine of 0.8 means differs from encoder to encoder, so
each one says from where on a look is worth while, and what it cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.motifs.fingerprints import Pixels

Embeddings = npt.NDArray[np.float32]
PullProgress = Callable[[int, int], None]
"""Called with the bytes fetched so far and the bytes in all (0 while unknown)."""

BUILTIN = "builtin:layout"
BUILTIN_ART = "builtin:art"
MAX_PARTS = 40
"""Parts of a picture that an encoder may look at, besides the whole."""

OPEN_CLIP_PREFIX = "open_clip:"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What an encoder saw of one picture.

    Attributes:
        whole: the embedding of the whole picture.
        parts: embeddings of parts of it, one a row; none where the encoder looks at no parts.
        boxes: x0, y0, x1, y1 of each part, as fractions of the picture.
    """

    whole: npt.NDArray[np.floating[Any]]
    parts: npt.NDArray[np.floating[Any]]
    boxes: npt.NDArray[np.floating[Any]]


class Encoder(Protocol):
    """An image encoder. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """The spec it was loaded from, as it appears in findings and reports."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the weights, the preprocessing and the version of our code around them."""

    @property
    def identity(self) -> str:
        """SHA-256 over what its cosines mean: the weights and the preprocessing, whatever runs
        them. A calibration belongs to an identity."""

    @property
    def dimension(self) -> int:
        """Length of an embedding."""

    @property
    def cohort(self) -> Embeddings:
        """Embeddings of pictures that stand for any others, one a row; none where unknown.

        A picture that is like many of them is like everything, and its cosines say less
        (``models.motifs.cohort``).
        """

    @property
    def suggested_score(self) -> float:
        """Likeness from which a resemblance is worth a reviewer's look: the cosine, where there is
        no cohort."""

    @property
    def floor_score(self) -> float:
        """Likeness below which nothing is recorded; well below ``suggested_score``."""

    @property
    def limits(self) -> str:
        """What it does not see, in one honest paragraph for reports."""

    @property
    def view_size(self) -> int:
        """Longer side, in pixels, beyond which a larger picture tells it nothing more."""

    @property
    def batch_size(self) -> int:
        """How many pictures it likes at once. 1: it is as fast one by one, in many threads."""

    def encode(self, images: Sequence[Pixels]) -> Embeddings:
        """Embeddings of pictures.

        Args:
            images: uint8, height x width x 3, RGB, of any sizes.

        Returns:
            float32, one row per picture, each of length 1; all zeros for a picture in which the
            encoder sees nothing at all, so that it resembles nothing.
        """

    def look(self, images: Sequence[Pixels]) -> list[Seen]:
        """The same embeddings, each with those of the picture's parts.

        Args:
            images: as ``encode`` takes them.

        Returns:
            One for each picture, with at most ``MAX_PARTS`` parts.
        """

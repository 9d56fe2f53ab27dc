"""What an image encoder is, and how one is loaded from the settings.

An encoder turns a picture into a vector; the cosine between two vectors says how much the pictures
are alike *in that encoder's eyes*. What a cosine of 0.8 means differs from encoder to encoder, so
each one says from where on a look is worth while, and what it cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.errors import EncoderError
from models.motifs.fingerprints import Pixels

Embeddings = npt.NDArray[np.float32]
PullProgress = Callable[[int, int], None]
"""Called with the bytes fetched so far and the bytes in all (0 while unknown)."""

BUILTIN = "builtin:layout"
OPEN_CLIP_PREFIX = "open_clip:"


class Encoder(Protocol):
    """An image encoder. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """The spec it was loaded from, as it appears in findings and reports."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the weights, the preprocessing and the version of our code around them."""

    @property
    def dimension(self) -> int:
        """Length of an embedding."""

    @property
    def suggested_score(self) -> float:
        """Cosine from which a resemblance is worth a reviewer's look."""

    @property
    def floor_score(self) -> float:
        """Cosine below which nothing is recorded; well below ``suggested_score``."""

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


def load_encoder(spec: str) -> Encoder:
    """Load an encoder. Nothing is ever downloaded here, and no weights are ever made up.

    Args:
        spec: ``builtin:layout``; ``open_clip:<model>/<pretrained tag>``;
            ``open_clip:<model>/<weights file>``, where an absolute path gives two slashes
            (``open_clip:ViT-B-32//srv/vit.safetensors``); or ``open_clip:folder:<path>``, a folder
            that holds ``open_clip_config.json`` and one weights file.

    Raises:
        EncoderError: the spec is not understood, the weights are absent, damaged or do not cover
            the model.
    """
    if spec == BUILTIN:
        from models.motifs.layout import LayoutEncoder

        return LayoutEncoder()
    if spec.startswith(OPEN_CLIP_PREFIX):
        from models.motifs.clip import load_open_clip

        return load_open_clip(spec)
    raise _not_understood(spec)


def pull_encoder(spec: str, progress: PullProgress) -> Path | None:
    """Fetch an encoder's pretrained weights into the local cache.

    Args:
        spec: see ``load_encoder``.
        progress: told how far the download is.

    Returns:
        The weights file, or None for an encoder that needs none.

    Raises:
        EncoderError: the spec names no pretrained tag, or the hub cannot be reached.
    """
    if spec == BUILTIN:
        return None
    if spec.startswith(OPEN_CLIP_PREFIX):
        from models.motifs.weights import pull_weights

        return pull_weights(spec, progress)
    raise _not_understood(spec)


def known_encoders() -> tuple[str, ...]:
    """Every spec that can be loaded after pulling at most: ours, then open_clip's by model."""
    from open_clip.pretrained import list_pretrained

    tags = [f"{OPEN_CLIP_PREFIX}{model}/{tag}" for model, tag in list_pretrained()]
    return (BUILTIN, *tags)


def _not_understood(spec: str) -> EncoderError:
    return EncoderError(
        f"There is no image encoder {spec!r}.",
        f"Set encoder to {BUILTIN}, or to open_clip:<model>/<pretrained tag or weights file>.",
    )

"""What is kept of each reference picture, so that it need not be looked at again.

Each reference is kept by itself, so that a change of the register costs the pictures that changed,
and all of them together, so that a run opens one file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import PIL

from models.canonical import digest_bytes, digest_lines
from models.errors import RegisterError
from models.motifs.encoder import Embeddings, Encoder
from models.motifs.fingerprints import (
    DECODED_SIDE,
    FINGERPRINT_VERSION,
    ORIENTATIONS,
    PDQ_BYTES,
    hash_orientations,
)
from models.motifs.kept_arrays import Arrays, find_arrays, keep_arrays
from models.motifs.local.index import LocalIndex, search_fingerprint
from models.motifs.local.keypoints import WORKING_SIDE, Keypoints, extraction_fingerprint
from models.motifs.local.references import (
    REFERENCES_VERSION,
    LocalReference,
    extract_reference,
)
from models.motifs.local.sketches import ReferenceSketch
from models.motifs.register import Reference, crop_to_motif, describe_reference
from models.motifs.register.pictures import cut_out
from models.motifs.views import VIEWS, VIEWS_VERSION, views_of

LARGE_PART = 0.2
"""The share of a reference that a part must cover to be searched for: a small part of a reference,
such as a plain corner, is in every other picture."""

_CODE_VERSION = "4"
_OF_POINTS = "points_"
_BOX = 4


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFeatures:
    """Of all references, in order.

    Attributes:
        hashes: references x orientations x bytes.
        qualities: of the hashes, references x orientations.
        views: embeddings, one row for each reference and way of showing it.
        parts: embeddings of large parts, as they are and mirrored, in the references' order.
        part_counts: how many of ``parts`` each reference has.
        places: where in the registered picture the motif lies, references x 4, as fractions.
        points: the arrays of the ``LocalIndex`` of all references.
    """

    hashes: npt.NDArray[np.uint8]
    qualities: npt.NDArray[np.int16]
    views: Embeddings
    parts: Embeddings
    part_counts: npt.NDArray[np.int32]
    places: npt.NDArray[np.float64]
    points: Arrays

    def fits(self, count: int, dimension: int) -> bool:
        """Whether the arrays are of ``count`` references and belong together."""
        shapes = {
            "hashes": (count, len(ORIENTATIONS), PDQ_BYTES),
            "qualities": (count, len(ORIENTATIONS)),
            "views": (count * len(VIEWS), dimension),
            "parts": (int(self.part_counts.sum()), dimension),
            "part_counts": (count,),
            "places": (count, _BOX),
        }
        return all(getattr(self, name).shape == shape for name, shape in shapes.items())

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All arrays by name; ``from_arrays`` reads them back."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return plain | {f"{_OF_POINTS}{name}": array for name, array in self.points.items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self | None:
        """Read what ``as_arrays`` gave; None where an array is missing."""
        if not set(_PLAIN) <= set(arrays):
            return None
        points = {
            name.removeprefix(_OF_POINTS): array
            for name, array in arrays.items()
            if name.startswith(_OF_POINTS)
        }
        return cls(**{name: arrays[name] for name in _PLAIN}, points=points)


_PLAIN = ("hashes", "qualities", "views", "parts", "part_counts", "places")


def version_of(references: Sequence[Reference], encoder: Encoder) -> str:
    """Digest of the register's content and of all that its features are made with."""
    content = [describe_reference(reference) for reference in references]
    made_with = [*_made_with(encoder), search_fingerprint()]
    return digest_lines(["kiyome/motif-index", *made_with, *content])


def load_reference_features(
    references: Sequence[Reference],
    encoder: Encoder,
    max_pixels: int,
    *,
    cache: Path | None,
    workers: int,
) -> ReferenceFeatures:
    """Compute the features of all references, or take them from the cache.

    Args:
        references: the register's content.
        encoder: what makes the embeddings.
        max_pixels: a reference with more is refused.
        cache: folder for what was computed, or None. A damaged file there is made again.
        workers: threads that compute.

    Raises:
        RegisterError: a reference's picture is missing, changed or cannot be decoded: nothing may
            be cleared while a motif cannot be looked for.
        WorkspaceError: the cache cannot be written.
    """
    version = version_of(references, encoder)
    path = cache / f"motifs-{version[:32]}.arrays" if cache else None
    kept = find_arrays(path, version) if path else None
    known = ReferenceFeatures.from_arrays(kept) if kept else None
    if known is not None and known.fits(len(references), encoder.dimension):
        return known
    looker = _Looker(encoder, max_pixels, cache)
    with ThreadPoolExecutor(workers, thread_name_prefix="references") as pool:
        features = _join(list(pool.map(looker.look, references)), encoder.dimension)
    if path:
        keep_arrays(path, features.as_arrays(), version)
    return features


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """Of one reference."""

    hashes: npt.NDArray[np.uint8]
    qualities: npt.NDArray[np.int16]
    views: Embeddings
    parts: Embeddings
    motif_box: npt.NDArray[np.float64]
    local: LocalReference

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        packed = [points.pack() for points in self.local.forms]
        return {
            **{name: getattr(self, name) for name in _OF_ONE},
            "points": np.frombuffer(b"".join(packed), np.uint8),
            "ends": np.cumsum([len(each) for each in packed], dtype=np.int64),
            "light": self.local.sketch.light,
            "chroma": self.local.sketch.chroma,
            "shown": self.local.sketch.shown,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> _Looked | None:
        if not {*_OF_ONE, "points", "ends", "light", "chroma", "shown"} <= set(arrays):
            return None
        ends = [0, *arrays["ends"].tolist()]
        forms = [Keypoints.unpack(arrays["points"][a:b].tobytes()) for a, b in pairwise(ends)]
        sketch = ReferenceSketch(arrays["light"], arrays["chroma"], arrays["shown"])
        local = LocalReference(tuple(forms), sketch)
        return cls(**{name: arrays[name] for name in _OF_ONE}, local=local)


_OF_ONE = ("hashes", "qualities", "views", "parts", "motif_box")


class _Looker:
    """Looks at references, or takes what was seen of them before from the cache."""

    def __init__(self, encoder: Encoder, max_pixels: int, cache: Path | None) -> None:
        self._made_with = digest_lines(["kiyome/reference", *_made_with(encoder)])
        self._folder = cache / "references" / self._made_with[:32] if cache else None
        self._encoder = encoder
        self._max_pixels = max_pixels
        # An encoder that takes batches uses every core by itself: one thread runs it at a time.
        self._turn: AbstractContextManager[object] = (
            nullcontext() if encoder.batch_size == 1 else Lock()
        )

    def look(self, reference: Reference) -> _Looked:
        path = None
        of = digest_lines([self._made_with, reference.id, repr(reference.box)])
        if self._folder:
            path = self._folder / f"{of[:32]}.arrays"
            kept = find_arrays(path, of)
            known = _Looked.from_arrays(kept) if kept else None
            if known is not None:
                return known
        looked = self._compute(reference)
        if path:
            keep_arrays(path, looked.as_arrays(), of)
        return looked

    def _compute(self, reference: Reference) -> _Looked:
        # Whether a picture is fit to be a reference was decided when it was registered, at another
        # size: judged anew, one at the edge of a limit would stop every run.
        picture = cut_out(
            _read_picture(reference),
            max_pixels=self._max_pixels,
            fit=max(DECODED_SIDE, WORKING_SIDE, self._encoder.view_size),
            box=reference.box,
        )
        hashed = hash_orientations(picture.pixels)
        motif = crop_to_motif(picture)
        shown = views_of(motif.pixels)
        with self._turn:
            views = self._encoder.encode(shown)
            seen = self._encoder.look(shown[:2])
        return _Looked(
            np.array([np.frombuffer(h.bits, np.uint8) for h in hashed]),
            np.array([h.quality for h in hashed], np.int16),
            views,
            np.concatenate([each.parts[_large(each.boxes)] for each in seen]),
            np.array(motif.box),
            extract_reference(motif.pixels, motif.mask),
        )


def _made_with(encoder: Encoder) -> list[str]:
    return [
        _CODE_VERSION,
        FINGERPRINT_VERSION,
        VIEWS_VERSION,
        extraction_fingerprint(),
        REFERENCES_VERSION,
        f"pillow/{PIL.__version__}",
        encoder.fingerprint,
    ]


def _join(looked: Sequence[_Looked], dimension: int) -> ReferenceFeatures:
    none = np.zeros((0, dimension), np.float32)
    shape = (len(looked), len(ORIENTATIONS))
    return ReferenceFeatures(
        np.array([each.hashes for each in looked], np.uint8).reshape(*shape, PDQ_BYTES),
        np.array([each.qualities for each in looked], np.int16).reshape(shape),
        np.concatenate([none, *(each.views for each in looked)]).astype(np.float32),
        np.concatenate([none, *(each.parts for each in looked)]).astype(np.float32),
        np.array([len(each.parts) for each in looked], np.int32),
        np.array([each.motif_box for each in looked], np.float64).reshape(-1, _BOX),
        LocalIndex.build([each.local for each in looked]).to_arrays(),
    )


def _large(boxes: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray(areas >= LARGE_PART)


def _read_picture(reference: Reference) -> bytes:
    remedy = f"Register {reference.label!r} again from its original file."
    try:
        data = reference.path.read_bytes()
    except OSError as error:
        raise RegisterError(
            f"The reference picture of {reference.label!r} cannot be read: "
            f"{error.strerror or error}.",
            remedy,
        ) from error
    if digest_bytes(data) != reference.id:
        raise RegisterError(
            f"The reference picture of {reference.label!r} is no longer the one registered.", remedy
        )
    return data

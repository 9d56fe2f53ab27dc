"""What is kept of each reference picture, so that it need not be looked at again."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Lock
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import PIL

from models.canonical import digest_bytes, digest_lines
from models.errors import RegisterError, WorkspaceError
from models.files import write_atomically
from models.motifs.alignment import Box
from models.motifs.encoder import Embeddings, Encoder
from models.motifs.fingerprints import (
    DECODED_SIDE,
    FINGERPRINT_VERSION,
    ORIENTATIONS,
    PDQ_BYTES,
    hash_orientations,
)
from models.motifs.local.index import INDEX_VERSION, LocalIndex
from models.motifs.local.keypoints import WORKING_SIDE, Keypoints, extraction_fingerprint
from models.motifs.local.references import REFERENCES_VERSION, extract_reference
from models.motifs.register import Reference, crop_to_motif, decode_reference
from models.motifs.views import VIEWS, VIEWS_VERSION, views_of

LARGE_PART = 0.2
"""The share of a reference that a part must cover to be searched for: a small part of a reference,
such as a plain corner, is in every other picture."""

_CODE_VERSION = "2"
_MAGIC = b"kiyome motif index 2\n"
_SHA256_BYTES = 32


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFeatures:
    """Of all references, in order.

    Attributes:
        hashes: references x orientations x bytes.
        qualities: of the hashes, references x orientations.
        views: embeddings, one row for each reference and way of showing it.
        parts: embeddings of large parts, as they are and mirrored, in the references' order.
        part_counts: how many of ``parts`` each reference has.
        points: the arrays of the ``LocalIndex`` of all references.
        places: where in the registered picture the motif lies, references x 4, as fractions.
    """

    hashes: npt.NDArray[np.uint8]
    qualities: npt.NDArray[np.int16]
    views: Embeddings
    parts: Embeddings
    part_counts: npt.NDArray[np.int32]
    points: Mapping[str, npt.NDArray[Any]]
    places: npt.NDArray[np.float64]

    def fits(self, count: int, dimension: int) -> bool:
        """Whether the arrays are of ``count`` references and belong together."""
        shapes = {
            "hashes": (count, len(ORIENTATIONS), PDQ_BYTES),
            "qualities": (count, len(ORIENTATIONS)),
            "views": (count * len(VIEWS), dimension),
            "parts": (int(self.part_counts.sum()), dimension),
            "part_counts": (count,),
            "places": (count, 4),
        }
        return all(getattr(self, name).shape == shape for name, shape in shapes.items())


def version_of(references: Sequence[Reference], encoder: Encoder) -> str:
    """Digest of the register's content and of all that its features are made with."""
    made_by = [
        _CODE_VERSION,
        FINGERPRINT_VERSION,
        VIEWS_VERSION,
        extraction_fingerprint(),
        REFERENCES_VERSION,
        INDEX_VERSION,
    ]
    content = [f"{r.id}\0{r.label}\0{r.category}\0{r.box}" for r in references]
    return digest_lines(
        [
            "kiyome/motif-index",
            *made_by,
            f"pillow/{PIL.__version__}",
            encoder.fingerprint,
            *content,
        ]
    )


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
        cache: folder for computed features, or None. A damaged file there is made again.
        workers: threads that compute them.

    Raises:
        RegisterError: a reference's picture is missing, changed or cannot be decoded: nothing may
            be cleared while a motif cannot be looked for.
        WorkspaceError: the cache cannot be written.
    """
    version = version_of(references, encoder)
    kept = _read_cache(cache, version) if cache else None
    if kept is not None and kept.fits(len(references), encoder.dimension):
        return kept
    features = _compute(references, encoder, max_pixels, workers)
    if cache:
        _write_cache(cache, version, features)
    return features


_PLAIN = tuple(field.name for field in fields(ReferenceFeatures) if field.name != "points")
_POINTS = "points_"


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    hashes: npt.NDArray[np.uint8]
    qualities: npt.NDArray[np.int16]
    views: Embeddings
    parts: Embeddings
    forms: tuple[Keypoints, ...]
    place: Box


def _compute(
    references: Sequence[Reference], encoder: Encoder, max_pixels: int, workers: int
) -> ReferenceFeatures:
    fit = max(DECODED_SIDE, WORKING_SIDE, encoder.view_size)
    # An encoder that takes batches uses every core by itself: only one thread runs it at a time.
    turn: AbstractContextManager[object] = nullcontext() if encoder.batch_size == 1 else Lock()

    def look(reference: Reference) -> _Looked:
        picture = decode_reference(
            _read_picture(reference), max_pixels=max_pixels, fit=fit, box=reference.box
        )
        hashed = hash_orientations(picture.pixels)
        motif = crop_to_motif(picture)
        forms = extract_reference(motif.pixels, motif.mask)
        shown = views_of(motif.pixels)
        with turn:
            views = encoder.encode(shown)
            seen = encoder.look(shown[:2])
        return _Looked(
            np.array([np.frombuffer(h.bits, np.uint8) for h in hashed]),
            np.array([h.quality for h in hashed], np.int16),
            views,
            np.concatenate([each.parts[_large(each.boxes)] for each in seen]),
            forms,
            motif.box,
        )

    with ThreadPoolExecutor(workers, thread_name_prefix="references") as pool:
        looked = list(pool.map(look, references))
    none = np.zeros((0, encoder.dimension), np.float32)
    shape = (len(references), len(ORIENTATIONS))
    return ReferenceFeatures(
        np.array([each.hashes for each in looked], np.uint8).reshape(*shape, PDQ_BYTES),
        np.array([each.qualities for each in looked], np.int16).reshape(shape),
        np.concatenate([none, *(each.views for each in looked)]).astype(np.float32),
        np.concatenate([none, *(each.parts for each in looked)]).astype(np.float32),
        np.array([len(each.parts) for each in looked], np.int32),
        LocalIndex.build([each.forms for each in looked]).to_arrays(),
        np.array([each.place for each in looked], np.float64).reshape(-1, 4),
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


def _write_cache(folder: Path, version: str, features: ReferenceFeatures) -> None:
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {name: getattr(features, name) for name in _PLAIN}
    arrays |= {f"{_POINTS}{name}": array for name, array in features.points.items()}
    np.savez(buffer, **arrays)
    body = buffer.getvalue()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        seal = bytes.fromhex(digest_bytes(body))
        write_atomically(_cache_path(folder, version), _MAGIC + seal + body)
    except OSError as error:
        raise WorkspaceError(
            f"The motif index cannot be kept in {folder}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def _read_cache(folder: Path, version: str) -> ReferenceFeatures | None:
    """The cached features, or None where there are none that are whole."""
    try:
        data = _cache_path(folder, version).read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + _SHA256_BYTES
    body = data[head:]
    if data[:head] != _MAGIC + bytes.fromhex(digest_bytes(body)):
        return None
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            points = {
                name.removeprefix(_POINTS): arrays[name]
                for name in arrays.files
                if name.startswith(_POINTS)
            }
            return ReferenceFeatures(**{name: arrays[name] for name in _PLAIN}, points=points)
    except (BadZipFile, KeyError, ValueError, OSError):
        return None


def _cache_path(folder: Path, version: str) -> Path:
    return folder / f"motifs-{version[:32]}.npz"

"""The reference index: every registered motif, searchable by file, by fingerprint and by encoder.

All three searches are exact. FAISS proposes; the cosine that is reported is computed again from
the two vectors alone, because a batched matrix product rounds differently with the batch's size.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self
from zipfile import BadZipFile

import faiss
import numpy as np
import numpy.typing as npt
import PIL

from models.canonical import digest_bytes, digest_lines
from models.errors import EncoderError, RegisterError, WorkspaceError
from models.files import write_atomically
from models.motifs.encoder import Embeddings, Encoder
from models.motifs.fingerprints import (
    DECODED_SIDE,
    FINGERPRINT_VERSION,
    ORIENTATIONS,
    PDQ_BYTES,
    QUALITY_FLOOR,
    HammingIndex,
    PdqHash,
    hash_orientations,
)
from models.motifs.register import Reference, decode_reference
from models.motifs.views import VIEWS, VIEWS_VERSION, views_of

COPY_REACH = 90
"""PDQ distance up to which a match is recorded; the policy's ``copy_distance`` lies below it."""

BEST_KEPT = 5
"""Matches kept for one asset and one way of matching."""

_CODE_VERSION = "1"
_MAGIC = b"kiyome motif index 1\n"
_SHA256_BYTES = 32
_SEARCHED = 1024
# A cosine within rounding of the floor must be proposed, whichever way FAISS rounded it.
_SLACK = 1e-3


@dataclass(frozen=True, slots=True)
class Query:
    """What is known of one asset's picture."""

    asset_id: str
    pdq: PdqHash
    embedding: npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Match:
    """One reference that an asset matches, in one way.

    Attributes:
        reference: what was matched.
        by: ``file`` (the same bytes), ``pdq`` or ``encoder``.
        score: 0..1: 1 for the same file, the share of equal bits for PDQ, else the cosine.
        distance: PDQ bits that differ; 0 for the same file, None for the encoder.
        view: how the reference was shown when it matched best, for a reader; empty as it is.
    """

    reference: Reference
    by: Literal["file", "pdq", "encoder"]
    score: float
    distance: int | None
    view: str


@dataclass(frozen=True, slots=True)
class _Features:
    """Of all references, in order: eight hashes and three embeddings each."""

    hashes: npt.NDArray[np.uint8]
    qualities: npt.NDArray[np.int16]
    embeddings: Embeddings


class ReferenceIndex:
    """The registered motifs, ready to be searched. Safe to search from several threads.

    Attributes:
        references: by id.
        encoder_name, encoder_fingerprint, suggested_score: of the encoder that it was built with.
        version: digest of the register's content and of everything that was computed from it.
    """

    def __init__(
        self, references: tuple[Reference, ...], encoder: Encoder, version: str, features: _Features
    ) -> None:
        self.references = references
        self.encoder_name = encoder.name
        self.encoder_fingerprint = encoder.fingerprint
        self.suggested_score = encoder.suggested_score
        self.floor_score = encoder.floor_score
        self.dimension = encoder.dimension
        self.version = version
        self._by_id = {reference.id: reference for reference in references}
        self._weak = tuple(
            r for r, hashes in zip(references, _hashes_of(features), strict=True) if not hashes
        )
        self._sources, hashes = [], []
        for number, kept in enumerate(_hashes_of(features)):
            self._sources += [(number, orientation) for orientation in range(len(kept))]
            hashes += kept
        self._hamming = HammingIndex(hashes)
        self._vectors = features.embeddings.astype(np.float64)
        self._cosine: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(encoder.dimension))
        if references:
            self._cosine.add_with_ids(
                features.embeddings, np.arange(len(features.embeddings), dtype=np.int64)
            )

    @classmethod
    def build(
        cls,
        references: tuple[Reference, ...],
        encoder: Encoder,
        max_pixels: int,
        *,
        cache: Path | None = None,
        workers: int = 1,
    ) -> Self:
        """Compute the features of all references, or take them from the cache.

        Args:
            references: the register's content.
            encoder: what makes the embeddings.
            max_pixels: a reference with more is refused.
            cache: folder for computed features, or None. A damaged file there is made again.
            workers: threads that compute them.

        Raises:
            RegisterError: a reference's picture is missing, changed or cannot be decoded: nothing
                may be cleared while a motif cannot be looked for.
            WorkspaceError: the cache cannot be written.
        """
        references = tuple(sorted(references, key=lambda reference: reference.id))
        version = _version_of(references, encoder)
        features = _read_cache(cache, version, len(references), encoder) if cache else None
        if features is None:
            features = _compute(references, encoder, max_pixels, workers)
            if cache:
                _write_cache(cache, version, features)
        return cls(references, encoder, version, features)

    @property
    def unhashable(self) -> tuple[Reference, ...]:
        """References too plain for PDQ: only their exact files and the encoder find them."""
        return self._weak

    def search(self, queries: Sequence[Query]) -> list[tuple[Match, ...]]:
        """What each asset matches: the same file first, then by PDQ, then by the encoder.

        At most ``BEST_KEPT`` by PDQ within ``COPY_REACH``, and as many by the encoder from its
        ``floor_score``; each reference once a way, and only once where it is the same file.
        """
        # Holds for the calling thread only: shards are searched side by side, each on one core.
        faiss.omp_set_num_threads(1)
        found: list[tuple[Match, ...]] = []
        for start in range(0, len(queries), _SEARCHED):
            part = queries[start : start + _SEARCHED]
            by_pdq = self._search_pdq(part)
            by_encoder = self._search_encoder(part)
            for query, near, alike in zip(part, by_pdq, by_encoder, strict=True):
                same = self._by_id.get(query.asset_id)
                matches = [Match(same, "file", 1.0, 0, "")] if same else []
                matches += [m for m in (*near, *alike) if m.reference is not same]
                found.append(tuple(matches))
        return found

    def _search_pdq(self, queries: Sequence[Query]) -> list[list[Match]]:
        speaking = [i for i, query in enumerate(queries) if query.pdq.speaks]
        hits = self._hamming.search([queries[i].pdq.bits for i in speaking], COPY_REACH)
        found: list[list[Match]] = [[] for _ in queries]
        for i, near in zip(speaking, hits, strict=True):
            best: dict[int, tuple[int, int]] = {}
            for position, distance in near:
                number, orientation = self._sources[position]
                best.setdefault(number, (distance, orientation))
            for number, (distance, orientation) in list(best.items())[:BEST_KEPT]:
                view = ORIENTATIONS[orientation] if orientation else ""
                score = 1 - distance / (8 * PDQ_BYTES)
                found[i].append(Match(self.references[number], "pdq", score, distance, view))
        return found

    def _search_encoder(self, queries: Sequence[Query]) -> list[list[Match]]:
        total = self._cosine.ntotal
        if not queries or total == 0:
            return [[] for _ in queries]
        embeddings = np.stack([query.embedding for query in queries])
        if embeddings.shape[1] != self.dimension:
            raise EncoderError(
                f"The features have embeddings of {embeddings.shape[1]} numbers, but "
                f"{self.encoder_name} gives {self.dimension}.",
                "Run again, so that the features are made with the encoder of the settings.",
            )
        # Every reference is in the index once for each view, so this many hold the best ones.
        wanted = min(total, 2 * BEST_KEPT * len(VIEWS))
        scores, rows = self._cosine.search(embeddings.astype(np.float32), wanted)
        found = []
        for embedding, near, those in zip(embeddings, scores.tolist(), rows.tolist(), strict=True):
            proposed = [
                row
                for score, row in zip(near, those, strict=True)
                if score >= self.floor_score - _SLACK
            ]
            found.append(self._best(embedding.astype(np.float64), sorted(proposed)))
        return found

    def _best(self, embedding: npt.NDArray[np.float64], rows: list[int]) -> list[Match]:
        best: dict[int, tuple[float, int]] = {}
        for row in rows:
            number, view = divmod(row, len(VIEWS))
            score = round(float(np.sum(embedding * self._vectors[row])), 4)
            if score >= self.floor_score and score > best.get(number, (-1.0, 0))[0]:
                best[number] = (score, view)
        ordered = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
        return [
            Match(self.references[number], "encoder", min(score, 1.0), None, VIEWS[view])
            for number, (score, view) in ordered[:BEST_KEPT]
        ]


def _hashes_of(features: _Features) -> list[list[bytes]]:
    """The hashes of each reference by orientation; none where they would say nothing."""
    return [
        [
            bits.tobytes()
            for bits, quality in zip(hashes, qualities, strict=True)
            if quality >= QUALITY_FLOOR
        ]
        for hashes, qualities in zip(features.hashes, features.qualities, strict=True)
    ]


def _version_of(references: tuple[Reference, ...], encoder: Encoder) -> str:
    made_by = [_CODE_VERSION, FINGERPRINT_VERSION, VIEWS_VERSION, f"pillow/{PIL.__version__}"]
    content = [f"{r.id}\0{r.label}\0{r.category}" for r in references]
    return digest_lines(["kiyome/motif-index", *made_by, encoder.fingerprint, *content])


def _compute(
    references: tuple[Reference, ...], encoder: Encoder, max_pixels: int, workers: int
) -> _Features:
    hashes: list[tuple[PdqHash, ...]] = []
    embeddings: list[Embeddings] = []
    fit = max(DECODED_SIDE, encoder.view_size)
    # An encoder that takes batches uses every core by itself: only one thread runs it at a time.
    turn: AbstractContextManager[object] = nullcontext() if encoder.batch_size == 1 else Lock()

    def look(reference: Reference) -> tuple[tuple[PdqHash, ...], Embeddings]:
        pixels = decode_reference(_picture_of(reference), max_pixels=max_pixels, fit=fit).pixels
        hashed = hash_orientations(pixels)
        with turn:
            return hashed, encoder.encode(views_of(pixels))

    with ThreadPoolExecutor(workers, thread_name_prefix="references") as pool:
        for hashed, embedded in pool.map(look, references):
            hashes.append(hashed)
            embeddings.append(embedded)
    if not references:
        empty = np.zeros((0, encoder.dimension), np.float32)
        shape = (0, len(ORIENTATIONS))
        return _Features(np.zeros((*shape, PDQ_BYTES), np.uint8), np.zeros(shape, np.int16), empty)
    bits = [[np.frombuffer(h.bits, np.uint8) for h in row] for row in hashes]
    return _Features(
        np.array(bits, dtype=np.uint8),
        np.array([[h.quality for h in row] for row in hashes], dtype=np.int16),
        np.concatenate(embeddings).astype(np.float32),
    )


def _picture_of(reference: Reference) -> bytes:
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


def _write_cache(folder: Path, version: str, features: _Features) -> None:
    buffer = io.BytesIO()
    np.savez(
        buffer,
        hashes=features.hashes,
        qualities=features.qualities,
        embeddings=features.embeddings,
    )
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


def _read_cache(folder: Path, version: str, count: int, encoder: Encoder) -> _Features | None:
    """The cached features, or None where there are none that are whole and fit."""
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
            features = _Features(arrays["hashes"], arrays["qualities"], arrays["embeddings"])
    except (BadZipFile, KeyError, ValueError, OSError):
        return None
    wanted = (
        (count, len(ORIENTATIONS), PDQ_BYTES),
        (count, len(ORIENTATIONS)),
        (count * len(VIEWS), encoder.dimension),
    )
    shapes = (features.hashes.shape, features.qualities.shape, features.embeddings.shape)
    return features if shapes == wanted else None


def _cache_path(folder: Path, version: str) -> Path:
    return folder / f"motifs-{version[:32]}.npz"

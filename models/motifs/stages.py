"""The two stages of motifs: what a picture looks like, and which registered motifs it looks like.

They are two so that a new motif costs a search over kept features, and not a look at every picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL
import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Asset, Fault
from models.assets.decoding import MAX_FRAMES, decode_image
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import canonical_json, digest_bytes, digest_lines
from models.errors import EncoderError
from models.findings import Finding, FindingKind
from models.motifs.encoder import Embeddings, Encoder
from models.motifs.fingerprints import (
    DECODED_SIDE,
    FINGERPRINT_VERSION,
    PDQ_BITS,
    PDQ_BYTES,
    PdqHash,
    Pixels,
    hash_pixels,
)
from models.motifs.index import Match, Query, ReferenceIndex
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, describe_failure

_FEATURES_VERSION = "2"
_MOTIFS_VERSION = "2"
_EMBEDDING_TYPE = np.float16
_DETECTORS = {"file": "sha256/1", "pdq": "pdq/1"}


@dataclass(slots=True)
class _Look:
    """What was seen of one asset so far; ``pixels`` only until the encoder has had them."""

    asset_id: str
    fault: Fault | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    frames: int | None = None
    pdq: PdqHash | None = None
    pixels: Pixels | None = None
    embedding: npt.NDArray[np.float16] | None = None

    @property
    def findings(self) -> list[str]:
        """What is worth saying about the file itself, as canonical JSON."""
        return [_as_json(_animated(self.frames))] if self.frames and self.frames > 1 else []


class FeaturesStage:
    """Decodes each picture once and keeps what all later searches need.

    An encoder that takes pictures one by one runs in the worker that decoded them. One that takes
    batches runs between the workers' rounds, never beside them: its own threads use every core.
    """

    name = "features"

    def __init__(self, encoder: Encoder, max_bytes: int, max_pixels: int, workers: int) -> None:
        """Make the stage.

        Args:
            encoder: what makes the embeddings.
            max_bytes, max_pixels: larger files and pictures are faults.
            workers: threads that read, decode and hash.
        """
        self._encoder = encoder
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._workers = workers
        self._fit = max(DECODED_SIDE, encoder.view_size)

    @property
    def fingerprint(self) -> str:
        """Covers the encoder, the hash, the decoder and the limits."""
        return digest_lines(
            [
                self.name,
                _FEATURES_VERSION,
                FINGERPRINT_VERSION,
                f"pillow/{PIL.__version__}",
                f"fit/{self._fit}",
                f"limits/{self._max_bytes}/{self._max_pixels}",
                self._encoder.fingerprint,
            ]
        )

    @property
    def schema(self) -> pa.Schema:
        """One row per asset; findings are canonical JSON of ``Finding.as_dict``."""
        return pa.schema(
            [
                *BASE_FIELDS,
                pa.field("width", pa.int32()),
                pa.field("height", pa.int32()),
                pa.field("format", pa.string()),
                pa.field("frames", pa.int32()),
                pa.field("pdq", pa.binary(PDQ_BYTES)),
                pa.field("pdq_quality", pa.int16()),
                pa.field("embedding", pa.list_(pa.float16(), self._encoder.dimension)),
                pa.field("findings", pa.list_(pa.string())),
            ]
        )

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset."""
        looks: list[_Look] = []
        with ThreadPoolExecutor(self._workers, thread_name_prefix="features") as pool:
            for round_ in self._rounds(assets):
                seen = []
                for look in pool.map(self._look, round_):
                    seen.append(look)
                    if look.pixels is None:
                        progress(1)
                waiting = [look for look in seen if look.pixels is not None]
                for start in range(0, len(waiting), self._encoder.batch_size):
                    batch = waiting[start : start + self._encoder.batch_size]
                    self._embed(batch)
                    progress(len(batch))
                looks += seen
        return _features_table(looks, self.schema)

    def _rounds(self, assets: Sequence[Asset]) -> Iterator[Sequence[Asset]]:
        """How many pictures may be held in memory at a time, undone."""
        batch = self._encoder.batch_size
        size = len(assets) if batch == 1 else batch * max(1, -(-4 * self._workers // batch))
        for start in range(0, len(assets), max(1, size)):
            yield assets[start : start + size]

    def _look(self, asset: Asset) -> _Look:
        look = _Look(asset.asset_id, asset.fault)
        if asset.fault:
            return look
        try:
            image = decode_image(self._read(asset), max_pixels=self._max_pixels, fit=self._fit)
            look.width, look.height = image.width, image.height
            look.format, look.frames = image.format, image.frames
            look.pdq = hash_pixels(image.pixels)
            look.pixels = image.pixels
        except FaultError as error:
            look.fault = error.fault
        except Exception as error:  # noqa: BLE001  one picture must not cost the others their row
            look.fault = _unexpected(error)
        if look.pixels is not None and self._encoder.batch_size == 1:
            self._embed([look])
        return look

    def _read(self, asset: Asset) -> bytes:
        data = read_location(asset.locations[0], self._max_bytes)
        if digest_bytes(data) != asset.asset_id:
            raise FaultError(
                Reason.BYTES_CHANGED, f"{asset.name}: no longer the bytes that were scanned"
            )
        return data

    def _embed(self, looks: Sequence[_Look]) -> None:
        """Give each look its embedding, or a fault; where a batch fails, one by one."""
        try:
            embeddings = self._encode([look.pixels for look in looks if look.pixels is not None])
        except Exception as error:  # noqa: BLE001  one picture must not cost the others their row
            if len(looks) > 1:
                for look in looks:
                    self._embed([look])
                return
            looks[0].fault = _unexpected(error)
        else:
            for look, embedding in zip(looks, embeddings, strict=True):
                if np.isfinite(embedding).all():
                    look.embedding = embedding.astype(_EMBEDDING_TYPE)
                else:
                    detail = f"the embedding of {self._encoder.name} is not finite"
                    look.fault = Fault(Reason.STAGE_FAILED, detail)
        for look in looks:
            look.pixels = None

    def _encode(self, pictures: Sequence[Pixels]) -> Embeddings:
        embeddings = self._encoder.encode(pictures)
        if embeddings.shape != (len(pictures), self._encoder.dimension):
            raise EncoderError(
                f"{self._encoder.name} gave embeddings of shape {embeddings.shape} for "
                f"{len(pictures)} pictures."
            )
        return embeddings


class MotifsStage:
    """Searches the register for what the features of each asset resemble.

    It records everything within the index's reach, and judges nothing: the policy's thresholds are
    applied to the findings, so that a policy edit needs no new search.
    """

    name = "motifs"

    def __init__(self, index: ReferenceIndex, features: pa.Table) -> None:
        """Make the stage for the assets of one features table.

        Args:
            index: the registered motifs.
            features: rows of ``FeaturesStage``, made with the index's encoder.

        Raises:
            EncoderError: the embeddings are not of the index's encoder.
        """
        self._index = index
        self._faults: dict[str, tuple[str, str]] = {}
        self._queries: dict[str, Query] = {}
        self._read(features)

    @property
    def fingerprint(self) -> str:
        """Covers the register, the encoder and this code, and not the policy."""
        index = self._index
        made_with = [index.version, index.encoder_fingerprint, index.encoder_name]
        return digest_lines([self.name, _MOTIFS_VERSION, _FEATURES_VERSION, *made_with])

    @property
    def schema(self) -> pa.Schema:
        """One row per asset; findings are canonical JSON of ``Finding.as_dict``."""
        return pa.schema([*BASE_FIELDS, pa.field("findings", pa.list_(pa.string()))])

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset."""
        queries = [self._queries[a.asset_id] for a in assets if a.asset_id in self._queries]
        matches = dict(zip((q.asset_id for q in queries), self._index.search(queries), strict=True))
        rows = []
        for asset in assets:
            found = matches.get(asset.asset_id)
            fault = None if found is not None else self._fault_of(asset)
            findings = [_as_json(self._finding(match)) for match in found or ()]
            rows.append(
                {
                    "asset_id": asset.asset_id,
                    "fault_code": fault[0] if fault else None,
                    "fault_detail": fault[1] if fault else None,
                    "findings": findings if found is not None else None,
                }
            )
        progress(len(assets))
        return pa.Table.from_pylist(rows, schema=self.schema)

    def _read(self, features: pa.Table) -> None:
        width = features.schema.field("embedding").type.list_size
        if width != self._index.dimension:
            raise EncoderError(
                f"The features have embeddings of {width} numbers, but {self._index.encoder_name} "
                f"gives {self._index.dimension}.",
                "Run again, so that the features are made with the encoder of the settings.",
            )
        for row in features.filter(pc.is_valid(features["fault_code"])).to_pylist():
            self._faults[row["asset_id"]] = (row["fault_code"], row["fault_detail"])
        sound = features.filter(pc.is_null(features["fault_code"]))
        numbers = [chunk.flatten().to_numpy() for chunk in sound["embedding"].chunks]
        embeddings = np.concatenate([np.zeros(0, _EMBEDDING_TYPE), *numbers])
        hashes = sound.select(["asset_id", "pdq", "pdq_quality"]).to_pylist()
        for row, embedding in zip(hashes, embeddings.reshape(len(hashes), width), strict=True):
            pdq = PdqHash(row["pdq"], row["pdq_quality"])
            self._queries[row["asset_id"]] = Query(row["asset_id"], pdq, embedding)

    def _fault_of(self, asset: Asset) -> tuple[str, str]:
        if asset.asset_id in self._faults:
            return self._faults[asset.asset_id]
        if asset.fault:
            return asset.fault.reason.value, _printable(asset.fault.detail)
        return Reason.STAGE_FAILED.value, "the features stage has no row for this asset"

    def _finding(self, match: Match) -> Finding:
        reference = match.reference
        kind: FindingKind = "motif_resembles" if match.by == "encoder" else "motif_copy"
        return Finding(
            kind=kind,
            detector=_DETECTORS.get(match.by, self._index.encoder_name),
            score=match.score,
            explanation=self._explain(match),
            reference=reference.id,
            label=reference.label,
            category=reference.category,
            distance=match.distance,
        )

    def _explain(self, match: Match) -> str:
        shown = f" ({match.view})" if match.view else ""
        named = f"the reference {match.reference.label!r}{shown}"
        if match.by == "file":
            return f"This is the same file as {named}."
        if match.by == "pdq":
            return (
                f"The PDQ fingerprints of this picture and of {named} differ in "
                f"{match.distance} of {PDQ_BITS} bits."
            )
        return (
            f"{self._index.encoder_name} gives this picture and {named} a cosine of "
            f"{match.score:.2f}; the limit that it suggests is {self._index.suggested_score:.2f}."
        )


def _features_table(looks: Sequence[_Look], schema: pa.Schema) -> pa.Table:
    """One row per look; all columns but the fault are null where there is one."""
    embedding = schema.field("embedding").type
    blank = np.zeros(embedding.list_size, dtype=_EMBEDDING_TYPE)
    rows = []
    for look in looks:
        row: dict[str, object] = {"asset_id": look.asset_id}
        if look.fault:
            row["fault_code"] = look.fault.reason.value
            row["fault_detail"] = _printable(look.fault.detail)
        elif look.pdq:
            row["pdq"], row["pdq_quality"] = look.pdq.bits, look.pdq.quality
            for name in ("width", "height", "format", "frames", "findings"):
                row[name] = getattr(look, name)
        rows.append(row)
    without = pa.Table.from_pylist(rows, schema=schema.remove(schema.get_field_index("embedding")))
    vectors = [blank if look.embedding is None else look.embedding for look in looks]
    column = pa.FixedSizeListArray.from_arrays(
        pa.array(np.concatenate([blank[:0], *vectors]), pa.float16()),
        type=embedding,
        mask=pa.array([look.fault is not None for look in looks], pa.bool_()),
    )
    position = schema.get_field_index("embedding")
    return without.add_column(position, schema.field(position), column)


def _animated(frames: int) -> Finding:
    count = f"at least {frames}" if frames >= MAX_FRAMES else str(frames)
    return Finding(
        kind="image_animated",
        detector="frames/1",
        score=1.0,
        explanation=f"It has {count} frames.",
    )


def _unexpected(error: Exception) -> Fault:
    code, detail = describe_failure(error)
    return Fault(Reason(code), _printable(detail))


def _printable(detail: str) -> str:
    """The detail with what UTF-8 cannot express, as in a file name of other bytes, spelled out."""
    return detail.encode("utf-8", "backslashreplace").decode("utf-8")


def _as_json(finding: Finding) -> str:
    return canonical_json(finding.as_dict()).decode()

"""The features stage: each picture is decoded once, and what later searches need is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import PIL
import pyarrow as pa

from models.assets.asset import Asset, Fault
from models.assets.decoding import MAX_FRAMES, decode_image
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import canonical_json, digest_bytes, digest_lines
from models.errors import EncoderError
from models.findings import Finding
from models.motifs.encoder import Encoder, Seen
from models.motifs.features import features_schema, pack_seen
from models.motifs.fingerprints import (
    DECODED_SIDE,
    FINGERPRINT_VERSION,
    PdqHash,
    Pixels,
    hash_pixels,
)
from models.motifs.local.keypoints import WORKING_SIDE, extract, extraction_fingerprint
from models.reasons import Reason
from models.stages import Progress, describe_failure
from models.unicode import escape_surrogates

FEATURES_VERSION = "3"


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
    points: bytes | None = None
    pixels: Pixels | None = None
    seen: Seen | None = None

    @property
    def findings(self) -> list[str]:
        """What is worth saying about the file itself, as canonical JSON."""
        if not self.frames or self.frames == 1:
            return []
        return [canonical_json(_animated(self.frames).as_dict()).decode()]


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
            workers: threads that read, decode, hash and find points.
        """
        self._encoder = encoder
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._workers = workers
        self._fit = max(DECODED_SIDE, WORKING_SIDE, encoder.view_size)

    @property
    def fingerprint(self) -> str:
        """Covers the encoder, the hash, the points, the decoder and the limits."""
        return digest_lines(
            [
                self.name,
                FEATURES_VERSION,
                FINGERPRINT_VERSION,
                extraction_fingerprint(),
                f"pillow/{PIL.__version__}",
                f"fit/{self._fit}",
                f"limits/{self._max_bytes}/{self._max_pixels}",
                self._encoder.fingerprint,
            ]
        )

    @property
    def schema(self) -> pa.Schema:
        """One row per asset; findings are canonical JSON of ``Finding.as_dict``."""
        return features_schema(self._encoder.dimension)

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset."""
        looks: list[_Look] = []
        with ThreadPoolExecutor(self._workers, thread_name_prefix="features") as pool:
            for round_ in self._rounds(assets):
                taken = []
                for look in pool.map(self._look, round_):
                    taken.append(look)
                    if look.pixels is None:
                        progress(1)
                waiting = [look for look in taken if look.pixels is not None]
                for start in range(0, len(waiting), self._encoder.batch_size):
                    batch = waiting[start : start + self._encoder.batch_size]
                    self._embed(batch)
                    progress(len(batch))
                looks += taken
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
            look.points = extract(image.pixels).pack()
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
        """Give each look what the encoder sees, or a fault; where a batch fails, one by one."""
        try:
            all_seen = self._see([look.pixels for look in looks if look.pixels is not None])
        except Exception as error:  # noqa: BLE001  one picture must not cost the others their row
            if len(looks) > 1:
                for look in looks:
                    self._embed([look])
                return
            looks[0].fault = _unexpected(error)
        else:
            for look, seen in zip(looks, all_seen, strict=True):
                if np.isfinite(seen.whole).all() and np.isfinite(seen.parts).all():
                    look.seen = seen
                else:
                    detail = f"the embedding of {self._encoder.name} is not finite"
                    look.fault = Fault(Reason.STAGE_FAILED, detail)
        for look in looks:
            look.pixels = None

    def _see(self, pictures: Sequence[Pixels]) -> list[Seen]:
        all_seen = self._encoder.look(pictures)
        dimension = self._encoder.dimension
        fits = len(all_seen) == len(pictures) and all(
            seen.whole.shape == (dimension,)
            and seen.parts.shape == (len(seen.boxes), dimension)
            and seen.boxes.shape == (len(seen.parts), 4)
            for seen in all_seen
        )
        if not fits:
            raise EncoderError(
                f"{self._encoder.name} gave embeddings of other shapes than it promises."
            )
        return all_seen


def _features_table(looks: Sequence[_Look], schema: pa.Schema) -> pa.Table:
    """One row per look; all columns but the fault are null where there is one."""
    rows = []
    for look in looks:
        row: dict[str, object] = {"asset_id": look.asset_id}
        if look.fault:
            row["fault_code"] = look.fault.reason.value
            row["fault_detail"] = escape_surrogates(look.fault.detail)
        elif look.pdq:
            row["pdq"], row["pdq_quality"] = look.pdq.bits, look.pdq.quality
            for name in ("width", "height", "format", "frames", "points", "findings"):
                row[name] = getattr(look, name)
            row |= pack_seen(look.seen) if look.seen else {}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)


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
    return Fault(Reason(code), escape_surrogates(detail))

"""What a change of the register of motifs can change, told from the looks that are kept.

A new reference is compared with every picture by fingerprint and by embedding, which is one product
of matrices a shard. Pictures that are alike in any of these ways are searched again in full, points
and all, as the motifs stage does it. A picture that shows the reference and is alike in none, such
as one with a small paste of it, is found by its points alone: only a search of all points, which
``kiyome cleanse`` does, finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.canonical import digest_lines
from models.detectors import Detectors
from models.motifs.cohort import measure_levels
from models.motifs.copies import CopyIndex
from models.motifs.encoder import Encoder
from models.motifs.features import HALF, dimension_of
from models.motifs.fingerprints import PDQ_BYTES
from models.motifs.index import BEST_KEPT
from models.motifs.reference_features import load_reference_features
from models.motifs.risk import Calibration, Curve
from models.parquet import read_parquet
from models.recleansing.origins import Origin
from models.recleansing.outputs import Output

_LOOKS = ("asset_id", "fault_code", "pdq", "pdq_quality", "embedding", "parts")
_ROUNDING = 1e-3
_Floats = npt.NDArray[np.float32]


def by_looks(fingerprint: str) -> str:
    """The fingerprint of outputs that were carried over by looks alone.

    They are kept apart from those of a search of all points.
    """
    return digest_lines(["kiyome/by-looks", fingerprint])


@dataclass(frozen=True, slots=True, eq=False)
class ChangedMotifs:
    """Tells which pictures a change of the register may concern.

    Attributes:
        added, gone: ids of the references that are new or differ, and of those that are gone or
            were different.
    """

    added: tuple[str, ...]
    gone: tuple[str, ...]
    _looks: _Looks | None

    def concerned(self, found: Output, features: Path) -> set[str]:
        """The assets of a shard that have to be searched again.

        Args:
            found: the older output of the motifs stage.
            features: the file with the features of the shard's pictures.

        Raises:
            OSError, pa.ArrowException: the features cannot be read.
            TooFewRowsError: the older output cannot be read any more.
        """
        concerned: set[str] = set()
        if self.gone:
            findings = found.table
            said = pc.binary_join(findings["findings"], "\n")
            hit = pc.greater_equal(pc.list_value_length(findings["findings"]), BEST_KEPT)
            for reference in self.gone:
                hit = pc.or_(hit, pc.match_substring(said, f'"reference":"{reference}"'))
            concerned.update(findings.filter(pc.fill_null(hit, False))["asset_id"].to_pylist())
        if self._looks is not None:
            concerned |= self._looks.find(read_parquet(features, _LOOKS))
        return concerned


class _Looks:
    """New references as fingerprints and embeddings."""

    def __init__(
        self,
        hashes: CopyIndex,
        views: _Floats,
        parts: _Floats,
        encoder: Encoder,
        calibration: Calibration,
    ) -> None:
        self._hashes = hashes
        self._rows = np.concatenate([views, parts]).astype(np.float32)
        self._of_views = len(views)
        self._cohort = encoder.cohort
        self._levels = measure_levels(self._rows, self._cohort)
        curves = (calibration.curves.get(name) for name in ("whole", "part"))
        self._least = min((_starts_at(curve) for curve in curves if curve), default=np.inf)

    def find(self, table: pa.Table) -> set[str]:
        """The pictures of a features table that are alike in any way that counts."""
        table = table.filter(pc.is_null(table["fault_code"])).combine_chunks()
        if not table.num_rows:
            return set()
        pdq = _packed(table["pdq"], np.dtype(np.uint8)).reshape(-1, PDQ_BYTES)
        alike = self._hashes.near(pdq, table["pdq_quality"].to_numpy())
        dimension = dimension_of(table.schema)
        wholes = _packed(table["embedding"], HALF).reshape(-1, dimension).astype(np.float32)
        alike |= self._best(wholes, self._rows) >= self._least - _ROUNDING
        parts = _packed(table["parts"], HALF).reshape(-1, dimension).astype(np.float32)
        if len(parts):
            lengths = pc.binary_length(table["parts"]).to_numpy()
            best = self._best(parts, self._rows[: self._of_views])
            owners = np.repeat(np.arange(len(alike)), lengths // (HALF.itemsize * dimension))
            alike[owners[best >= self._least - _ROUNDING]] = True
        found: list[str] = table["asset_id"].filter(pa.array(alike)).to_pylist()
        return set(found)

    def _best(self, pictures: _Floats, references: _Floats) -> _Floats:
        levels = measure_levels(pictures, self._cohort)[:, None]
        likeness = pictures @ references.T - (self._levels[: len(references)] + levels) / 2
        return np.asarray(likeness.max(axis=1, initial=-1.0), np.float32)


def _starts_at(curve: Curve) -> float:
    """The measure above which a detector adds anything to the risk; infinite where it never does.

    A curve that does not begin at 0 adds something from its first knot on.
    """
    if not curve.adds[-1]:
        return float("inf")
    return curve.at[max(0, sum(adds == 0 for adds in curve.adds) - 1)]


def find_changed_motifs(
    origin: Origin, now: Origin, detectors: Detectors, max_pixels: int, cache: Path
) -> ChangedMotifs:
    """What has changed between two registers of motifs.

    Raises:
        RegisterError: the picture of a new reference is missing or cannot be decoded.
    """
    before, after = origin.references, now.references
    added = tuple(sorted(i for i in after if before.get(i) != after[i]))
    gone = tuple(sorted(i for i in before if after.get(i) != before[i]))
    looks = None
    if added:
        chosen = [r for r in detectors.index.references if r.id in set(added)]
        features = load_reference_features(
            chosen, detectors.encoder, max_pixels, cache=cache, workers=1
        )
        looks = _Looks(
            CopyIndex(features.hashes, features.qualities),
            features.views,
            features.parts,
            detectors.encoder,
            detectors.index.calibration,
        )
    return ChangedMotifs(added, gone, looks)


def _packed(column: pa.ChunkedArray, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """The numbers that a column of bytes holds, one row's after another's; none may be missing."""
    packed = pa.concat_arrays(column.chunks)
    if pa.types.is_fixed_size_binary(packed.type):
        width = packed.type.byte_width
        begin, end = packed.offset * width, (packed.offset + len(packed)) * width
        data = packed.buffers()[1]
    else:
        offsets = np.frombuffer(packed.buffers()[1], np.int32)
        begin, end = offsets[packed.offset], offsets[packed.offset + len(packed)]
        data = packed.buffers()[2]
    return np.frombuffer(data or b"", np.uint8)[begin:end].view(kind)

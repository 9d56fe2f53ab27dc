"""The motifs stage: which registered motifs a picture shows, by the features kept of it.

It is apart from the features stage so that a new motif costs a search over kept features, and not a
look at every picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Asset, Fault
from models.canonical import canonical_json, digest_lines
from models.errors import EncoderError, RegisterError, StoreError
from models.motifs.explaining import describe_match
from models.motifs.features import Features, dimension_of, read_features
from models.motifs.features_stage import FEATURES_VERSION
from models.motifs.index import ReferenceIndex
from models.motifs.matching import Match
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, describe_failure
from models.unicode import escape_surrogates

_MOTIFS_VERSION = "3"
_SEARCHED = 256


class MotifsStage:
    """Searches the register for what the features of each asset show.

    It records everything from ``RECORDED_RISK`` on, and judges nothing: the policy's threshold is
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
        width = dimension_of(features.schema)
        if width != index.dimension:
            raise EncoderError(
                f"The features have embeddings of {width} numbers, but {index.encoder_name} "
                f"gives {index.dimension}.",
                "Run again, so that the features are made with the encoder of the settings.",
            )
        self._index = index
        self._table = features

    @cached_property
    def _read(self) -> tuple[dict[str, Features], dict[str, Fault]]:
        """By asset what is kept of its picture, or why nothing is.

        Read when first needed: where the stage's output is kept, nothing is searched.
        """
        faulty = self._table.filter(pc.is_valid(self._table["fault_code"]))
        faults = {
            row["asset_id"]: Fault(Reason(row["fault_code"]), row["fault_detail"])
            for row in faulty.select(["asset_id", "fault_code", "fault_detail"]).to_pylist()
        }
        known, unreadable = _read_each(self._table)
        return {each.asset_id: each for each in known}, faults | unreadable

    @property
    def code_version(self) -> str:
        """Of this code, and of what it reads."""
        return digest_lines([self.name, _MOTIFS_VERSION, FEATURES_VERSION])

    @property
    def fingerprint(self) -> str:
        """Covers the register, the encoder, the calibration and this code, and not the policy."""
        index = self._index
        made_with = [index.version, index.encoder_name, index.calibration.fingerprint]
        return digest_lines([self.name, _MOTIFS_VERSION, FEATURES_VERSION, *made_with])

    @property
    def schema(self) -> pa.Schema:
        """One row per asset; findings are canonical JSON of ``Finding.as_dict``."""
        return pa.schema([*BASE_FIELDS, pa.field("findings", pa.list_(pa.string()))])

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset."""
        features, _ = self._read
        rows = []
        for start in range(0, len(assets), _SEARCHED):
            part = assets[start : start + _SEARCHED]
            known = [features[a.asset_id] for a in part if a.asset_id in features]
            found = dict(zip((f.asset_id for f in known), self._search(known), strict=True))
            rows += [self._row(asset, found.get(asset.asset_id)) for asset in part]
            progress(len(part))
        return pa.Table.from_pylist(rows, schema=self.schema)

    def _search(self, features: Sequence[Features]) -> list[tuple[Match, ...] | Fault]:
        """What each picture matches, or why that is not known; where a batch fails, one by one.

        Raises:
            StoreError, RegisterError: no picture can be searched for now.
        """
        try:
            return list(self._index.search(features))
        except (StoreError, RegisterError):
            raise
        except Exception as error:  # noqa: BLE001  one picture must not cost the others their row
            if len(features) > 1:
                return [found for each in features for found in self._search([each])]
            code, detail = describe_failure(error)
            return [Fault(Reason(code), detail)]

    def _row(self, asset: Asset, found: tuple[Match, ...] | Fault | None) -> dict[str, object]:
        found = self._fault_of(asset) if found is None else found
        if isinstance(found, Fault):
            detail = escape_surrogates(found.detail)
            return {
                "asset_id": asset.asset_id,
                "fault_code": found.reason.value,
                "fault_detail": detail,
            }
        findings = [
            describe_match(match, self._index.calibration, self._index.encoder_name)
            for match in found
        ]
        return {
            "asset_id": asset.asset_id,
            "findings": [canonical_json(finding.as_dict()).decode() for finding in findings],
        }

    def _fault_of(self, asset: Asset) -> Fault:
        missing = Fault(Reason.STAGE_FAILED, "the features stage has no row for this asset")
        return self._read[1].get(asset.asset_id) or asset.fault or missing


def _read_each(table: pa.Table) -> tuple[list[Features], dict[str, Fault]]:
    """The pictures of a table; where one cannot be read, one by one, so that only it is lost."""
    try:
        return list(read_features(table)), {}
    except EncoderError as error:
        if table.num_rows == 1:
            code, detail = describe_failure(error)
            return [], {table["asset_id"][0].as_py(): Fault(Reason(code), detail)}
    known: list[Features] = []
    faults: dict[str, Fault] = {}
    for row in range(table.num_rows):
        features, fault = _read_each(table.slice(row, 1))
        known += features
        faults |= fault
    return known, faults

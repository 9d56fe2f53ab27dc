"""Looking at a user's pictures the way a run does, and keeping all that was seen of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from models.assets.asset import Asset, Fault, Location
from models.assets.faults import FaultError
from models.assets.hashing import hash_location
from models.assets.reading import path_uri
from models.motifs.calibration.proposing import Examined, Proposed
from models.motifs.evidence import Evidence
from models.motifs.features import read_features
from models.motifs.features_stage import FeaturesStage
from models.motifs.index import ReferenceIndex
from models.reasons import Reason

_AT_ONCE: Final = 64


class IndexExaminer:
    """The features stage and the reference index of a run, on loose files."""

    def __init__(self, features: FeaturesStage, index: ReferenceIndex, max_bytes: int) -> None:
        """Make the examiner.

        Args:
            features: with the index's encoder.
            index: the references.
            max_bytes: larger files are faults.
        """
        self._features = features
        self._index = index
        self._max_bytes = max_bytes

    def examine_pictures(self, paths: Sequence[Path]) -> Iterator[Examined]:
        """Each picture once, in order."""
        for start in range(0, len(paths), _AT_ONCE):
            part = paths[start : start + _AT_ONCE]
            hashed = [self._hash(path) for path in part]
            # The same bytes may stand under several names.
            assets = {each.asset_id: each for each in hashed if isinstance(each, Asset)}
            seen = self._search(list(assets.values()))
            for path, each in zip(part, hashed, strict=True):
                yield path, each if isinstance(each, Fault) else seen[each.asset_id]

    def _hash(self, path: Path) -> Asset | Fault:
        location = Location(path.name, path_uri(bytes(path.absolute())))
        try:
            digest, size = hash_location(location, self._max_bytes)
        except FaultError as error:
            return error.fault
        return Asset(digest, (Location(path.name, location.uri, size, digest=digest),))

    def _search(self, assets: Sequence[Asset]) -> Mapping[str, tuple[Proposed, ...] | Fault]:
        table = self._features.examine(assets, lambda _count: None)
        found: dict[str, tuple[Proposed, ...] | Fault] = {
            row["asset_id"]: Fault(Reason(row["fault_code"]), row["fault_detail"])
            for row in table.select(["asset_id", "fault_code", "fault_detail"]).to_pylist()
            if row["fault_code"]
        }
        features = list(read_features(table))
        for picture, matches in zip(features, self._index.gather(features), strict=True):
            found[picture.asset_id] = tuple(
                Proposed(match.reference.label, match.reference.id, _without_points(match.evidence))
                for match in matches
            )
        return found


def _without_points(evidence: Evidence) -> Evidence:
    """Matched points are for reviewers, and of many pictures they would fill the memory."""
    if evidence.alignment is None:
        return evidence
    return replace(evidence, alignment=replace(evidence.alignment, points=()))

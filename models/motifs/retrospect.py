"""Retro-search: pictures that an owner brings, searched in what is kept of a cleansed dataset.

No picture of the dataset is looked at again, and nothing is registered: it answers what a motif
would find before anybody decides about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.assets.shards import read_shard
from models.motifs.features import Features, read_features
from models.motifs.features_stage import FeaturesStage
from models.motifs.index import ReferenceIndex
from models.motifs.matching import Match
from models.planning import Plan, dataset_folder
from models.stages import read_output, read_record, stage_folder

_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Hit:
    """An asset that matches, with the names under which it lies in the dataset."""

    asset_id: str
    names: tuple[str, ...]
    match: Match


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a dataset could be searched.

    Attributes:
        searched: assets whose features are kept.
        unseen: assets without: never examined, faulty, or examined with another encoder.
    """

    searched: int
    unseen: int


class KeptFeatures:
    """What is kept of the pictures of one dataset, made with the settings in force."""

    def __init__(self, workspace: Path, plan: Plan, stage: FeaturesStage) -> None:
        self._workspace = workspace
        self._plan = plan
        self._fingerprint = stage.fingerprint

    def search(
        self,
        index: ReferenceIndex,
        least: float,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> Iterator[Hit | Coverage]:
        """The assets that match any reference of an index, shard by shard, and then the coverage.

        Args:
            index: of the pictures to search for.
            least: the lowest risk that counts.
            progress: told how many assets were just passed.
        """
        searched = 0
        for digest, count in self._plan.shards:
            folder = stage_folder(self._workspace, FeaturesStage.name, digest)
            record = read_record(folder, self._fingerprint)
            if record is not None:
                names = self._names_in(digest)
                kept = list(read_features(read_output(folder, record)))
                kept = [features for features in kept if features.asset_id in names]
                for features, matches in _search(index, kept):
                    for match in matches:
                        if match.risk >= least:
                            yield Hit(features.asset_id, names[features.asset_id], match)
                searched += len(kept)
            progress(count)
        yield Coverage(searched, self._plan.assets - searched)

    def _names_in(self, digest: str) -> dict[str, tuple[str, ...]]:
        folder = dataset_folder(self._workspace, self._plan.dataset) / "shards"
        return {
            asset.asset_id: tuple(location.name for location in asset.locations)
            for asset in read_shard(folder / f"{digest}.parquet").assets
        }


def _search(
    index: ReferenceIndex, kept: Sequence[Features]
) -> Iterator[tuple[Features, tuple[Match, ...]]]:
    for start in range(0, len(kept), _TOGETHER):
        part = kept[start : start + _TOGETHER]
        yield from zip(part, index.search(part), strict=True)

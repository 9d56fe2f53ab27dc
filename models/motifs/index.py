"""The reference index: every registered motif, searched in all ways at once.

Each way proposes references: the same file, near fingerprints, embeddings of the whole and of
parts, and points that agree on one place. For every reference that any of them proposed, what the
others see of it is gathered too, and all of it becomes one risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import faiss

from models.motifs.alignment import Box
from models.motifs.copies import CopyIndex, NearHash
from models.motifs.encoder import Encoder
from models.motifs.evidence import Evidence
from models.motifs.features import Features
from models.motifs.likeness import Likeness, LikenessIndex
from models.motifs.local.index import Found, LocalIndex
from models.motifs.local.keypoints import Keypoints
from models.motifs.matching import Match
from models.motifs.reference_features import (
    ReferenceFeatures,
    load_reference_features,
    version_of,
)
from models.motifs.register import Reference
from models.motifs.risk import Calibration
from models.motifs.vectors.protocol import Identity
from models.motifs.vectors.serving import Opener, in_database, in_files, in_memory
from models.policy import RECORDED_RISK

BEST_KEPT = 5
"""References recorded for one asset, and proposed by each way of searching."""


class ReferenceIndex:
    """The registered motifs, ready to be searched. Safe to search from several threads.

    Attributes:
        references: by id.
        encoder_name, dimension: of the encoder that it was built with.
        calibration: what makes a risk of what was seen.
        version: digest of the register's content and of everything that was computed from it.
    """

    def __init__(
        self,
        references: Sequence[Reference],
        encoder: Encoder,
        calibration: Calibration,
        features: ReferenceFeatures,
        cache: Path | None = None,
        database: str = "",
    ) -> None:
        """Make the index; see ``build`` for what it takes."""
        self.references = tuple(references)
        self.encoder_name = encoder.name
        self.dimension = encoder.dimension
        self.calibration = calibration
        self.version = version_of(references, encoder)
        self._numbers = {reference.id: n for n, reference in enumerate(references)}
        self._places: list[Box] = [tuple(place) for place in features.places.tolist()]
        self._copies = CopyIndex(features.hashes, features.qualities)
        self._likeness = LikenessIndex(
            features.views,
            features.parts,
            features.part_counts.tolist(),
            cohort=encoder.cohort,
            opener=_choose_opener(Identity(encoder.fingerprint, self.version), cache, database),
        )
        numbers = {label: n for n, label in enumerate({r.label: None for r in references})}
        groups = [numbers[reference.label] for reference in references]
        self._local = LocalIndex.from_arrays(features.points, groups)

    @classmethod
    def build(
        cls,
        references: Sequence[Reference],
        encoder: Encoder,
        calibration: Calibration,
        max_pixels: int,
        *,
        cache: Path | None = None,
        workers: int = 1,
        database: str = "",
    ) -> Self:
        """Make the index; see ``load_reference_features`` for the other arguments.

        Args:
            cache: folder for what was computed of the pictures, and for the vectors' files.
            database: SQLAlchemy URL of the PostgreSQL database in which the vectors are searched,
                in place of files.

        Raises:
            RegisterError: a reference's picture is missing, changed or cannot be decoded.
            StoreError: the database cannot be reached, or has no pgvector.
            WorkspaceError: the cache cannot be written.
        """
        references = tuple(sorted(references, key=lambda reference: reference.id))
        features = load_reference_features(
            references, encoder, max_pixels, cache=cache, workers=workers
        )
        return cls(references, encoder, calibration, features, cache, database)

    @property
    def unhashable(self) -> tuple[Reference, ...]:
        """References too plain for PDQ."""
        return tuple(self.references[number] for number in self._copies.silent)

    def search(self, pictures: Sequence[Features]) -> list[tuple[Match, ...]]:
        """What each picture matches from ``RECORDED_RISK`` on, the surest first.

        At most ``BEST_KEPT`` a picture: of every label its surest reference, then others, so that
        many pictures of one motif do not hide another.

        Raises:
            PointsError: the packed points of a picture are damaged.
            RegisterError: the index is damaged, or its vectors have been removed by others.
            StoreError: the database that serves the vectors cannot be reached.
        """
        return [_choose_recorded(matches) for matches in self.gather(pictures)]

    def gather(self, pictures: Sequence[Features]) -> list[list[Match]]:
        """Everything that any way of searching proposes for each picture, the surest first."""
        # Holds for the calling thread only: shards are searched side by side, each on one core.
        faiss.omp_set_num_threads(1)
        near = self._copies.search([picture.pdq for picture in pictures], BEST_KEPT)
        alike = self._likeness.propose([picture.seen for picture in pictures], BEST_KEPT)
        return [
            self._gather(picture, hashes, numbers)
            for picture, hashes, numbers in zip(pictures, near, alike, strict=True)
        ]

    def _gather(
        self, picture: Features, near: Sequence[NearHash], alike: Sequence[int]
    ) -> list[Match]:
        hashes = {each.reference: each for each in near}
        points = Keypoints.unpack(picture.points)
        placed = {each.reference: each for each in self._local.search(points)}
        same = self._numbers.get(picture.asset_id)
        numbers = [*{*hashes, *placed, *alike, *([] if same is None else [same])}]
        likenesses = self._likeness.compare(picture.seen, numbers)
        matches = [
            self._match(number, number == same, like, hashes.get(number), placed.get(number))
            for number, like in zip(numbers, likenesses, strict=True)
        ]
        return sorted(matches, key=lambda match: (-match.risk, match.reference.id))

    def _match(
        self,
        number: int,
        is_same: bool,
        like: Likeness,
        near: NearHash | None,
        placed: Found | None,
    ) -> Match:
        reference = self.references[number]
        evidence = Evidence(
            same_file=is_same,
            pdq=near.distance if near else None,
            pdq_view=near.view if near else "",
            whole=like.whole,
            whole_view=like.view,
            part=like.part,
            part_box=like.box,
            points=placed.score if placed else None,
            alignment=placed.alignment.within(self._places[number]) if placed else None,
        )
        return Match(reference, evidence, self.calibration.risk_of(evidence))


def _choose_opener(identity: Identity, cache: Path | None, database: str) -> Opener:
    if database:
        return in_database(database, identity)
    return in_files(cache, identity) if cache else in_memory


def _choose_recorded(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Of matches by falling risk those that are recorded, in the same order."""
    risky = [match for match in matches if match.risk >= RECORDED_RISK]
    labels: set[str] = set()
    firsts: list[Match] = []
    others: list[Match] = []
    for match in risky:
        (others if match.reference.label in labels else firsts).append(match)
        labels.add(match.reference.label)
    chosen = (*firsts, *others)[:BEST_KEPT]
    return tuple(match for match in risky if match in chosen)

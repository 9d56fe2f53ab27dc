"""All references' points, and the search for a picture's points among them.

    index = LocalIndex.build([extract_reference(pixels, mask) for ...])
    for found in index.search(extract(pixels)):
        print(found.reference, found.score, found.alignment.box)

Every point of a picture asks for its nearest points of the references; the references vote by
direction and size of the matches (D. Lowe, 2004, section 7.1); the best few are asked whether their
matches agree on one place, and of these the best are looked at in full: which points are where they
should be, and whether the picture looks like the reference there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.motifs.alignment import Alignment
from models.motifs.local.background import (
    RARITY_STEPS,
    background_digest,
    rarity,
)
from models.motifs.local.descriptors import (
    Floats,
    decode_codes,
    mirror_codes,
    unpack_codes,
)
from models.motifs.local.geometry import (
    Agreement,
    Indices,
    Points,
    find_supporters,
    settle_place,
)
from models.motifs.local.keypoints import Keypoints, KeypointsError
from models.motifs.local.looks import compare_sketches
from models.motifs.local.neighbours import Neighbours
from models.motifs.local.packing import ARRAYS, pack_references, points_of, shape_of
from models.motifs.local.placing import align
from models.motifs.local.references import LocalReference
from models.motifs.local.scoring import score_place, scoring_digest
from models.motifs.local.sketches import Sketch, unpack_sketch
from models.motifs.local.verification import Appearance, Support, gather_support
from models.motifs.local.voting import Matches, agree_with, measure_changes, vote

INDEX_VERSION = "3"

MOST_ROWS = 6_000_000
"""Points of all references that an index holds at most."""

_NEIGHBOURS = 8
_SETTLED = 8
_VERIFIED = 3
_MOST_MATCHES = 150
_LEAST_BITS = 3.0
_STEEPNESS = 6.0


@dataclass(frozen=True, slots=True)
class Found:
    """A reference found in a picture.

    Attributes:
        reference: its number, in the order in which the index was given them.
        alignment: where it lies.
        score: how sure that is, 0 to 1; grows with the odds.
    """

    reference: int
    alignment: Alignment
    score: float


def search_fingerprint() -> str:
    """What is found by points depends on this, besides the points themselves."""
    return f"search/{INDEX_VERSION}/{scoring_digest()[:16]}/{background_digest()[:16]}"


class LocalIndex:
    """Every reference's points, mirrored and not. Safe to search from several threads."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take up what ``to_arrays`` gave.

        Raises:
            KeyError, ValueError: the arrays are not those of an index.
        """
        self._arrays = {name: arrays[name] for name in ARRAYS}
        self._codes: npt.NDArray[np.uint8] = arrays["codes"]
        self._points = Points(arrays["places"], arrays["sizes"], arrays["angles"])
        self._colours: npt.NDArray[np.uint8] = arrays["colours"]
        self._common: npt.NDArray[np.int8] = arrays["common"]
        self._starts: npt.NDArray[np.int64] = arrays["starts"]
        self._shapes: Floats = arrays["shapes"]
        sketched = {len(arrays[name]) for name in ("lights", "chromas", "shown", "grids")}
        counts = {len(self._codes), len(self._points), len(self._colours), int(self._starts[-1])}
        if len(counts) != 1 or {len(self._starts) - 1, *sketched} != {len(self._shapes)}:
            raise ValueError("the arrays of the index do not fit each other")
        self._groups = tuple(range(len(self._shapes)))
        self._owners = np.repeat(np.arange(len(self._shapes)), np.diff(self._starts))
        self._neighbours = Neighbours(arrays["neighbours"])
        if self._neighbours.count != 2 * len(self._codes):
            raise ValueError("the arrays of the index do not fit each other")

    def __len__(self) -> int:
        """How many references it holds."""
        return len(self._shapes)

    @classmethod
    def build(cls, references: Sequence[LocalReference]) -> Self:
        """Make an index of references (``extract_reference``).

        Past ``MOST_ROWS`` points in all, each form keeps its first ones only, so that neither
        memory nor the search grows without bound.
        """
        return cls(pack_references(references, MOST_ROWS))

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[Any]], groups: Sequence[int] | None = None
    ) -> Self:
        """The index that ``to_arrays`` was asked of.

        Args:
            arrays: what was kept.
            groups: a number for each reference, the same for those that show one motif: of every
                group one is looked at in full before a second one is. Without it each is its own.

        Raises:
            KeyError, ValueError: the arrays are not those of an index.
        """
        index = cls(arrays)
        if groups is not None:
            index._groups = tuple(groups)
        return index

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything the index holds, as arrays to be kept."""
        return dict(self._arrays)

    def search(self, query: Keypoints) -> list[Found]:
        """References found in a picture, the surest first, then by number; at most three.

        Raises:
            KeypointsError: the picture's sketch is damaged.
        """
        if len(query) < 2 or not len(self._codes):
            return []
        ours = _appearance(query)
        verified = self._verified(ours, self._match(query, ours))
        found: dict[int, Found] = {}
        for (candidate, matched, support), measured in zip(
            verified, self._measure(query, ours, verified), strict=True
        ):
            owner, flipped = divmod(candidate, 2)
            score = score_place(measured)
            if owner not in found or score > found[owner].score:
                theirs = self._appearance(owner, bool(flipped))
                alignment = align(ours, theirs, support, matched, bool(flipped))
                found[owner] = Found(owner, alignment, score)
        return sorted(found.values(), key=lambda one: (-one.score, one.reference))

    def measure(self, query: Keypoints) -> list[tuple[int, Floats]]:
        """By reference what was measured of every place that was looked at in full.

        In the order of ``scoring.MEASURED``; scores are learnt from these.

        Raises:
            KeypointsError: the picture's sketch is damaged.
        """
        if len(query) < 2 or not len(self._codes):
            return []
        ours = _appearance(query)
        verified = self._verified(ours, self._match(query, ours))
        measured = self._measure(query, ours, verified)
        return [(one[0] // 2, traits) for one, traits in zip(verified, measured, strict=True)]

    def _measure(
        self, query: Keypoints, ours: Appearance, verified: Sequence[tuple[int, int, Support]]
    ) -> list[Floats]:
        """The traits of points and of looks of each place."""
        sketch = Sketch.read(query.sketch) if query.sketch and verified else None
        if query.sketch and verified and sketch is None:
            raise KeypointsError(
                "The sketch kept of a picture is damaged.",
                "Remove the cached features and run again.",
            )
        measured = []
        for candidate, _, support in verified:
            owner, flipped = divmod(candidate, 2)
            theirs = unpack_sketch(self._arrays, owner)
            looks = compare_sketches(
                sketch,
                theirs.mirrored() if flipped else theirs,
                support.affine,
                (ours.width, ours.height),
                (float(self._shapes[owner, 0]), float(self._shapes[owner, 1])),
            )
            measured.append(np.concatenate([support.traits, looks]))
        return measured

    def _match(self, query: Keypoints, ours: Appearance) -> Matches:
        points, rows = self._neighbours.search(query.codes, _NEIGHBOURS)
        mirrored = rows >= len(self._codes)
        rows = rows % len(self._codes)
        codes = unpack_codes(self._codes[rows])
        codes[mirrored] = mirror_codes(codes[mirrored])
        likeness = np.einsum("ij,ij->i", decode_codes(codes), ours.values[points])
        bits = rarity(self._common[rows], likeness) - np.float32(_LEAST_BITS)
        weights = (bits * np.exp(_STEEPNESS * (likeness - 1))).astype(np.float32)
        keep = bits > 0
        candidates = self._owners[rows] * 2 + mirrored
        return Matches(points[keep], rows[keep], candidates[keep], weights[keep])

    def _choose_verified(
        self, agreeing: Sequence[tuple[float, int, int, Agreement]]
    ) -> list[tuple[float, int, int, Agreement]]:
        """Those that are looked at in full: the best of each group, then others."""
        groups: set[tuple[int, int]] = set()
        firsts: list[tuple[float, int, int, Agreement]] = []
        others: list[tuple[float, int, int, Agreement]] = []
        for one in agreeing:
            owner, flipped = divmod(one[1], 2)
            group = (self._groups[owner], flipped)
            (others if group in groups else firsts).append(one)
            groups.add(group)
        return [*firsts, *others][:_VERIFIED]

    def _verified(self, ours: Appearance, matches: Matches) -> list[tuple[int, int, Support]]:
        """The best candidates, with the number of their matches and with what speaks for them."""
        proposals: list[tuple[float, int, Indices, Indices, int]] = []
        turns, growths = measure_changes(ours.points, self._points, matches)
        for candidate, turn, growth in vote(matches, turns, growths):
            all_of_it = matches.candidates == candidate
            those = np.flatnonzero(all_of_it & agree_with(turns, growths, turn, growth))
            if len(those) > _MOST_MATCHES:
                best = np.argsort(-matches.weights[those], kind="stable")[:_MOST_MATCHES]
                those = those[np.sort(best)]
            members, weight = find_supporters(*self._pairs(ours, matches, candidate, those))
            if len(members) > 1:
                count = int(np.count_nonzero(all_of_it))
                proposals.append((-weight, candidate, those, members, count))
        proposals.sort(key=lambda one: one[:2])
        agreeing: list[tuple[float, int, int, Agreement]] = []
        for _, candidate, those, members, count in proposals[:_SETTLED]:
            agreed = settle_place(*self._pairs(ours, matches, candidate, those), members)
            if agreed is not None:
                agreeing.append((-agreed.support, candidate, count, agreed))
        agreeing.sort(key=lambda one: one[:2])
        verified = []
        for _, candidate, matched, agreed in self._choose_verified(agreeing):
            owner, flipped = divmod(candidate, 2)
            theirs_whole = self._appearance(owner, bool(flipped))
            support = gather_support(ours, theirs_whole, agreed.affine)
            if support is not None:
                verified.append((candidate, matched, support))
        return verified

    def _pairs(
        self, ours: Appearance, matches: Matches, candidate: int, those: Indices
    ) -> tuple[Points, Points, Floats]:
        """Points of the picture and of the candidate that were matched, and how sure that is."""
        owner, flipped = divmod(candidate, 2)
        theirs = self._points.chosen(matches.rows[those])
        if flipped:
            theirs = theirs.mirrored(float(self._shapes[owner, 0]))
        return ours.points.chosen(matches.query[those]), theirs, matches.weights[those]

    def _appearance(self, owner: int, mirrored: bool) -> Appearance:
        span = slice(int(self._starts[owner]), int(self._starts[owner + 1]))
        codes = unpack_codes(self._codes[span])
        points = Points(
            self._points.places[span], self._points.sizes[span], self._points.angles[span]
        )
        width, height = (float(side) for side in self._shapes[owner])
        if mirrored:
            codes, points = mirror_codes(codes), points.mirrored(width)
        return Appearance(
            points, decode_codes(codes), self._colours[span], self._common[span], width, height
        )


def _appearance(query: Keypoints) -> Appearance:
    width, height = shape_of(query)
    values, unknown = decode_codes(query.codes), np.zeros((0, RARITY_STEPS), np.int8)
    return Appearance(points_of(query), values, query.colours, unknown, width, height)


def pair(query: Keypoints, reference: LocalReference) -> Found | None:
    """Compare a picture with one reference, without an index.

    Args:
        query: points of the picture.
        reference: the reference; it has number 0.

    Returns:
        The surest place, or None where no two matched points agree on one.
    """
    found = LocalIndex.build([reference]).search(query)
    return found[0] if found else None

"""From what several recognisers saw in one text to the sightings that stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from models.nouns.recognition import Certainty, Sighting


def settle(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """The sightings that stand, by position, then category.

    What is registered is not asked about as unknown: an unknown term gives way to a certain name
    that it overlaps, and to a possible one that covers all of it. A possible name gives way to a
    certain one that covers it, and to the same name seen for certain within it. Of unknown terms
    that overlap the likeliest stands, then the longest. The same name seen twice in one place
    counts once, as the surest.
    """
    certain: dict[tuple[int, int, str], Sighting] = {}
    possible: dict[tuple[int, int, str], Sighting] = {}
    unknown: list[Sighting] = []
    for seen in sightings:
        if seen.certainty is Certainty.UNKNOWN:
            unknown.append(seen)
            continue
        kept = certain if seen.certainty is Certainty.CERTAIN else possible
        place = (seen.start, seen.end, seen.category)
        before = kept.get(place)
        if before is None or seen.score > before.score:
            kept[place] = seen
    cover = _Cover(certain.values())
    sure = _by_entry(certain.values())
    likely = [
        seen for seen in possible.values() if not cover.holds(seen) and not _only_widens(seen, sure)
    ]
    standing = [*certain.values(), *likely]
    if unknown:
        standing += _choose(unknown, certain.values(), _Cover(likely))
    return tuple(sorted(standing, key=lambda seen: (seen.start, seen.end, seen.category)))


def _by_entry(sightings: Iterable[Sighting]) -> dict[str, list[Sighting]]:
    found: dict[str, list[Sighting]] = {}
    for seen in sightings:
        found.setdefault(seen.entry_id, []).append(seen)
    return found


def _only_widens(seen: Sighting, sure: dict[str, list[Sighting]]) -> bool:
    """Whether a possible name is a certain one with something more beside it."""
    return any(
        seen.start <= other.start and other.end <= seen.end for other in sure.get(seen.entry_id, ())
    )


def _choose(
    unknown: list[Sighting], certain: Iterable[Sighting], possible: _Cover
) -> Iterator[Sighting]:
    """The unknown terms that stand, in order of likelihood."""
    unknown.sort(key=lambda seen: (-seen.score, seen.start - seen.end, seen.start))
    taken = bytearray(max(seen.end for seen in unknown))
    for seen in certain:
        _take(taken, seen)
    for seen in unknown:
        if taken.find(1, seen.start, seen.end) < 0 and not possible.holds(seen):
            _take(taken, seen)
            yield seen


def _take(taken: bytearray, seen: Sighting) -> None:
    end = min(seen.end, len(taken))
    if seen.start < end:
        taken[seen.start : end] = b"\1" * (end - seen.start)


class _Cover:
    """Tells whether one of many spans covers another, in hardly more time where they are many."""

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        spans = sorted((seen.start, seen.end) for seen in sightings)
        self._starts = [start for start, _ in spans]
        self._reach = list(accumulate((end for _, end in spans), max))

    def holds(self, seen: Sighting) -> bool:
        """Whether a span that begins at or before a sighting reaches its end."""
        before = bisect_right(self._starts, seen.start)
        return before > 0 and self._reach[before - 1] >= seen.end

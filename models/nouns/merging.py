"""From what several recognisers saw in one text to the sightings that stand."""

from __future__ import annotations

from collections.abc import Iterable

from models.nouns.recognition import Certainty, Sighting


def settle(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """The sightings that stand, by position, then category.

    What is registered is not asked about as unknown: an unknown term gives way to a certain name
    that it overlaps, and to a possible one that covers all of it. A possible name gives way to a
    certain one that covers it. Of unknown terms that overlap the likeliest stands, then the
    longest. The same name seen twice in one place counts once, as the surest.
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
    standing = list(certain.values())
    standing += [seen for seen in possible.values() if not _is_covered(seen, certain.values())]
    unknown.sort(key=lambda seen: (-seen.score, seen.start - seen.end, seen.start))
    chosen: list[Sighting] = []
    for seen in unknown:
        known = any(_overlaps(seen, other) for other in certain.values())
        if not (
            known
            or _is_covered(seen, possible.values())
            or any(_overlaps(seen, other) for other in chosen)
        ):
            chosen.append(seen)
    standing += chosen
    return tuple(sorted(standing, key=lambda seen: (seen.start, seen.end, seen.category)))


def _overlaps(one: Sighting, other: Sighting) -> bool:
    return one.start < other.end and other.start < one.end


def _is_covered(seen: Sighting, others: Iterable[Sighting]) -> bool:
    return any(other.start <= seen.start and seen.end <= other.end for other in others)

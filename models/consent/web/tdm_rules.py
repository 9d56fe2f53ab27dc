"""The rules of ``/.well-known/tdmrep.json``: which of them speaks of a URL, and what it declares.

TDMRep, section "TDM File on the Origin Server": an array of rules, the first match counts. Files
in the wild deviate: a reservation is found wherever it stands, and makes the file malformed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models.consent.reading_json import (
    MalformedJsonError,
    Pairs,
    loose_text,
    read_json,
    strip_comments,
)
from models.consent.web.tdm_bodies import is_unknown_host
from models.consent.web.tdm_locations import (
    host_in,
    is_path_pattern,
    is_strange,
    loosen_pattern,
    matches,
    path_only,
    path_with_query,
)
from models.consent.web.tdm_values import (
    Declaration,
    is_policy_name,
    is_reservation_name,
    mentions_reservation,
    read_json_value,
)

_LOCATION_NAMES = frozenset({"location", "locations", "path", "pattern", "url"})
# What goes beyond these numbers is taken to speak of every URL: the time stays bounded so.
_MAX_ODD = 2_000
_MAX_LOCATIONS = 50
_STRANGE = "the location of a rule that reserves is not a path"


@dataclass(frozen=True, slots=True)
class _OddRule:
    """Something like a rule at another place or in another spelling; no locations: everywhere."""

    locations: tuple[str, ...]
    values: tuple[Any, ...]
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL in the forms that patterns are matched against."""

    whole: str
    path: str
    unknown: bool

    def meets(self, pattern: str) -> bool:
        """The report's match: path and query."""
        return not self.unknown and matches(pattern, self.whole)

    def comes_near(self, pattern: str) -> bool:
        """A match that a refusal may rely on: with or without the query, loosely written."""
        pattern = loosen_pattern(pattern)
        return self.unknown or matches(pattern, self.whole) or matches(pattern, self.path)


def read_rules(data: bytes, url: str) -> Declaration | None:
    """What the file declares about one URL of its site; None where it does not speak of it.

    Every refusal may be about a URL that was not kept (a host in ``.invalid``), and no grant is.

    Raises:
        ValueError: ``url`` is not a URL.
    """
    target = _Target(path_with_query(url), path_only(url), is_unknown_host(host_in(url)))
    try:
        document = read_json(data)
        commented = _has_comments(data)
    except MalformedJsonError as error:
        reserved = True if mentions_reservation(loose_text(data)) else None
        return Declaration(reserved, proper=False, notes=(str(error),))
    notes: list[str] = []
    chosen: tuple[str, Declaration] | None = None
    odd: list[Any] = []
    inside: list[Any] = []
    if isinstance(document, list):
        for rule in document:
            if not (isinstance(rule, Pairs) and _is_proper(rule)):
                odd.append(rule)
                continue
            inside += [value for _, value in rule if isinstance(value, list | Pairs)]
            chosen = _choose(chosen, rule, target)
    else:
        inside.append(document)
        notes.append("it is not an array of rules")
    declared = chosen[1] if chosen else None
    strays: list[_OddRule] = []
    found = (rule for item in (*odd, *inside) for rule in _odd_rules(item))
    for number, rule in enumerate(found):
        if number >= _MAX_ODD or _is_near(rule, target):
            strays.append(rule)
        elif _reserves(rule) and any(map(is_strange, rule.locations)):
            notes.append(_STRANGE)
    notes = list(dict.fromkeys(notes))
    incomplete = any(_is_incomplete(item, target) for item in odd)
    if not (strays or incomplete or notes or (commented and declared)):
        return declared
    return _with_strays(declared, strays, notes, incomplete=incomplete, commented=commented)


def _with_strays(
    declared: Declaration | None,
    strays: list[_OddRule],
    notes: list[str],
    *,
    incomplete: bool,
    commented: bool,
) -> Declaration:
    """Add what stands at odd places: it can refuse, and it keeps everything else from granting."""
    if strays:
        notes.append("a rule is not written as the report asks: only a refusal counts")
    if incomplete:
        notes.append("a rule has no tdm-reservation")
    if commented:
        notes.append("it holds comments, which JSON does not have")
    shown = any(map(_reserves, strays))
    policies = [policy for rule in strays for policy in rule.policies]
    if declared is not None and declared.reserved:
        # A proper reservation loses nothing by what else the file holds.
        policy = "" if shown else declared.policy
        return Declaration(True, policy, proper=not (shown or commented), notes=tuple(notes))
    return Declaration(
        True if shown else None, policies[0] if policies else "", proper=False, notes=tuple(notes)
    )


def _has_comments(data: bytes) -> bool:
    text = data.decode("utf-8-sig")
    return strip_comments(text) != text


def _is_proper(rule: Pairs) -> bool:
    """A rule with its keys, once each, and its values as the report gives them."""
    locations = rule.all("location")
    values = rule.all("tdm-reservation")
    policies = [value for key, value in rule if is_policy_name(key)]
    return (
        len(locations) == len(values) == 1
        and isinstance(locations[0], str)
        and is_path_pattern(locations[0])
        and read_json_value(values[0])[1]
        and sum(is_reservation_name(key) for key, _ in rule) == 1
        and sum(_plain(key) == "location" for key, _ in rule) == 1
        and policies == rule.all("tdm-policy")
        and len(policies) <= 1
        and all(policy is None or isinstance(policy, str) for policy in policies)
    )


def _choose(
    before: tuple[str, Declaration] | None, rule: Pairs, target: _Target
) -> tuple[str, Declaration] | None:
    """The first rule that matches, with its location.

    A file that gives one location twice contradicts itself there: then the reservation counts.
    """
    found = _apply(rule, target)
    if found is None:
        return before
    [location] = rule.all("location")
    if before is None or (before[0] == location and found.reserved and not before[1].reserved):
        return location, found
    return before


def _apply(rule: Pairs, target: _Target) -> Declaration | None:
    [location] = rule.all("location")
    [value] = rule.all("tdm-reservation")
    if not (target.comes_near(location) if value else target.meets(location)):
        return None
    policy = next((policy for policy in rule.all("tdm-policy") if policy), "")
    return Declaration(value == 1, policy.strip())


def _odd_rules(document: Any) -> Iterator[_OddRule]:
    """Everything in a value that speaks of a reservation, with the locations it may be meant for.

    A file may be keyed by location (``{"/": {"tdm-reservation": 1}}``, ``{"/": 1}``).
    """
    waiting: list[tuple[Any, tuple[str, ...]]] = [(document, ())]
    while waiting:
        current, around = waiting.pop()
        if isinstance(current, list):
            waiting += [(item, around) for item in current]
        if not isinstance(current, Pairs):
            continue
        locations = _locations_in(current) or around
        values = tuple(value for key, value in current if is_reservation_name(key))
        policies = tuple(v for k, v in current if is_policy_name(k) and isinstance(v, str))
        if values:
            yield _OddRule(locations, values, policies)
        for key, value in current:
            is_location = key.strip().startswith(("/", "*", "http:", "https:"))
            if isinstance(value, list | Pairs):
                waiting.append((value, (key,) if is_location else locations))
            elif is_location:
                yield _OddRule((key,), (value,))


def _locations_in(rule: Pairs) -> tuple[str, ...]:
    """The locations that a rule names; none where they cannot be told: then it may be any."""
    found = [value for key, value in rule if _plain(key) in _LOCATION_NAMES]
    flat = [item for value in found for item in (value if isinstance(value, list) else [value])]
    if len(flat) > _MAX_LOCATIONS or not all(isinstance(item, str) for item in flat):
        return ()
    return tuple(flat)


def _reserves(rule: _OddRule) -> bool:
    return any(read_json_value(value)[0] for value in rule.values)


def _is_near(rule: _OddRule, target: _Target) -> bool:
    return not rule.locations or any(target.comes_near(place) for place in rule.locations)


def _is_incomplete(item: Any, target: _Target) -> bool:
    """Something in the array that is no rule, or a rule about this URL without a reservation.

    A rule that names no path may be about this URL too.
    """
    if not isinstance(item, Pairs):
        return not isinstance(item, list)
    if any(is_reservation_name(key) for key, _ in item):
        return False
    locations = _locations_in(item)
    return not locations or any(is_strange(p) or target.comes_near(p) for p in locations)


def _plain(key: str) -> str:
    return key.strip().casefold()

"""Signals that speak of use, not of fetching: in headers, in robots.txt groups, in page metas.

Shared by ``Content-Usage`` (draft-ietf-aipref-attach-05) and ``Content-Signal``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from models.consent.purposes import Preference, Purpose, stricter
from models.consent.statements import Condition, Statement
from models.consent.web.capture import WebEvidence
from models.consent.web.robots_agents import EVERYONE, Addressee, Role, plain_name, spell
from models.consent.web.robots_groups import Field, Group, parse_groups
from models.consent.web.robots_paths import NO_MATCH, PathMatcher, split_path
from models.consent.web.robots_readings import (
    Reading,
    read_headers,
    read_page_meta,
    read_site_files,
    statement_of,
)
from models.consent.web.robots_refusals import add_preferences, only_refusals
from models.consent.web.robots_text import decode_site_text


@dataclass(frozen=True, slots=True)
class UsageSignal:
    """One kind of signal.

    Attributes:
        carrier: of its statements.
        headers: the header's name as its standard spells it, then names it is mistaken for.
        field: the kind of line in robots.txt.
        read: reads the values of all lines of one place, in order.
    """

    carrier: str
    headers: tuple[str, ...]
    field: Field
    read: Callable[[Sequence[str]], Reading]

    @property
    def meta(self) -> str:
        """What its ``<meta>`` element is called in sources."""
        return " ".join(("meta", self.headers[0]))


_Ranked = dict[Purpose, tuple[int, Preference]]
_MAX_NOTES = 16


def read_usage(evidence: WebEvidence, signal: UsageSignal) -> list[Statement]:
    """What headers, robots.txt and the page's metas say in one kind of signal."""
    return [
        *read_headers(evidence, signal.carrier, signal.headers, signal.read),
        *read_site_files(
            evidence,
            signal.carrier,
            "/robots.txt",
            lambda body, url: read_usage_lines(
                body, url, signal.field, lambda value: signal.read([value])
            ),
        ),
        *read_page_meta(
            evidence,
            lambda page, pairs: read_usage_meta(
                pairs, page.url, signal, observed_at=page.captured_at, evidence=page.body or b""
            ),
        ),
    ]


def read_usage_meta(
    pairs: Iterable[tuple[str, str]],
    source: str,
    signal: UsageSignal,
    *,
    observed_at: int | None = None,
    evidence: bytes = b"",
) -> list[Statement]:
    """Refusals in ``<meta>`` elements of the image's page. No standard has them: none can permit.

    Args:
        pairs: name (or http-equiv) in lower case, and content.
        source: the page, for a reader.
        signal: of which kind.
        observed_at: when the page was read, UTC seconds.
        evidence: the page's bytes.
    """
    proper = plain_name(signal.headers[0])
    values = [content for name, content in pairs if plain_name(name) == proper]
    reading = signal.read(values) if values else Reading()
    refusing = Reading(only_refusals(reading.preferences), reading.notes, reading.condition)
    if refusing.is_silent:
        return []
    return [
        statement_of(
            refusing,
            signal.carrier,
            f"{source} ({signal.meta})",
            observed_at=observed_at,
            evidence=evidence,
        )
    ]


def read_usage_lines(
    body: bytes, url: str, field: Field, read: Callable[[str], Reading]
) -> Reading:
    """What the lines of one kind in a robots.txt say about ``url``.

    For each agent and purpose the line with the longest matching path counts; of equal ones the
    more restrictive. Then the most restrictive agent's answer counts. Lines for everyone or for us
    may permit; lines for other agents refuse only. Lines for search engines are noted.

    Args:
        body: the file.
        url: the address that paths are matched against.
        field: the kind of line.
        read: reads one line's value, without its path.
    """
    content = decode_site_text(body)
    notes: list[str] = []
    unsound = False
    matcher = PathMatcher(url)
    by_agent: dict[Addressee, _Ranked] = {}
    fetching = (NO_MATCH, NO_MATCH)
    for group in parse_groups(content.text).groups:
        addressees = tuple(group.addressees) or (Addressee("", Role.UNKNOWN),)
        if EVERYONE in group.addressees:
            disallow, allow = matcher.longest(group.rules)
            fetching = (max(fetching[0], disallow), max(fetching[1], allow))
        if not any(rule.field is field for rule in group.rules):
            continue
        meant = [a for a in addressees if a.role is not Role.SEARCH]
        ranked, malformed = _rank(group, field, matcher, read, notes if meant else [])
        if ranked and not meant:
            notes.append(
                f"a {field.value} line for {spell(addressees[0].name)} alone is not for us"
            )
        unsound |= malformed and bool(meant)
        for addressee in meant:
            _merge(by_agent.setdefault(addressee, {}), ranked)
    if content.is_html and not by_agent:
        return Reading()
    preferences: dict[Purpose, Preference] = {}
    may_fetch = fetching[0] == NO_MATCH or fetching[1] > fetching[0]
    for addressee, ranked in by_agent.items():
        said = {purpose: preference for purpose, (_, preference) in ranked.items()}
        open_to_us = addressee.role in (Role.EVERYONE, Role.OURSELVES) and may_fetch
        add_preferences(preferences, said if open_to_us else only_refusals(said))
    if not preferences and not notes and not unsound:
        return _nothing_found(content.is_whole)
    condition = Condition.SOUND
    if not content.is_whole:
        condition = Condition.UNDETERMINED
    if unsound or content.is_html or not content.is_text:
        condition = Condition.MALFORMED
    return Reading(preferences, (*notes[:_MAX_NOTES], *content.notes), condition)


def _nothing_found(is_whole: bool) -> Reading:
    if is_whole:
        return Reading()
    return Reading(notes=("the file was not read to its end",), condition=Condition.UNDETERMINED)


def _rank(
    group: Group,
    field: Field,
    matcher: PathMatcher,
    read: Callable[[str], Reading],
    notes: list[str],
) -> tuple[_Ranked, bool]:
    """For each purpose the longest matching line's value, and whether a line is malformed."""
    ranked: _Ranked = {}
    malformed = False
    for rule in group.rules:
        if rule.field is not field:
            continue
        path, expression = split_path(rule.value)
        reach = matcher.refusal_length(path) if path else 0
        if reach == NO_MATCH:
            continue
        permits = rule.proper and (not path or matcher.permission_length(path) != NO_MATCH)
        reading = read(expression)
        if len(notes) < _MAX_NOTES:
            notes += reading.notes
        malformed |= reading.condition is not Condition.SOUND
        said = reading.preferences
        if not permits or reading.condition is not Condition.SOUND:
            said = only_refusals(said)
        _merge(ranked, {purpose: (reach, value) for purpose, value in said.items()})
    return ranked, malformed


def _merge(into: _Ranked, more: _Ranked) -> None:
    for purpose, (reach, value) in more.items():
        before = into.get(purpose)
        if before is None or reach > before[0]:
            into[purpose] = (reach, value)
        elif reach == before[0]:
            into[purpose] = (reach, stricter(before[1], value))

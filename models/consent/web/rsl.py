"""RSL: the licences that a site, an image's response and its page point at.

Really Simple Licensing 1.0 (https://rslstandard.org/rsl). A licence that is pointed at and cannot
be read leaves its image undetermined: section 4.3 has such an image be unlicensed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from models.canonical import digest_bytes
from models.consent.purposes import Preference, Purpose
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.rsl_discovery import MAX_LICENSES, Pointer, discover_rsl, find_pointers
from models.consent.web.rsl_meaning import Scope, judge_terms
from models.consent.web.rsl_terms import parse_terms
from models.consent.web.tdm_bodies import body_of, captures_at, is_html

__all__ = ["CARRIER", "discover_rsl", "read_rsl"]

CARRIER = "rsl"

_MAX_NOTES = 16


def read_rsl(evidence: WebEvidence) -> list[Statement]:
    """What RSL licences say about one image: a statement for each that speaks of it. All L0.

    Pointers: ``License`` lines of robots.txt at the image's origin, ``Link`` headers of the image
    and its page, and ``link`` and ``script`` elements of the page. Never raises.
    """
    pointers = find_pointers(evidence)
    statements = [s for p in pointers[:MAX_LICENSES] for s in _read_pointer(p, evidence)]
    if len(pointers) > MAX_LICENSES:
        statements.append(
            Statement(
                carrier=CARRIER,
                source=printable(evidence.asset_url),
                condition=Condition.UNDETERMINED,
                notes=(f"it points at more than {MAX_LICENSES} licences: the others are not read",),
                observed_at=pointers[0].observed_at,
            )
        )
    named = {pointer.url for pointer in pointers}
    for capture in evidence.captures:
        own = _host(capture.url) == _host(evidence.asset_url) != ""
        if own and capture.url not in named and _is_served_as_rsl(capture):
            # Nobody points at it: a refusal in it is believed all the same.
            pointer = Pointer("no pointer", capture.url, may_grant=False)
            statements += [s for s in _read_capture(pointer, capture, evidence) if s.preferences]
    return statements


def _read_pointer(pointer: Pointer, evidence: WebEvidence) -> Iterator[Statement]:
    if pointer.problem:
        yield _broken(pointer, Condition.MALFORMED, pointer.problem, pointer.observed_at)
        return
    if pointer.inline is not None:
        yield from _judge(pointer, pointer.inline, pointer.observed_at, evidence)
        return
    captures = captures_at(evidence, pointer.url)
    if not captures:
        why = "the licence has not been read"
        yield _broken(pointer, Condition.UNDETERMINED, why, pointer.observed_at)
    for capture in captures:
        yield from _read_capture(pointer, capture, evidence)


def _read_capture(pointer: Pointer, capture: Capture, evidence: WebEvidence) -> Iterator[Statement]:
    body = body_of(capture)
    if body.absent:
        why = "the licence that is pointed at does not exist"
        yield _broken(pointer, Condition.UNDETERMINED, why, capture.captured_at)
    elif body.data is None:
        found = _broken(pointer, Condition.UNDETERMINED, body.problem, capture.captured_at)
        # Whatever part of it was kept can still refuse.
        kept = capture.body or b""
        refused: dict[Purpose, Preference] = {
            purpose: value
            for part in _judge(pointer, kept, capture.captured_at, evidence, body.problem)
            for purpose, value in part.preferences.items()
            if value is Preference.NOT_ALLOWED
        }
        digest = digest_bytes(kept) if kept else ""
        yield replace(found, preferences=refused, evidence_sha256=digest)
    else:
        problem = "a web page stands where the licence belongs" if is_html(capture) else ""
        yield from _judge(pointer, body.data, capture.captured_at, evidence, problem)


def _judge(
    pointer: Pointer,
    data: bytes | str,
    observed_at: int | None,
    evidence: WebEvidence,
    problem: str = "",
) -> Iterator[Statement]:
    """The statement that a document comes to; none where it does not speak of the image."""
    terms = parse_terms(data)
    problem = problem or terms.problem
    try:
        meaning = judge_terms(terms, _scope(pointer, evidence))
    except ValueError as error:
        yield _broken(pointer, Condition.UNDETERMINED, str(error), observed_at)
        return
    problem = problem or meaning.unclear
    if not (meaning.preferences or problem):
        return
    restricted = Preference.CONSTRAINED in meaning.preferences.values()
    notes = ((f"the licence is malformed: {problem}",) if problem else ()) + meaning.notes
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    yield Statement(
        carrier=CARRIER,
        source=_source(pointer),
        preferences=meaning.preferences,
        condition=Condition.MALFORMED if problem else Condition.SOUND,
        attribution=meaning.attribution,
        license_ref=printable(meaning.license_ref or pointer.url, 2000) if restricted else "",
        observed_at=observed_at,
        evidence_sha256=digest_bytes(raw),
        notes=tuple(printable(note, 400) for note in notes)[:_MAX_NOTES],
    )


def _scope(pointer: Pointer, evidence: WebEvidence) -> Scope:
    if not pointer.about_page:
        return Scope((evidence.asset_url,), may_grant=pointer.may_grant)
    # A page speaks for the images on its own host; of others it can only say no.
    same = _host(evidence.page_url) == _host(evidence.asset_url) != ""
    return Scope(
        (evidence.asset_url, evidence.page_url),
        attached=pointer.attached,
        may_grant=pointer.may_grant and same,
    )


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _is_served_as_rsl(capture: Capture) -> bool:
    return any("rsl+xml" in value.lower() for value in capture.values("content-type"))


def _broken(
    pointer: Pointer, condition: Condition, note: str, observed_at: int | None
) -> Statement:
    return Statement(
        carrier=CARRIER,
        source=_source(pointer),
        condition=condition,
        observed_at=observed_at,
        notes=(printable(note),),
    )


def _source(pointer: Pointer) -> str:
    return printable(f"{pointer.url} ({pointer.place})" if pointer.url else pointer.place, 400)

"""From captures to statements: what every reader of the robots family does alike.

Absent is not undetermined: a missing file says nothing, a file that could not be fetched may say
anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import urlsplit

from models.canonical import digest_bytes
from models.consent.purposes import Preference, Purpose
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence, origin_of
from models.consent.web.html_meta import read_meta
from models.consent.web.robots_agents import plain_name
from models.consent.web.robots_refusals import only_refusals
from models.consent.web_addresses import resolve_url
from models.fetching.fetched import Failure

_ABSENT_STATUS = (404, 410)
_MAX_NOTES = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says.

    Attributes:
        preferences: the value for each purpose; a missing purpose is unknown.
        notes: what a reader should know.
        condition: whether the text was sound.
    """

    preferences: dict[Purpose, Preference] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    condition: Condition = Condition.SOUND

    @property
    def is_silent(self) -> bool:
        """There is nothing worth a statement."""
        return not self.preferences and not self.notes and self.condition is Condition.SOUND


class Answer(StrEnum):
    """What a capture came to."""

    USABLE = "usable"
    ABSENT = "absent"  # certain that nothing is there
    FAILED = "failed"  # there may be something that we have not seen


def answer_of(capture: Capture) -> Answer:
    """Whether a capture can be relied on. A status that was not kept counts as a success."""
    if capture.failure is Failure.ABSENT or (
        capture.failure is None and capture.status in _ABSENT_STATUS
    ):
        return Answer.ABSENT
    if capture.failure is not None:
        return Answer.FAILED
    if capture.status is None or 200 <= capture.status < 300:
        return Answer.USABLE
    return Answer.FAILED


def read_headers(
    evidence: WebEvidence,
    carrier: str,
    names: Sequence[str],
    read: Callable[[Sequence[str]], Reading],
) -> list[Statement]:
    """Statements from response headers of the image and of its page.

    Args:
        evidence: the captures.
        carrier: the statements' carrier.
        names: the header's name as its standard spells it, then names it is mistaken for.
        read: reads the values of all lines of one response, in order.
    """
    statements = []
    spellings = {plain_name(name) for name in names}
    for url in _targets(evidence):
        captures = [c for c in evidence.captures if _same_resource(c.url, url)]
        for capture in captures:
            lines = [(k, v) for k, v in capture.headers if plain_name(k) in spellings]
            reading = read([value for _, value in lines]) if lines else Reading()
            proper = all(name.casefold() == names[0] for name, _ in lines)
            answer = answer_of(capture)
            # What permits has to come with the image itself, in a whole answer.
            if answer is not Answer.USABLE or url != evidence.asset_url or not proper:
                reading = replace(reading, preferences=only_refusals(reading.preferences))
            if (
                answer is Answer.FAILED
                and not _is_superseded(capture, captures)
                and all(answer_of(c) is Answer.FAILED for c in _behind(capture, evidence))
            ):
                reading = _undetermined(reading, capture)
            if not reading.is_silent:
                read_bytes = "\n".join(f"{k}: {v}" for k, v in lines)
                statements.append(
                    statement_of(
                        reading,
                        carrier,
                        f"{url} ({names[0]} header)",
                        observed_at=capture.captured_at,
                        evidence=read_bytes.encode("utf-8", "surrogatepass"),
                    )
                )
    return statements


def read_site_files(
    evidence: WebEvidence,
    carrier: str,
    path: str,
    read: Callable[[bytes, str], Reading],
) -> list[Statement]:
    """Statements from a file at the image's origin, and at its page's where that was captured.

    The file at the page's origin is read for the page's own path and can refuse only.

    Args:
        evidence: the captures.
        carrier: the statements' carrier.
        path: the file's path, such as ``"/robots.txt"``.
        read: reads a body for one URL.
    """
    statements: list[Statement] = []
    of_image: dict[int, Reading] = {}
    for url in _targets(evidence):
        try:
            location = origin_of(url) + path
        except ValueError:
            continue
        is_image = url == evidence.asset_url
        captures = [c for c in evidence.captures if _is_at(c.url, location)]
        for capture in captures:
            # What a redirect leads to stands here as well (RFC 9309, section 2.3.1.2).
            captures += [c for c in _behind(capture, evidence) if c not in captures]
        for capture in captures:
            if _behind(capture, evidence):
                continue
            reading = _read_file(capture, captures, url, read)
            if is_image:
                of_image[id(capture)] = reading
            elif _adds_nothing(reading, of_image.get(id(capture))):
                continue
            else:
                reading = replace(reading, preferences=only_refusals(reading.preferences))
            if not reading.is_silent:
                statements.append(
                    statement_of(
                        reading,
                        carrier,
                        location if is_image else f"{location} (for the page {url})",
                        observed_at=capture.captured_at,
                        evidence=capture.body or b"",
                    )
                )
    return statements


def _read_file(
    capture: Capture,
    captures: Sequence[Capture],
    url: str,
    read: Callable[[bytes, str], Reading],
) -> Reading:
    answer = answer_of(capture)
    if answer is Answer.ABSENT or (answer is Answer.FAILED and _is_superseded(capture, captures)):
        return Reading()
    reading = Reading() if capture.body is None else read(capture.body, url)
    if answer is Answer.FAILED:
        return _undetermined(reading, capture)
    if capture.body is None:
        return Reading(notes=("its content was not kept",), condition=Condition.UNDETERMINED)
    return reading


def _adds_nothing(of_page: Reading, of_image: Reading | None) -> bool:
    """Whether the same file, read for the page, refuses no more than it does for the image."""
    return (
        of_image is not None
        and of_page.condition is of_image.condition
        and only_refusals(of_page.preferences).items() <= of_image.preferences.items()
    )


def read_page_meta(
    evidence: WebEvidence, read: Callable[[Capture, Sequence[tuple[str, str]]], list[Statement]]
) -> list[Statement]:
    """Statements from the ``<meta>`` elements of the image's page.

    Args:
        evidence: the captures.
        read: reads the names and contents of one capture's elements.
    """
    return [
        statement
        for capture in evidence.captures
        if evidence.page_url and _same_resource(capture.url, evidence.page_url) and capture.body
        for statement in read(capture, read_meta(capture.body, capture.headers))
    ]


def statement_of(
    reading: Reading,
    carrier: str,
    source: str,
    *,
    observed_at: int | None = None,
    evidence: bytes = b"",
) -> Statement:
    """The statement that a reading makes. It is L0: anyone may have set up the server."""
    preferences = reading.preferences
    if reading.condition is not Condition.SOUND:
        preferences = only_refusals(preferences)
    return Statement(
        carrier=carrier,
        source=printable(source, 400),
        preferences=preferences,
        condition=reading.condition,
        observed_at=observed_at,
        evidence_sha256=digest_bytes(evidence) if evidence else "",
        notes=tuple(dict.fromkeys(printable(note) for note in reading.notes))[:_MAX_NOTES],
    )


def _targets(evidence: WebEvidence) -> Iterator[str]:
    yield evidence.asset_url
    if evidence.page_url and evidence.page_url != evidence.asset_url:
        yield evidence.page_url


def _undetermined(reading: Reading, capture: Capture) -> Reading:
    why = capture.detail or (capture.failure.value.replace("_", " ") if capture.failure else "")
    status = f"status {capture.status}" if capture.status is not None else ""
    reason = ", ".join(part for part in (status, why) if part)
    note = f"it could not be fetched: {reason}"
    # A note about the failure goes first: there is room for a few only.
    return replace(reading, notes=(note, *reading.notes), condition=Condition.UNDETERMINED)


def _is_superseded(failed: Capture, captures: Sequence[Capture]) -> bool:
    """Whether the same address was reached at the same time or later."""
    return failed.captured_at is not None and any(
        other.captured_at is not None
        and other.captured_at >= failed.captured_at
        and answer_of(other) is not Answer.FAILED
        for other in captures
    )


def _behind(capture: Capture, evidence: WebEvidence) -> list[Capture]:
    """What was captured at the address that a redirect leads to."""
    if capture.status is None or not 300 <= capture.status < 400:
        return []
    targets = set()
    for location in capture.values("location"):
        try:
            targets.add(resolve_url(capture.url, location))
        except ValueError:
            continue
    return [c for c in evidence.captures if c.url in targets and c.url != capture.url]


def _same_resource(one: str, other: str) -> bool:
    return one.partition("#")[0] == other.partition("#")[0]


def _is_at(url: str, location: str) -> bool:
    if url == location:
        return True
    try:
        return origin_of(url) + urlsplit(url).path == location
    except ValueError:
        return False

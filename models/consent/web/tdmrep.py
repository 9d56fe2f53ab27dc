"""TDMRep: what a site, an image's response and a page declare about text and data mining.

W3C TDM Reservation Protocol, Final Community Group Report of 10 May 2024. The report lets headers
override the file and HTML override headers. Here every place is a statement of its own and the
most restrictive counts, so that no place can lift what another reserves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from models.canonical import digest_bytes
from models.consent.purposes import Preference, Purpose, stricter
from models.consent.reading_json import loose_text, printable
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence, origin_of
from models.consent.web.html_meta import read_meta
from models.consent.web.tdm_bodies import (
    body_of,
    captures_at,
    is_html,
    is_whole,
    responses_of,
)
from models.consent.web.tdm_policy import judge_policy_captures
from models.consent.web.tdm_rules import read_rules
from models.consent.web.tdm_values import (
    Declaration,
    declare,
    is_tdm_name,
    mentions_reservation,
    read_text_value,
)

CARRIER = "tdmrep"
WELL_KNOWN = "/.well-known/tdmrep.json"

_PURPOSES = (
    Purpose.DATA_MINING,
    Purpose.NON_GENERATIVE_TRAINING,
    Purpose.GENERATIVE_TRAINING,
)
_MAX_NOTES = 16


@dataclass(frozen=True, slots=True)
class _Found:
    """A declaration and where it stood.

    Attributes:
        statement: what there is to say besides the declaration.
        declaration: what was declared; None where only the statement is there.
        base: the address that a relative policy is resolved against.
        about_image: it speaks of the image itself. What speaks of its page cannot grant.
    """

    statement: Statement
    declaration: Declaration | None
    base: str
    about_image: bool = True


def read_tdmrep(evidence: WebEvidence) -> list[Statement]:
    """What TDMRep says about one image: a statement for each place that says something. All L0.

    Places: the file at the image's origin (and at its page's), the headers of the image's and the
    page's responses, and the page's meta elements. Never raises.
    """
    statements = [_conclude(found, evidence) for found in _find(evidence)]
    return _note_disagreement(statements)


def discover_tdm_policies(evidence: WebEvidence) -> tuple[str, ...]:
    """The policies that reservations in the evidence point at, for a gatherer to fetch."""
    found: dict[str, None] = {}
    for place in _find(evidence):
        declaration = place.declaration
        if declaration is not None and declaration.reserved and declaration.policy:
            url = _policy_url(declaration.policy, place.base)
            if url:
                found[url] = None
    return tuple(found)


def read_tdm_meta(
    pairs: Iterable[tuple[str, str]],
    source: str,
    *,
    base_url: str = "",
    captures: Iterable[Capture] = (),
    observed_at: int | None = None,
    evidence_sha256: str = "",
) -> Statement | None:
    """What the meta elements of a page declare; None where they do not speak of mining.

    A page's 0 speaks of the page: it grants nothing for the images on it.

    Args:
        pairs: name and content of each element, as ``html_meta.read_meta`` gives them.
        source: the page, for a reader.
        base_url: what a relative policy is resolved against.
        captures: where the policy is looked for.
        observed_at: when the page was read, UTC seconds.
        evidence_sha256: digest of the page.
    """
    declaration = _declare_pairs(pairs)
    if declaration is None:
        return None
    statement = Statement(
        carrier=CARRIER,
        source=printable(source),
        observed_at=observed_at,
        evidence_sha256=evidence_sha256,
    )
    evidence = WebEvidence("", "", tuple(captures))
    return _conclude(_Found(statement, declaration, base_url, about_image=False), evidence)


def conclude_declaration(declaration: Declaration, statement: Statement) -> Statement:
    """A statement about the image itself, from a declaration whose policy has not been read.

    Args:
        declaration: what was declared.
        statement: carrier, source and evidence.
    """
    return _conclude(_Found(statement, declaration, ""), WebEvidence(""))


def _find(evidence: WebEvidence) -> Iterator[_Found]:
    yield from _read_files(evidence)
    for capture in responses_of(evidence, evidence.asset_url):
        yield from _read_headers(capture, about_image=is_whole(capture))
    if evidence.page_url and evidence.page_url != evidence.asset_url:
        for capture in responses_of(evidence, evidence.page_url):
            yield from _read_headers(capture, about_image=False)
            yield from _read_page(capture)


def _read_files(evidence: WebEvidence) -> Iterator[_Found]:
    """The file at the image's origin, and those that can only refuse.

    These are the file of the same host under another scheme or port, and that of the page's host.
    What a file says about the page counts where it does not speak of the image.
    """
    asset_origin, asset_host = _origin(evidence.asset_url)
    page_host = _origin(evidence.page_url)[1] if evidence.page_url else ""
    for location in dict.fromkeys(capture.url for capture in evidence.captures):
        origin, host = _origin(location)
        if not host or urlsplit(location).path != WELL_KNOWN:
            continue
        for capture in captures_at(evidence, location):
            found = None
            if host == asset_host:
                grants = origin == asset_origin
                found = _read_file(capture, location, evidence.asset_url, about_image=grants)
            if found is None and host == page_host:
                found = _read_file(capture, location, evidence.page_url, about_image=False)
            if found is not None:
                yield found


def _origin(url: str) -> tuple[str, str]:
    try:
        return origin_of(url), (urlsplit(url).hostname or "").lower()
    except ValueError:
        return "", ""


def _read_file(capture: Capture, location: str, url: str, *, about_image: bool) -> _Found | None:
    body = body_of(capture)
    if body.absent:
        return None
    kept = capture.body or b""
    blank = Statement(
        carrier=CARRIER,
        source=printable(location, 400),
        observed_at=capture.captured_at,
        evidence_sha256=digest_bytes(kept) if capture.body is not None else "",
    )
    if body.data is None:
        # Whatever part of it was kept can still refuse.
        shown = mentions_reservation(loose_text(kept))
        return _Found(
            replace(
                blank,
                condition=Condition.UNDETERMINED,
                preferences=_refusal() if shown else {},
                notes=(body.problem,),
            ),
            None,
            capture.url,
        )
    if is_html(capture):
        return _read_web_page_instead(capture, blank)
    try:
        declaration = read_rules(body.data, url)
    except ValueError as error:
        blank = replace(blank, condition=Condition.UNDETERMINED, notes=(printable(str(error)),))
        return _Found(blank, None, capture.url)
    if declaration is None:
        return None
    return _Found(blank, declaration, capture.url, about_image)


def _read_web_page_instead(capture: Capture, blank: Statement) -> _Found:
    """A page in place of the file: servers do that where there is none. A refusal in it counts."""
    note = "a web page stands where the file belongs: there is no such file"
    if mentions_reservation(loose_text(capture.body or b"")):
        return _Found(
            blank, Declaration(True, proper=False, notes=(note + ", but a reservation",)), ""
        )
    return _Found(replace(blank, notes=(note,)), None, "")


def _read_headers(capture: Capture, *, about_image: bool) -> Iterator[_Found]:
    said = [
        (name, value) for name, value in capture.headers if is_tdm_name(name) or _is_policy(name)
    ]
    declaration = _declare_pairs(said)
    if declaration is None:
        return
    lines = "".join(f"{name}: {value}\r\n" for name, value in said)
    statement = Statement(
        carrier=CARRIER,
        source=printable(f"{capture.url} (response header)", 400),
        observed_at=capture.captured_at,
        evidence_sha256=digest_bytes(lines.encode("utf-8", "surrogatepass")),
    )
    yield _Found(statement, declaration, capture.url, about_image)


def _read_page(capture: Capture) -> Iterator[_Found]:
    if capture.body is None:
        return
    declaration = _declare_pairs(read_meta(capture.body, capture.headers))
    if declaration is None:
        return
    statement = Statement(
        carrier=CARRIER,
        source=printable(f"{capture.url} (meta element)", 400),
        observed_at=capture.captured_at,
        evidence_sha256=digest_bytes(capture.body),
    )
    yield _Found(statement, declaration, capture.url, about_image=False)


def _declare_pairs(pairs: Iterable[tuple[str, str]]) -> Declaration | None:
    """The declaration in headers or meta elements. Names are not case-sensitive in either."""
    values: list[tuple[bool | None, bool]] = []
    policies: list[str] = []
    proper = True
    for name, text in pairs:
        if is_tdm_name(name):
            values.append(read_text_value(text))
            proper = proper and name.strip().casefold() == "tdm-reservation"
        elif _is_policy(name):
            policies.append(text)
    return declare(values, policies, proper=proper)


def _is_policy(name: str) -> bool:
    return name.strip().casefold() == "tdm-policy"


def _conclude(found: _Found, evidence: WebEvidence) -> Statement:
    """The statement that a declaration comes to, under its policy."""
    declaration = found.declaration
    if declaration is None:
        return found.statement
    notes = list(declaration.notes)
    preferences: dict[Purpose, Preference] = {}
    license_ref = ""
    if declaration.reserved:
        preferences = _refusal()
        if declaration.policy:
            license_ref = _policy_url(declaration.policy, found.base)
            if not license_ref:
                notes.append("tdm-policy is not the address of a document on the web")
            elif declaration.proper:
                captures = captures_at(evidence, license_ref)
                preference, said = judge_policy_captures(captures)
                preferences = dict.fromkeys(_PURPOSES, preference)
                notes += said
    elif declaration.reserved is None or not declaration.proper:
        notes.append("it does not say clearly that rights are not reserved: nothing is granted")
    elif found.about_image:
        preferences = dict.fromkeys(_PURPOSES, Preference.ALLOWED)
    else:
        notes.append("it says that rights are not reserved, but does not speak for the image")
    return replace(
        found.statement,
        preferences=preferences,
        condition=Condition.SOUND if declaration.proper else Condition.MALFORMED,
        license_ref=printable(license_ref, 2000),
        notes=tuple(printable(note, 400) for note in notes)[:_MAX_NOTES],
    )


def _refusal() -> dict[Purpose, Preference]:
    return dict.fromkeys(_PURPOSES, Preference.NOT_ALLOWED)


def _policy_url(policy: str, base: str) -> str:
    """The absolute address of a policy; empty where it has none on the web."""
    try:
        url = urljoin(base, policy.strip())
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return url.partition("#")[0] if usable else ""


def _note_disagreement(statements: list[Statement]) -> list[Statement]:
    """Say so where two places disagree. The decision takes the most restrictive by itself."""
    strictest = Preference.UNKNOWN
    for statement in statements:
        strictest = stricter(strictest, statement.preference(Purpose.DATA_MINING))
    if strictest is Preference.UNKNOWN:
        return statements
    ruling = next(s for s in statements if s.preference(Purpose.DATA_MINING) is strictest)
    note = printable(f"{ruling.source} is stricter: the most restrictive counts", 400)
    return [
        replace(statement, notes=(*statement.notes[: _MAX_NOTES - 1], note))
        if statement.preference(Purpose.DATA_MINING) not in (strictest, Preference.UNKNOWN)
        else statement
        for statement in statements
    ]

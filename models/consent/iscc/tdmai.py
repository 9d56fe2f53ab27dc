"""TDM·AI: what a declaration says about the content that an ISCC names.

Liccium's protocol (docs.tdmai.org) has used three vocabularies: TDMRep (``tdm-reservation``, since
November 2025), the IETF's draft of AI preferences (``all``, ``train-ai``, ``train-genai``,
``ai-use``) and before that ``usagePermission``. All are read, bare, among a declaration's
``liccium_plugins``, or inside a W3C verifiable credential. Signatures are not verified, so that a
refusal counts and a permission never grants by itself.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from models.canonical import digest_bytes
from models.consent.evidence.observation import Said
from models.consent.iscc.codes import IsccError, parse_iscc
from models.consent.iscc.vocabulary import (
    Meaning,
    plain,
    read_preferences,
    refusals_in_text,
)
from models.consent.reading_json import (
    MalformedJsonError,
    Pairs,
    loose_text,
    printable,
    read_json,
)
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind

_ISCC_KEYS = frozenset({"iscc", "iscccode", "isccs", "iscccodes", "isccid", "isccunits"})
_ID_KEYS = frozenset({"id", "@id", "identifier", "sub", "subject"})
_LOOSE_ISCC = re.compile(
    r"iscc[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:iscc:)?\s{0,2}([a-z2-7-]{10,140})", re.IGNORECASE
)
_MAX_CODES = 4096
_MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class TdmaiReading:
    """What one document says.

    Attributes:
        said: a statement for each ISCC that it speaks of.
        problems: sentences about what could not be attached to any ISCC. Whoever reads the
            document has to show them: a refusal may be lost in them.
    """

    said: tuple[Said, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass
class _Reading:
    source: str
    evidence: str
    observed_at: int | None
    said: list[Said] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(printable(f"{self.source}: {text}"))

    def say(self, codes: Iterable[str], meaning: Meaning, condition: Condition) -> None:
        for code in codes:
            statement = Statement(
                carrier="tdmai",
                source=printable(self.source),
                preferences=dict(meaning.preferences),
                condition=condition,
                license_ref=meaning.policy,
                observed_at=self.observed_at,
                evidence_sha256=self.evidence,
                notes=tuple(meaning.notes),
            )
            self.said.append(Said(Subject(SubjectKind.ISCC, code), statement))


def read_tdmai(data: bytes, source: str, observed_at: int | None = None) -> TdmaiReading:
    """Read one document: a declaration, a credential around one, or a list of either.

    Args:
        data: the JSON document, at most 1 MiB.
        source: where it was found, for a reader.
        observed_at: when, UTC seconds.

    Returns:
        Statements at L0. What is malformed keeps every refusal that can be found in it.
    """
    reading = _Reading(source, digest_bytes(data), observed_at)
    try:
        document = read_json(data)
    except MalformedJsonError as error:
        _salvage(loose_text(data), f"the declaration cannot be read: {error}", reading)
    else:
        items = document if isinstance(document, list) else [document]
        for number, item in enumerate(items, 1):
            _read_item(item, f"declaration {number}" if len(items) > 1 else "it", reading)
    return TdmaiReading(tuple(reading.said), tuple(reading.problems))


def _read_item(item: Any, name: str, reading: _Reading) -> None:
    if not isinstance(item, Pairs):
        _salvage(str(item), f"{name} is not a JSON object", reading)
        return
    owners = _owners(item)
    stop = {id(owner) for owner in owners}
    stray = Meaning() if id(item) in stop else _strays(item, stop)
    for owner in owners:
        codes, faults = _codes_of(owner)
        inside = ((node, node is owner) for node in _objects(owner, stop))
        meaning = read_preferences(inside)
        meaning.add_refusals(stray)
        for fault in faults:
            reading.problem(f"{name} names {fault}")
        _conclude(codes, meaning, bool(faults), name, reading)
    if not owners:
        meaning = _strays(item, set())
        codes = _loose_codes(_strings(item))
        _conclude(codes, meaning, True, name, reading)


def _conclude(
    codes: list[str], meaning: Meaning, odd_place: bool, name: str, reading: _Reading
) -> None:
    if not meaning.found:
        # A declaration of something else (an author, a licence) is none about mining.
        if not codes:
            reading.problem(f"{name} names no ISCC and no preference")
        return
    if odd_place:
        meaning.keep_refusals("its ISCC does not stand where it should: only refusals count")
    if not codes:
        refused = ", ".join(sorted(p.value for p in meaning.refused()))
        reading.problem(f"{name} names no ISCC that can be compared; it refuses: {refused or '-'}")
        return
    condition = Condition.MALFORMED if meaning.malformed else Condition.SOUND
    reading.say(codes, meaning, condition)


def _owners(item: Pairs) -> list[Pairs]:
    """The objects that name their ISCC themselves, outermost first."""
    return [node for node in _objects(item, set()) if any(_is_iscc_pair(*p) for p in node)]


def _is_iscc_pair(key: str, value: Any) -> bool:
    name = plain(key)
    if name in _ISCC_KEYS:
        return isinstance(value, str | list)
    return name in _ID_KEYS and isinstance(value, str) and bool(_LOOSE_ISCC.match(value.strip()))


def _codes_of(owner: Pairs) -> tuple[list[str], list[str]]:
    """The codes that one object names, and a phrase for each that cannot be compared."""
    codes: dict[str, None] = {}
    faults: list[str] = []
    for key, value in owner:
        if not _is_iscc_pair(key, value):
            continue
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str):
                faults.append(f"something that is no ISCC under {key!r}")
                continue
            try:
                codes[parse_iscc(text)] = None
            except IsccError as error:
                if plain(key) != "isccid":
                    faults.append(f"{text[:60]!r}: {error}")
    return list(codes)[:_MAX_CODES], faults[:16]


def _strays(item: Pairs, stop: set[int]) -> Meaning:
    """What stands beside every owner: a credential's own level, for one. It may only refuse."""
    return read_preferences((node, False) for node in _objects(item, stop))


def _objects(root: Any, stop: set[int]) -> Iterator[Pairs]:
    """``root`` and every object in it; those in ``stop`` are left out with all they hold."""
    waiting = deque([root])
    while waiting:
        current = waiting.popleft()
        if isinstance(current, Pairs):
            if current is not root and id(current) in stop:
                continue
            yield current
            waiting.extend(value for _, value in current)
        elif isinstance(current, list):
            waiting.extend(current)


def _strings(root: Any) -> Iterator[str]:
    for node in _objects(root, set()):
        for _, value in node:
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    yield text


def _loose_codes(texts: Iterable[str]) -> list[str]:
    codes: dict[str, None] = {}
    for text in texts:
        for match in _LOOSE_ISCC.finditer(text):
            try:
                codes[parse_iscc(match[1])] = None
            except IsccError:
                continue
            if len(codes) >= _MAX_CODES:
                return list(codes)
    return list(codes)


def _salvage(text: str, note: str, reading: _Reading) -> None:
    """What a text that is no declaration still refuses, for every ISCC that stands in it."""
    meaning = refusals_in_text(text)
    meaning.note(note)
    codes = _loose_codes([text])
    if codes:
        reading.say(codes, meaning, Condition.MALFORMED)
    else:
        reading.problem(f"{note}; no ISCC can be found in it")

"""IETF AI usage preferences: the ``Content-Usage`` header and ``Content-Usage`` lines.

draft-ietf-aipref-vocab-08, section 6 (a dictionary of RFC 9651, values ``y`` and ``n``), and
draft-ietf-aipref-attach-05, sections 2 (header) and 3 (robots.txt). Where the drafts call something
unknown that looks like a refusal, it is read as the refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import http_sf

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.aipref_vocabulary import (
    CURRENT,
    VOCABULARIES,
    choose_vocabulary,
    refused_by,
)
from models.consent.web.capture import WebEvidence
from models.consent.web.robots_agents import plain_name
from models.consent.web.robots_groups import Field
from models.consent.web.robots_readings import Reading
from models.consent.web.robots_refusals import find_loose_refusals, refuse
from models.consent.web.robots_usage import UsageSignal, read_usage

CARRIER = "aipref"
_YES, _NO = "y", "n"
_AFFIRMATIVE = frozenset(("y", "yes", "true", "allow", "allowed", "ok", "1"))


def read_aipref(evidence: WebEvidence) -> list[Statement]:
    """What headers, robots.txt and the page's metas say in the AIPREF vocabulary."""
    return read_usage(evidence, CONTENT_USAGE)


def read_content_usage(values: Sequence[str]) -> Reading:
    """What the ``Content-Usage`` lines of one response, or one robots.txt rule, say.

    Several lines are one dictionary. Of a label that is given twice the last value counts (RFC
    9651, section 4.2.2), except that a refusal does not give way to a later permission.
    """
    text = ", ".join(values)
    notes: list[str] = []
    condition = Condition.SOUND
    tokens: dict[str, str] = {}
    again: set[str] = set()
    try:
        parsed = http_sf.parse(
            text.encode("utf-8", "replace"),
            tltype="dictionary",
            on_duplicate_key=lambda key, _: again.add(key),
        )
    except http_sf.StructuredFieldError as error:
        condition = Condition.MALFORMED
        notes.append(f"Content-Usage cannot be read ({error}): {text}")
    else:
        assert isinstance(parsed, dict)
        tokens = {label: _token_of(member) for label, member in parsed.items()}
    refused = _refused_labels(tokens, notes)
    loose = find_loose_refusals(text)
    vocabulary = choose_vocabulary({*tokens, *_LABELS.intersection(_hyphenate(loose))})
    preferences: dict[Purpose, Preference] = {}
    for label in refused:
        preferences |= refuse(refused_by(label, vocabulary))
    for key, purposes in loose.items():
        label = _BY_LETTERS.get(key, "")
        if label in refused:
            continue
        preferences |= refuse(refused_by(label, vocabulary) or purposes)
        why = "a later value does not undo it" if label in again else "an odd spelling"
        notes.append(f"{label or key} is refused ({why}): {text}")
    for label in (label for label, value in tokens.items() if value == _YES):
        for purpose in CURRENT.purposes.get(label, ()):
            preferences.setdefault(purpose, Preference.ALLOWED)
    return Reading(preferences, tuple(notes), condition)


_LABELS = frozenset(label for v in VOCABULARIES for label in v.purposes)
_BY_LETTERS = {plain_name(label): label for label in _LABELS}


def _hyphenate(keys: Iterable[str]) -> list[str]:
    return [_BY_LETTERS[key] for key in keys if key in _BY_LETTERS]


def _token_of(member: object) -> str:
    """The value of a dictionary member: "y" and "n" for those tokens, else marked as odd."""
    value = member[0] if isinstance(member, tuple) else member
    if isinstance(value, http_sf.Token):
        return str(value)
    if isinstance(value, bool):
        return "(true)" if value else "(false)"
    return f"({value})"


def _refused_labels(tokens: dict[str, str], notes: list[str]) -> list[str]:
    refused = []
    for label, value in tokens.items():
        if value == _YES or not refused_by(label, CURRENT):
            continue
        shown = value.strip("()")
        if value != _NO and shown.casefold() in _AFFIRMATIVE:
            notes.append(f"{label}={shown} does not permit: only the token y does")
            continue
        refused.append(label)
        if value != _NO:
            notes.append(f"{label} has the unknown value {shown}: read as a refusal")
    return refused


CONTENT_USAGE = UsageSignal(
    CARRIER,
    ("content-usage", "x-content-usage", "content-usages"),
    Field.CONTENT_USAGE,
    read_content_usage,
)
"""Where AIPREF preferences stand, and how they are read."""

"""ERC-7517: ``dataMiningPreference`` in token metadata, and Numbers' ``miningPreference``.

A refusal is believed wherever it stands and however its key is spelled. A grant is read only from
the place and the spelling that the standard gives; nothing in unsigned JSON can grant anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from models.canonical import digest_bytes
from models.consent.binding import check_binding
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose, stricter
from models.consent.reading_json import (
    MalformedJsonError,
    Pairs,
    loose_text,
    printable,
    read_json,
    walk,
)
from models.consent.statements import Condition, Statement, Trust

PREFERENCE_KEYS = ("dataMiningPreference", "miningPreference")

_TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
# ERC-7517's aiTraining means generative and non-generative training.
EXPANSIONS: dict[str, tuple[Purpose, ...]] = {
    "dataMining": (Purpose.DATA_MINING,),
    "aiInference": (Purpose.INFERENCE,),
    "aiTraining": _TRAINING,
    "aiTrainingWithAuthorship": _TRAINING,
    "aiGenerativeTraining": (Purpose.GENERATIVE_TRAINING,),
    "aiGenerativeTrainingWithAuthorship": (Purpose.GENERATIVE_TRAINING,),
}
_VALUES = {
    "allowed": Preference.ALLOWED,
    "notAllowed": Preference.NOT_ALLOWED,
    "constrained": Preference.CONSTRAINED,
    "constraint": Preference.CONSTRAINED,
}
_WITH_AUTHORSHIP = "WithAuthorship"


def _plain(text: str) -> str:
    return re.sub(r"[\s_.\-]", "", text).casefold()


_PLAIN_USES = {_plain(key): purposes for key, purposes in EXPANSIONS.items()}
_PLAIN_PREFERENCE_KEYS = {_plain(key) for key in PREFERENCE_KEYS}
_PLAIN_REFUSAL = _plain("notAllowed")
_MAX_TRAIT_FIELDS = 8  # an object with more equal keys is no trait, and would cost their product
_TRAIT_NAMES = ("trait_type", "name", "key")
_AUTHOR_KEYS = ("author", "artist", "creator", "created_by", "createdBy")
_MAX_AUTHORS = 8
_MAX_AUTHOR = 200
_LOOSE_NO = re.compile(r"[:=]\s{0,8}[\"']?not[ _-]?allowed", re.IGNORECASE)
_LOOSE_KEY = re.compile(r"([A-Za-z][A-Za-z_ -]{5,45})[\"']?\s{0,8}\Z")
_LOOSE_WINDOW = 60


@dataclass
class _Reading:
    """What has been gathered from one document so far."""

    preferences: dict[Purpose, Preference] = field(default_factory=dict)
    attribution: bool = False
    malformed: bool = False
    found: bool = False
    notes: list[str] = field(default_factory=list)

    def refuse(self, purposes: Iterable[Purpose], note: str) -> None:
        self.found = True
        for purpose in purposes:
            self.preferences[purpose] = Preference.NOT_ALLOWED
        self.note(note)

    def note(self, text: str) -> None:
        text = printable(text)
        if text not in self.notes and len(self.notes) < 16:
            self.notes.append(text)


def parse_token_json(data: bytes, source: str, asset_id: str = "") -> Statement | None:
    """What a token's metadata says about mining its image.

    Args:
        data: the JSON file.
        source: its name, for a reader.
        asset_id: SHA-256 of the image in hand, to see whether the metadata speaks of it.

    Returns:
        A statement at L0, or at L4 where a hash in the metadata matches; None where the document
        says nothing about mining. Bytes that cannot be parsed are a malformed statement.
    """
    reading = _Reading()
    bound = False
    license_ref = author = ""
    try:
        document = read_json(data)
    except MalformedJsonError as error:
        reading.malformed = True
        reading.note(f"{error}")
        _read_loosely(loose_text(data), reading)
    else:
        if isinstance(document, Pairs):
            _read_canonical(document, reading)
        _read_elsewhere(document, reading)
        if not (reading.found or reading.malformed):
            return None
        if isinstance(document, Pairs):
            bound, notes = check_binding(document, asset_id)
            for note in notes:
                reading.note(note)
            license_ref = _license_in(document)
            author = _author_in(document)
    return Statement(
        carrier="sidecar",
        source=printable(source),
        preferences=reading.preferences,
        condition=Condition.MALFORMED if reading.malformed else Condition.SOUND,
        trust=Trust(bound=bound),
        attribution=reading.attribution,
        license_ref=license_ref,
        author=author,
        evidence_sha256=digest_bytes(data),
        notes=tuple(reading.notes),
    )


def _read_canonical(document: Pairs, reading: _Reading) -> None:
    """The preference at the place that the standard gives: the root of the document."""
    values = [value for key in PREFERENCE_KEYS for value in document.all(key)]
    for value in values:
        found = _preferences_of(value, reading)
        for purpose, preference in found.items():
            known = reading.preferences.get(purpose, Preference.UNKNOWN)
            reading.preferences[purpose] = stricter(known, preference)
    if len(values) > 1:
        reading.malformed = True
        reading.note("the preference stands more than once: the most restrictive value counts")


def _preferences_of(value: Any, reading: _Reading) -> dict[Purpose, Preference]:
    reading.found = True
    if isinstance(value, Pairs):
        return _from_object(value, reading)
    if isinstance(value, str):
        return _from_selection([value], reading)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return _from_selection(value, reading)
    if isinstance(value, list) and value and all(isinstance(item, Pairs) for item in value):
        return _from_object(Pairs(pair for item in value for pair in item), reading)
    reading.malformed = True
    reading.note("the preference is neither an object, nor a list, nor the name of a use")
    return dict.fromkeys(ALL_PURPOSES, Preference.NOT_ALLOWED) if value is False else {}


def _from_object(value: Pairs, reading: _Reading) -> dict[Purpose, Preference]:
    uses: dict[str, Preference] = {}
    for key, raw in value:
        if key not in EXPANSIONS:
            continue
        if key in uses:
            reading.malformed = True
            reading.note(f"{key} stands more than once: the most restrictive value counts")
        uses[key] = stricter(uses.get(key, Preference.UNKNOWN), _use_value(key, raw, reading))
    general, general_named = _combine(uses, "aiTraining", reading)
    generative, generative_named = _combine(uses, "aiGenerativeTraining", reading)
    if generative is Preference.UNKNOWN:
        generative, generative_named = general, general_named
    reading.attribution |= general_named or generative_named
    preferences = {
        Purpose.DATA_MINING: uses.get("dataMining", Preference.UNKNOWN),
        Purpose.INFERENCE: uses.get("aiInference", Preference.UNKNOWN),
        Purpose.NON_GENERATIVE_TRAINING: general,
        Purpose.GENERATIVE_TRAINING: generative,
    }
    return {p: v for p, v in preferences.items() if v is not Preference.UNKNOWN}


def _combine(uses: dict[str, Preference], key: str, reading: _Reading) -> tuple[Preference, bool]:
    """One use with and without authorship: the value, and whether the author is to be named."""
    plain = uses.get(key, Preference.UNKNOWN)
    named = uses.get(key + _WITH_AUTHORSHIP, Preference.UNKNOWN)
    if plain is Preference.NOT_ALLOWED and named not in (Preference.UNKNOWN, plain):
        reading.note(f"{key} is notAllowed: the grant with authorship does not lift that")
    value = stricter(plain, named)
    usable = value in (Preference.ALLOWED, Preference.CONSTRAINED)
    return value, usable and plain is Preference.UNKNOWN


def _use_value(key: str, raw: Any, reading: _Reading) -> Preference:
    if not isinstance(raw, str):
        reading.malformed = True
        reading.note(f"{key} is not a string")
        return Preference.NOT_ALLOWED if raw is False else Preference.UNKNOWN
    value = _VALUES.get(raw)
    if value is None:
        reading.note(f"{key} has the unknown value {raw!r}: read as notAllowed")
        return Preference.NOT_ALLOWED
    return value


def _from_selection(names: list[str], reading: _Reading) -> dict[Purpose, Preference]:
    """Numbers' form: the uses that the owner selected. What was not selected is not allowed."""
    preferences = dict.fromkeys(ALL_PURPOSES, Preference.NOT_ALLOWED)
    unknown = [name for name in names if name not in EXPANSIONS]
    if unknown:
        if unknown != ["notAllowed"]:
            reading.note(f"{unknown[0]!r} is not the name of a use: read as notAllowed")
        return preferences
    for name in names:
        preferences.update(dict.fromkeys(EXPANSIONS[name], Preference.ALLOWED))
    plain = {p for name in names if not name.endswith(_WITH_AUTHORSHIP) for p in EXPANSIONS[name]}
    granted = {p for name in names for p in EXPANSIONS[name]}
    reading.attribution |= bool(granted - plain)
    reading.note("names the selected uses: the others are read as notAllowed")
    return preferences


def _read_elsewhere(document: Any, reading: _Reading) -> None:
    """Refusals under other spellings and at other places; grants there only leave a note."""
    proper = _proper_objects(document)
    for node in walk(document):
        for key, value in _pairs_and_traits(node):
            plain = _plain(key)
            if plain in _PLAIN_PREFERENCE_KEYS:
                if not (node is document and key in PREFERENCE_KEYS):
                    _read_odd_preference(key, value, reading)
            elif plain in _PLAIN_USES and isinstance(value, str):
                # A use at its proper place was read there, where the more specific use beats it.
                was_read = key in EXPANSIONS and id(node) in proper
                if _plain(value) == _PLAIN_REFUSAL and not was_read:
                    reading.refuse(_PLAIN_USES[plain], f"refusal found under {key!r}")


def _proper_objects(document: Any) -> set[int]:
    """The identities of the objects that were read at the place that the standard gives."""
    if not isinstance(document, Pairs):
        return set()
    values = [value for key in PREFERENCE_KEYS for value in document.all(key)]
    return {
        id(item) for value in values for item in (value if isinstance(value, list) else [value])
    }


def _pairs_and_traits(node: Pairs) -> Iterable[tuple[str, Any]]:
    """The object's own pairs, and the pair that a trait of an ``attributes`` list means."""
    yield from node
    for value in node.all("value")[:_MAX_TRAIT_FIELDS]:
        for name in _TRAIT_NAMES:
            for trait in node.all(name)[:_MAX_TRAIT_FIELDS]:
                if isinstance(trait, str):
                    yield trait, value


def _read_odd_preference(key: str, value: Any, reading: _Reading) -> None:
    aside = _Reading()
    found = _preferences_of(value, aside)
    refused = [p for p in ALL_PURPOSES if found.get(p) is Preference.NOT_ALLOWED]
    if refused:
        reading.refuse(refused, f"refusal found under {key!r}, not where the standard asks for it")
    if len(refused) < len(found):
        reading.found = True
        reading.note(f"a grant under {key!r} is not read: it is not where the standard asks for it")
    for note in aside.notes:
        reading.note(note)
    if aside.malformed and not isinstance(value, Pairs | list):
        reading.found = reading.malformed = True


def _read_loosely(text: str, reading: _Reading) -> None:
    """Refusals in a text that is not JSON: ``aiTraining: notAllowed`` in any dress."""
    for refusal in _LOOSE_NO.finditer(text):
        match = _LOOSE_KEY.search(text[max(0, refusal.start() - _LOOSE_WINDOW) : refusal.start()])
        if match is None:
            continue
        # Words may stand before the key, as in "the aiTraining".
        words = match[1].split()
        names = {_plain(" ".join(words[start:])) for start in range(len(words))}
        for plain in names & _PLAIN_USES.keys():
            reading.refuse(_PLAIN_USES[plain], f"refusal found under {match[1]!r}")
        if names & _PLAIN_PREFERENCE_KEYS:
            reading.refuse(ALL_PURPOSES, f"refusal found under {match[1]!r}")


def _license_in(document: Pairs) -> str:
    """The licence that a constrained value points at: the document first, else its name."""
    inner = [value for key in PREFERENCE_KEYS for value in document.all(key)]
    for place in (document, *(value for value in inner if isinstance(value, Pairs))):
        for value in place.all("license"):
            if isinstance(value, str):
                return printable(value, 2000)
            if isinstance(value, Pairs):
                for field_name in ("document", "name"):
                    for text in value.all(field_name):
                        if isinstance(text, str) and text:
                            return printable(text, 2000)
    return ""


def _author_in(document: Pairs) -> str:
    """Whom to name: a text, an object's ``name``, or a list of these; "" where nobody is named.

    ERC-7517 asks for the author and leaves open where the name stands. These keys are in use.
    """
    for key in _AUTHOR_KEYS:
        for value in document.all(key):
            names = [_name_of(item) for item in (value if isinstance(value, list) else [value])]
            told = [name for name in names[:_MAX_AUTHORS] if name]
            if told:
                return printable(", ".join(dict.fromkeys(told)), _MAX_AUTHOR)
    return ""


def _name_of(value: Any) -> str:
    if isinstance(value, Pairs):
        value = next((name for name in value.all("name") if isinstance(name, str)), "")
    return " ".join(value[:_MAX_AUTHOR].split()) if isinstance(value, str) else ""

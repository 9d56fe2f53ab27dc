"""The words in which TDM·AI declarations speak, in all the versions that were published.

Refusals are read from any spelling. A permission is read only from a declaration's own level (or
its ``tdmrep`` plugin) in the exact spelling of one of the published versions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from models.consent.eip7517 import EXPANSIONS
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose, stricter
from models.consent.reading_json import Pairs, printable

_TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
_MINING = (Purpose.DATA_MINING, *_TRAINING)
_GENERATIVE = (Purpose.GENERATIVE_TRAINING,)
_INFERENCE = (Purpose.INFERENCE,)

# From the general to the special: within one object the special word overrides the general one.
_EXACT_USES: dict[str, tuple[Purpose, ...]] = {
    "all": _MINING,
    "train-ai": _TRAINING,
    "train-genai": _GENERATIVE,
    "ai-use": _INFERENCE,
}


def plain(text: str) -> str:
    """A key or value without case, spaces and punctuation."""
    return re.sub(r"[\s_.:·\-]", "", text[:80]).casefold()


_USES: dict[str, tuple[Purpose, ...]] = {
    **{plain(key): purposes for key, purposes in EXPANSIONS.items()},
    "all": _MINING,
    "tdm": _MINING,
    "tdmai": _MINING,
    "trainai": _TRAINING,
    "aitrain": _TRAINING,
    "aitraining": _TRAINING,
    "traingenai": _GENERATIVE,
    "generativeai": _GENERATIVE,
    "genaitraining": _GENERATIVE,
    "aiuse": _INFERENCE,
    "aiinput": _INFERENCE,
    "aiinference": _INFERENCE,
}
_EVERYDAY = frozenset({"all", "tdm", "tdmai"})  # words that also name other things in JSON
_RESERVATION = "tdmreservation"
_POLICIES = frozenset({"tdmpolicy", "tdmaipolicyurl", "tdmaipolicy"})
_OPT_OUTS = frozenset(
    {"tdmoptout", "aioptout", "optout", "optedout", "tdmaioptout", "noai", "usagereservation"}
)
_REFUSALS = frozenset(
    {"false", "n", "no", "0", "notallowed", "disallowed", "disallow", "reserved", "denied", "deny"}
    | {"usagereservation", "prohibited", "refused", "refuse", "optout", "forbidden"}
)
_NOTHING_REFUSED = frozenset({"false", "n", "no", "0"})
_GRANTS = frozenset(["true", "y", "yes", "1", "allowed", "allow", "usagepermission", "permitted"])
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}:\S+\Z")
_LOOSE_USE = re.compile(
    r"(?<![A-Za-z_-])([A-Za-z][A-Za-z_-]{2,45})[\"']?\s{0,8}[:=]\s{0,8}[\"']?(\w[\w -]{0,24})"
)


@dataclass
class Meaning:
    """What a declaration says.

    Attributes:
        preferences: the value for each purpose that is spoken of.
        policy: URL of the policy of a reservation, or "".
        malformed: something in it could not be read.
        found: it speaks of mining or training at all.
        notes: what a reader should know.
    """

    preferences: dict[Purpose, Preference] = field(default_factory=dict)
    policy: str = ""
    malformed: bool = False
    found: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, purposes: Iterable[Purpose], preference: Preference) -> None:
        """Note a value; where there is one already, the more restrictive one stays."""
        self.found = True
        for purpose in purposes:
            known = self.preferences.get(purpose, Preference.UNKNOWN)
            self.preferences[purpose] = stricter(known, preference)

    def add_refusals(self, other: Meaning) -> None:
        """Take over what another reading restricts, and its faults."""
        for purpose, preference in other.preferences.items():
            if preference is not Preference.ALLOWED:
                self.add((purpose,), preference)
        self.malformed |= other.malformed
        self.found |= other.found
        self.policy = self.policy or other.policy
        for text in other.notes:
            self.note(text)

    def keep_refusals(self, note: str) -> None:
        """Forget every permission, and say why."""
        allowed = [p for p, v in self.preferences.items() if v is Preference.ALLOWED]
        for purpose in allowed:
            del self.preferences[purpose]
        if allowed:
            self.note(note)

    def refused(self) -> list[Purpose]:
        """The purposes that are refused."""
        return [p for p in ALL_PURPOSES if self.preferences.get(p) is Preference.NOT_ALLOWED]

    def note(self, text: str) -> None:
        """Keep a note, once, and not too many."""
        text = printable(text)
        if text not in self.notes and len(self.notes) < 16:
            self.notes.append(text)


def read_preferences(objects: Iterable[tuple[Pairs, bool]]) -> Meaning:
    """The preferences in some JSON objects.

    Args:
        objects: each object, and whether it stands where a permission may stand.
    """
    meaning = Meaning()
    for node, proper in objects:
        _read_object(node, proper, meaning)
    return meaning


def refusals_in_text(text: str) -> Meaning:
    """Refusals in a text that is not JSON, in any dress."""
    meaning = Meaning(malformed=True)
    for match in _LOOSE_USE.finditer(text):
        key, value = plain(match[1]), plain(match[2])
        if key in _USES:
            if value in _REFUSALS:
                meaning.add(_USES[key], Preference.NOT_ALLOWED)
        elif (key == _RESERVATION or key in _OPT_OUTS) and value not in _NOTHING_REFUSED:
            meaning.add(_MINING, Preference.NOT_ALLOWED)
    return meaning


def _read_object(node: Pairs, proper: bool, meaning: Meaning) -> None:
    aside = Meaning()
    general: dict[Purpose, Preference] = {}
    often = Counter(key for key, _ in node)
    # TDMRep's plugin is an object that holds nothing but the reservation and its policy.
    is_tdmrep = all(plain(key) in (_RESERVATION, *_POLICIES) for key in often)
    policy = _policy_of(node)
    for key, value in node:
        name = plain(key)
        if name == _RESERVATION:
            _read_reservation(key, value, policy, proper or is_tdmrep, aside)
        elif name in _OPT_OUTS:
            _read_opt_out(key, value, aside)
        elif name in _USES and not (name in _EVERYDAY and isinstance(value, Pairs | list)):
            preference = _use_value(key, value, proper, aside)
            alone = key in _EXACT_USES and often[key] == 1
            if preference is not Preference.UNKNOWN and not alone:
                aside.add(_USES[name], preference)
    # The published words, from general to special: a special one replaces what a general one said.
    for key, purposes in _EXACT_USES.items():
        values = node.all(key)
        if len(values) == 1 and not (key in _EVERYDAY and isinstance(values[0], Pairs | list)):
            preference = _use_value(key, values[0], proper, Meaning())
            if preference is not Preference.UNKNOWN:
                general.update(dict.fromkeys(purposes, preference))
        elif len(values) > 1:
            aside.malformed = True
            aside.note(f"{key} stands more than once: the most restrictive value counts")
    for purpose, preference in general.items():
        aside.add((purpose,), preference)
    for purpose, preference in aside.preferences.items():
        meaning.add((purpose,), preference)
    meaning.malformed |= aside.malformed
    meaning.found |= aside.found
    meaning.policy = meaning.policy or aside.policy
    for text in aside.notes:
        meaning.note(text)


def _use_value(key: str, value: Any, proper: bool, meaning: Meaning) -> Preference:
    """One use: a permission only where it is proper, a refusal always."""
    word = plain(value) if isinstance(value, str) else plain(str(value))
    if word in _REFUSALS:
        meaning.found = True
        return Preference.NOT_ALLOWED
    if word in _GRANTS:
        meaning.found = True
        if proper and key in _EXACT_USES and (value is True or value in ("true", "y")):
            return Preference.ALLOWED
        meaning.note(f"a permission under {key!r} is not read: it is not spelled as published")
        return Preference.UNKNOWN
    if value is None or (plain(key) in _EVERYDAY and not proper):
        return Preference.UNKNOWN
    meaning.found = meaning.malformed = True
    meaning.note(f"{key} has the unknown value {str(value)[:60]!r}: read as a refusal")
    return Preference.NOT_ALLOWED


def _policy_of(node: Pairs) -> str:
    """The address of a reservation's policy; "" where there is none that can be followed."""
    policies = [value for key, value in node if plain(key) in _POLICIES]
    found = (v.strip() for v in policies if isinstance(v, str) and _ADDRESS.match(v.strip()))
    return printable(next(found, ""), 2000)


def _read_reservation(key: str, value: Any, policy: str, proper: bool, meaning: Meaning) -> None:
    """TDMRep: 1 is reserved, 0 is not; with a policy, reserved means on its terms."""
    meaning.found = True
    word = plain(value) if isinstance(value, str) else plain(str(value))
    if word in ("0", "00", "false") and not isinstance(value, Pairs | list):
        if proper and key == "tdm-reservation" and type(value) is int:
            meaning.add(_MINING, Preference.ALLOWED)
        else:
            meaning.note(f"a permission under {key!r} is not read: it is not spelled as published")
        return
    if word not in ("1", "10", "true"):
        meaning.malformed = True
        meaning.note(f"{key} has the unknown value {str(value)[:60]!r}: read as reserved")
    elif policy:
        meaning.policy = policy
        meaning.add(_MINING, Preference.CONSTRAINED)
        return
    meaning.add(_MINING, Preference.NOT_ALLOWED)


def _read_opt_out(key: str, value: Any, meaning: Meaning) -> None:
    """``tdmOptOut`` and its like. As an object its values were published with either meaning."""
    if isinstance(value, Pairs):
        uses = [_USES[plain(k)] for k, _ in value if plain(k) in _USES]
        for purposes in uses or [_MINING]:
            meaning.add(purposes, Preference.NOT_ALLOWED)
        meaning.note(f"{key} does not say whether true allows or refuses: read as a refusal")
    elif isinstance(value, bool | int | str) and plain(str(value)) in _NOTHING_REFUSED:
        meaning.note(f"{key} is {value!r}: nothing is refused by it")
    elif value is not None:
        meaning.add(_MINING, Preference.NOT_ALLOWED)

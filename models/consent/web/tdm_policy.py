"""TDM policies: the document that ``tdm-policy`` points at, and what it leaves of a reservation.

TDMRep, section "Expressing a TDM Policy": a profile of ODRL 2.2 in JSON-LD. Names are read by
their last part, so that no JSON-LD context has to be fetched. A policy never allows anything by
itself: at best it offers a licence, which an operator accepts by the document's hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from models.canonical import digest_bytes
from models.consent.purposes import Preference, stricter
from models.consent.reading_json import (
    MalformedJsonError,
    Pairs,
    printable,
    read_json,
    walk,
)
from models.consent.web.capture import Capture
from models.consent.web.tdm_bodies import body_of, is_html

_MINE = frozenset(
    {
        "tdm:mine",
        "http://www.w3.org/ns/tdmrep#mine",
        "http://www.w3.org/ns/tdmrep/mine",
        "https://www.w3.org/ns/tdmrep#mine",
        "https://www.w3.org/ns/tdmrep/mine",
    }
)
_PROFILE = re.compile(r"https?://www\.w3\.org/ns/tdmrep[/#]?")
_EQUAL = frozenset({"eq", "isa", "isanyof", "ispartof"})
_UNEQUAL = frozenset({"neq", "isnoneof"})
_KNOWN_DUTIES = frozenset({"obtainconsent", "compensate"})
_MAX_OFFERS = 100
_MAX_WORDS = 20


@dataclass(frozen=True, slots=True)
class TdmOffer:
    """One permission to mine, and what it asks for.

    Attributes:
        needs_consent: consent has to be obtained first.
        needs_payment: mining has to be paid for.
        research_only: it is for research only.
        conditions: further duties and constraints, for a reader.
    """

    needs_consent: bool = False
    needs_payment: bool = False
    research_only: bool = False
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TdmPolicy:
    """What a policy document says.

    Attributes:
        offers: the permissions to mine.
        prohibits_mining: it holds a prohibition.
        assigner: the rights holder's name or address.
        contact: an e-mail address, web page or telephone number for licences.
        problem: why it cannot be relied on; empty where it can.
        for_people: it is a web page, which the report allows: only a person can read it.
        sha256: digest of the document, which an operator accepts.
    """

    offers: tuple[TdmOffer, ...] = ()
    prohibits_mining: bool = False
    assigner: str = ""
    contact: str = ""
    problem: str = ""
    for_people: bool = False
    sha256: str = ""

    @property
    def needs_consent(self) -> bool:
        """Nothing is offered without asking."""
        return bool(self.offers) and all(offer.needs_consent for offer in self.offers)

    @property
    def needs_payment(self) -> bool:
        """Nothing is offered without payment."""
        return bool(self.offers) and all(offer.needs_payment for offer in self.offers)

    @property
    def research_only(self) -> bool:
        """Nothing is offered to anybody but researchers."""
        return bool(self.offers) and all(offer.research_only for offer in self.offers)


def read_tdm_policy(data: bytes) -> TdmPolicy:
    """Read a policy document in JSON or JSON-LD. Never raises: ``problem`` says what is wrong."""
    digest = digest_bytes(data)
    try:
        document = read_json(data)
    except MalformedJsonError as error:
        return TdmPolicy(problem=str(error), sha256=digest)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, Pairs):
        return TdmPolicy(problem="it is not an ODRL policy", sha256=digest)
    assigner, contact = _assigner(document)
    return TdmPolicy(
        offers=tuple(_offers(document)),
        prohibits_mining=any(_prohibits(node) for node in walk(document)),
        assigner=assigner,
        contact=contact,
        problem=_problem_of(document),
        sha256=digest,
    )


def read_policy_capture(capture: Capture) -> TdmPolicy:
    """Read the policy that a capture holds; ``problem`` says why there is none."""
    body = body_of(capture)
    if body.absent:
        return TdmPolicy(problem="it does not exist (any more)")
    if body.data is None:
        return TdmPolicy(problem=body.problem)
    if is_html(capture):
        return TdmPolicy(for_people=True, sha256=digest_bytes(body.data))
    return read_tdm_policy(body.data)


def judge_policy(policy: TdmPolicy) -> tuple[Preference, tuple[str, ...]]:
    """What is left of a reservation under its policy: a refusal, or a licence to be had.

    Returns:
        ``NOT_ALLOWED`` or ``CONSTRAINED``, and notes.
    """
    refused = ""
    if policy.problem:
        refused = f"the TDM policy cannot be used: {policy.problem}"
    elif policy.for_people:
        return Preference.CONSTRAINED, (
            f"the TDM policy is a web page that a person has to read (SHA-256 {policy.sha256})",
        )
    elif policy.prohibits_mining:
        refused = "the TDM policy holds a prohibition"
    elif not policy.offers:
        refused = "the TDM policy offers no permission to mine"
    elif policy.research_only:
        refused = "the TDM policy permits mining for research only"
    notes: tuple[str, ...] = (refused or _describe(policy),)
    if policy.assigner or policy.contact:
        who = ", ".join(part for part in (policy.assigner, policy.contact) if part)
        notes += (f"ask for a licence: {who}",)
    return Preference.NOT_ALLOWED if refused else Preference.CONSTRAINED, notes


def judge_policy_captures(captures: Sequence[Capture]) -> tuple[Preference, tuple[str, ...]]:
    """The same for every capture of the policy's address: the most restrictive counts."""
    if not captures:
        return Preference.CONSTRAINED, ("the TDM policy has not been read",)
    preference = Preference.UNKNOWN
    notes: dict[str, None] = {}
    for capture in captures:
        found, said = judge_policy(read_policy_capture(capture))
        preference = stricter(preference, found)
        notes.update(dict.fromkeys(said))
    return preference, tuple(notes)


def _describe(policy: TdmPolicy) -> str:
    asks = [
        *(("consent",) if policy.needs_consent else ()),
        *(("payment",) if policy.needs_payment else ()),
        *(condition for offer in policy.offers for condition in offer.conditions),
    ]
    terms = ", ".join(list(dict.fromkeys(asks))[:5]) or "no further conditions"
    return printable(
        f"the TDM policy offers mining with {terms} (SHA-256 {policy.sha256})", limit=400
    )


def _local(name: Any) -> str:
    """The last part of a name, whatever its prefix or namespace: ``odrl:permission``."""
    text = name.strip().rstrip("/#") if isinstance(name, str) else ""
    return text[1 + max(text.rfind(mark) for mark in "#/:") :].casefold()


def _all(node: Pairs, name: str) -> list[Any]:
    return [value for key, value in node if _local(key) == name]


def _each(values: Iterable[Any]) -> Iterator[Any]:
    """The single things in values that may be lists."""
    for value in values:
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


def _names(value: Any) -> list[str]:
    """The identifiers in a value: a text, ``{"@id": …}``, ``{"rdf:value": {"@id": …}}``, lists."""
    names: list[str] = []
    for item in _each([value]):
        if isinstance(item, str):
            names.append(item.strip())
        elif isinstance(item, Pairs):
            for node in walk(item):
                names += [
                    text.strip()
                    for key, text in node
                    if key in ("@id", "id", "uid", "@value") and isinstance(text, str)
                ]
    return names[:_MAX_WORDS]


def _problem_of(document: Pairs) -> str:
    """Why the document is not a policy of this profile, as far as that can be told."""
    for name in ("permission", "prohibition", "profile"):
        if len(_all(document, name)) > 1:
            return f"{name} stands in it more than once"
    if not any(_all(document, name) for name in ("permission", "prohibition")):
        return "it is not an ODRL policy"
    profiles = [name for value in _all(document, "profile") for name in _names(value)]
    if any(_PROFILE.fullmatch(name) for name in profiles):
        return ""
    return "it does not name the TDMRep profile"


def _prohibits(node: Pairs) -> bool:
    """Whether an object holds or is a prohibition. Which action it names makes no difference:
    mining is part of ODRL's ``use``, and what is not understood may mean mining.
    """
    for key, value in node:
        if "prohibit" in key.casefold() and value not in (None, [], (), "", False):
            return True
        # A node of that type, or a context that gives prohibitions another name.
        if any("prohibition" in text.casefold() for text in _each([value]) if _is_text(text)):
            return True
    return False


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str)


def _offers(document: Pairs) -> Iterator[TdmOffer]:
    """The permissions that stand where the profile asks for them, with its action."""
    shared = list(_each([*_all(document, "duty"), *_all(document, "obligation")]))
    for number, permission in enumerate(_each(_all(document, "permission"))):
        if number >= _MAX_OFFERS:
            return
        if not isinstance(permission, Pairs):
            continue
        actions = [name for value in _all(permission, "action") for name in _names(value)]
        if not actions or not all(name in _MINE for name in actions):
            continue
        nodes = list(walk(permission))
        duties = [d for node in nodes for d in _each([*_all(node, "duty"), *_all(node, "duties")])]
        constraints = [
            item
            for node in nodes
            for name in ("constraint", "constraints", "refinement")
            for item in _each(_all(node, name))
        ]
        offer = _offer([*shared, *duties], constraints)
        if any(_each(_all(permission, "assignee"))):
            offer = replace(offer, conditions=(*offer.conditions, "a named party only"))
        yield offer


def _offer(duties: list[Any], constraints: list[Any]) -> TdmOffer:
    asked = [_duty(duty) for duty in duties]
    conditions = [f"the duty {name}" for name in asked if name not in _KNOWN_DUTIES]
    research = False
    for constraint in constraints:
        found = _is_research(constraint)
        research = research or found
        if not found:
            conditions.append(f"the constraint {_words(constraint)}")
    return TdmOffer(
        needs_consent="obtainconsent" in asked,
        needs_payment="compensate" in asked,
        research_only=research,
        conditions=tuple(dict.fromkeys(printable(text) for text in conditions[:_MAX_WORDS])),
    )


def _duty(duty: Any) -> str:
    if not isinstance(duty, Pairs):
        return _local(duty) or "?"
    names = [name for value in _all(duty, "action") for name in _names(value)]
    return _local(names[0]) if names else "?"


def _is_research(constraint: Any) -> bool:
    """Whether a constraint leaves research only, or may well do so."""
    if not isinstance(constraint, Pairs):
        return _local(constraint) == "research"
    right = [_local(n) for value in _all(constraint, "rightoperand") for n in _names(value)]
    operators = {_local(n) for value in _all(constraint, "operator") for n in _names(value)}
    others = {"non-research", "nonresearch"}
    if operators and operators <= _UNEQUAL:
        return bool(others & set(right))
    if operators and operators <= _EQUAL and others & set(right):
        return False
    return any("research" in name and name not in others for name in right)


def _words(constraint: Any) -> str:
    if not isinstance(constraint, Pairs):
        return str(constraint)[:80]
    parts = [
        name
        for key in ("leftoperand", "operator", "rightoperand")
        for value in _all(constraint, key)
        for name in _names(value)
    ]
    return " ".join(parts)[:80] or "?"


def _assigner(document: Pairs) -> tuple[str, str]:
    """Name and contact of the rights holder, wherever in the policy its assigner stands."""
    found = [
        value
        for node in walk(document)
        for name in ("assigner", "asigner")
        for value in _each(_all(node, name))
    ]
    for value in found[:5]:
        if isinstance(value, str):
            return printable(value), ""
        if isinstance(value, Pairs):
            texts = {
                name: printable(next(iter(_names_of(value, name)), ""))
                for name in ("fn", "nickname", "uid", "hasemail", "hasurl", "hastelephone")
            }
            name = texts["fn"] or texts["nickname"] or texts["uid"]
            contact = texts["hasemail"] or texts["hasurl"] or texts["hastelephone"]
            return name, contact.removeprefix("mailto:").removeprefix("tel:")
    return "", ""


def _names_of(node: Pairs, name: str) -> list[str]:
    return [text for value in _all(node, name) for text in _names(value) if text]

"""What RSL terms mean for one image: from uses and payments to the four purposes.

Really Simple Licensing 1.0, sections 3.1.1 (conflicts), 3.4.1 (vocabularies), 3.5 to 3.12. The
specification lets narrower scopes override broader ones; here every matching content counts and a
prohibition in any of them holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.web.rsl_terms import Content, License, Payment, Terms
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

_TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
_PERMITTED: dict[str, tuple[Purpose, ...]] = {
    "all": ALL_PURPOSES,
    "ai-all": ALL_PURPOSES,
    "ai-train": _TRAINING,
    "ai-input": (Purpose.INFERENCE,),
}
# Prohibitions are also understood in the words of earlier drafts.
_PROHIBITED: dict[str, tuple[Purpose, ...]] = {
    **_PERMITTED,
    "*": ALL_PURPOSES,
    "ai-index": (Purpose.INFERENCE,),
    "ai-include": (Purpose.INFERENCE,),
    "ai-summarize": (Purpose.INFERENCE,),
    "train-ai": _TRAINING,
    "train-genai": (Purpose.GENERATIVE_TRAINING,),
    "ai-train-genai": (Purpose.GENERATIVE_TRAINING,),
    "search": (),
}
_MINING = (Purpose.DATA_MINING, *_TRAINING)
_BY_ATTRIBUTION = re.compile(r"https?://creativecommons\.org/licenses/by/[0-9.]{1,4}/?(?:deed\S*)?")
_PUBLIC_DOMAIN = re.compile(
    r"https?://creativecommons\.org/(?:publicdomain/(?:zero|mark)/[0-9.]{1,4}/?(?:deed\S*)?)"
)
_CONDITIONED = frozenset(
    {"purchase", "subscription", "training", "crawl", "use", "contribution", "inference"}
)


class _Asks(IntEnum):
    """What an offer asks for, the easiest first."""

    FREE = 0
    ATTRIBUTION = 1
    CONDITIONS = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """What a document is asked about.

    Attributes:
        urls: the addresses that it may speak of: the image's, and that of the page that links it.
        attached: it was attached to the page itself, so that ``url=""`` means that page.
        may_grant: its place speaks for the image. Else only a refusal counts.
    """

    urls: tuple[str, ...]
    attached: bool = False
    may_grant: bool = True


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a document says about one image.

    Attributes:
        preferences: the value for each purpose; empty where it does not speak of the image.
        attribution: the author has to be named.
        license_ref: the document with the terms of everything that is constrained; "" where that
            is the RSL document itself.
        notes: what a reader should know.
        unclear: what about it may mean anything; empty where nothing does.
    """

    preferences: dict[Purpose, Preference]
    attribution: bool = False
    license_ref: str = ""
    notes: tuple[str, ...] = ()
    unclear: str = ""


def judge_terms(terms: Terms, scope: Scope) -> Meaning:
    """What the terms say about the image.

    A use that is both permitted and prohibited is prohibited. Of several licences each is an
    offer: the use is allowed where one of them asks for nothing, or for the author's name only.

    Raises:
        ValueError: a URL of the scope is none, or too long.
    """
    if terms.salvaged is not None:
        known = terms.salvaged and terms.salvaged <= _PROHIBITED.keys()
        words = terms.salvaged if known else frozenset({"all"})
        return Meaning(_refuse(words), notes=("a prohibition was found in it",))
    targets = [_Target.of(url) for url in scope.urls]
    contents = [content for content in terms.contents if _covers(content, targets)]
    licenses = [found for content in contents for found in content.licenses]
    prohibited = frozenset(token for found in licenses for token in found.prohibits)
    preferences = _refuse(prohibited)
    notes: dict[str, None] = {}
    unknown = sorted(token[:60] for token in prohibited if _purposes_of(token) is None)
    if unknown:
        notes[f"it prohibits what the specification does not name: {', '.join(unknown[:5])}"] = None
    offers = list(_offers(contents))
    listed = any(found.permits is not None for found in licenses)
    unclear = ""
    if not contents and any(is_strange(content.url) for content in terms.contents if content.url):
        unclear = "what it covers is not a path"
    elif any(":" not in token for token in unknown):
        # Words of other vocabularies have a prefix. Any other word may be a misspelled refusal.
        unclear = "it prohibits what nobody knows"
    may_grant = (
        scope.may_grant
        and not terms.problem
        and not unclear
        and all(_is_exact(content, targets, attached=scope.attached) for content in contents)
    )
    references: set[str] = set()
    attribution = False
    for purpose in ALL_PURPOSES:
        if purpose in preferences:
            continue
        asked = [offer for offer in offers if purpose in offer.purposes]
        best = min(asked, key=lambda offer: offer.asks, default=None)
        if best is None:
            if listed:
                preferences[purpose] = Preference.NOT_ALLOWED
                notes["a use that a list of permitted uses leaves out is not permitted"] = None
        elif best.asks is _Asks.CONDITIONS:
            preferences[purpose] = Preference.CONSTRAINED
            references.update(offer.reference for offer in asked)
            notes[f"the licence asks for: {best.condition}"] = None
        elif may_grant:
            preferences[purpose] = Preference.ALLOWED
            attribution = attribution or best.asks is _Asks.ATTRIBUTION
        else:
            notes["a permission is not read: it does not stand in its proper place"] = None
    # Where several documents hold terms, none of them alone says everything that is asked for.
    reference = references.pop() if len(references) == 1 else ""
    return Meaning(preferences, attribution, reference, tuple(notes), unclear)


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL in the forms that contents are matched against."""

    host: str
    whole: str
    path: str

    @classmethod
    def of(cls, url: str) -> _Target:
        return cls(host_in(url), path_with_query(url), path_only(url))


@dataclass(frozen=True, slots=True)
class _Offer:
    """Uses that one licence permits, and what for."""

    purposes: frozenset[Purpose]
    asks: _Asks
    condition: str = ""
    reference: str = ""


def _offers(contents: list[Content]) -> Iterator[_Offer]:
    for content in contents:
        for found in content.licenses:
            asks, condition, reference = _asked_for(content, found)
            if found.permits is not None:
                purposes = {p for token in found.permits for p in _PERMITTED.get(token, ())}
            elif asks is _Asks.FREE:
                # It names prohibited uses, or nothing at all: that permits nothing.
                continue
            else:
                # Payment without a list: whatever is done is done under these terms.
                purposes, asks = set(ALL_PURPOSES), _Asks.CONDITIONS
            yield _Offer(frozenset(purposes), asks, condition or "attribution", reference)


def _asked_for(content: Content, found: License) -> tuple[_Asks, str, str]:
    """What a licence asks for, in words, and the document with all of its terms.

    That is the document of its payment where nothing else is asked for; else "", the RSL document.
    """
    payments = [_payment(payment) for payment in found.payments]
    asks = max((asked for asked, _ in payments), default=_Asks.FREE)
    conditions = [words for _, words in payments if words]
    paid = len(conditions)
    if content.server:
        conditions.append("a licence from its licence server")
    if content.encrypted:
        conditions.append("a key")
    if found.reporting:
        conditions.append("reports of use")
    if found.restricted:
        conditions.append("certain users or countries")
    if found.odd or content.odd:
        conditions.append("nobody knows what: it is not written as the specification asks")
    if conditions:
        asks = _Asks.CONDITIONS
    documents = {p.custom or p.standard for p in found.payments if not (p.custom and p.standard)}
    reference = documents.pop() if len(documents) == 1 and len(conditions) == paid else ""
    return asks, ", ".join(conditions), reference


def _payment(payment: Payment) -> tuple[_Asks, str]:
    """What one payment asks for. A shared licence counts as free only where its terms are known."""
    if payment.kind in _CONDITIONED:
        return _Asks.CONDITIONS, f"payment ({payment.kind})"
    if payment.kind not in ("free", "attribution"):
        return _Asks.CONDITIONS, "payment of an unknown kind"
    if payment.custom or payment.priced:
        return _Asks.CONDITIONS, "terms of its own"
    if payment.standard and not _PUBLIC_DOMAIN.fullmatch(payment.standard):
        if not _BY_ATTRIBUTION.fullmatch(payment.standard):
            return _Asks.CONDITIONS, "the terms of a shared licence"
        return _Asks.ATTRIBUTION, ""
    return (_Asks.FREE if payment.kind == "free" else _Asks.ATTRIBUTION), ""


def _refuse(tokens: frozenset[str]) -> dict[Purpose, Preference]:
    refused = {purpose for token in tokens for purpose in _purposes_of(token) or ()}
    return {purpose: Preference.NOT_ALLOWED for purpose in ALL_PURPOSES if purpose in refused}


def _purposes_of(token: str) -> tuple[Purpose, ...] | None:
    """The purposes that a prohibited use stands for; None where it is not understood."""
    if token in _PROHIBITED:
        return _PROHIBITED[token]
    if "ai" in token or "all" in token or "*" in token:
        return ALL_PURPOSES
    if any(part in token for part in ("tdm", "mine", "mining", "data", "scrap")):
        return _MINING
    return None


def _covers(content: Content, targets: list[_Target]) -> bool:
    """Whether a content may speak of the image, in any spelling that a refusal may have."""
    if not content.url or any(is_unknown_host(target.host) for target in targets):
        return True
    host = host_in(content.url)
    pattern = loosen_pattern(content.url)
    return any(
        matches(pattern, target.whole) or matches(pattern, target.path)
        for target in targets
        if not host or _is_near(host, target.host)
    )


def _is_exact(content: Content, targets: list[_Target], *, attached: bool) -> bool:
    """Whether a content speaks of the image as the specification has it (section 3.3)."""
    if content.url is None or content.odd or is_unknown_host(targets[0].host):
        return False
    if not content.url:
        return attached
    host = host_in(content.url)
    if not host and not is_path_pattern(content.url):
        return False
    pattern = loosen_pattern(content.url) if host else content.url
    return any(
        matches(pattern, target.whole) for target in targets if not host or host == target.host
    )


def _is_near(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")

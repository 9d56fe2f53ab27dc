"""Whether opened statements allow a use: the rules of consent, written down a second time.

A refusal is believed from anyone. A grant counts only from a proven rights holder about these very
bytes, for the purpose, from the moment it was given until it ends or was last read too long ago.
A contract counts where the policy names it. Whatever could not be read properly, or is contested,
counts only where a person approved it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from verifier.canonical import MAX_NUMBER, is_deep
from verifier.report import CheckError

CONTRACT = "contract"
ALLOWED, REFUSED, CONSTRAINED, SILENT = "allowed", "notAllowed", "constrained", "unknown"
_DAY = 86_400
_FLAGS = ("integrity", "signer", "control", "bound", "contract")
_MAX_CHARACTERS = 1 << 24
_MAX_DIGITS = 17
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """One statement, as far as it decides; times are UTC seconds since 1970."""

    carrier: str
    source: str
    setter: str
    chain: str
    preferences: Mapping[str, str]
    sound: bool
    proven: frozenset[str]
    attribution: bool
    license_sha256: str
    license_ref: str
    constraint_met: bool
    issued_at: int | None
    expires_at: int | None
    observed_at: int | None
    sequence: int
    evidence: str

    @property
    def may_grant(self) -> bool:
        """Whether a grant by this speaker counts."""
        return "contract" in self.proven or {"signer", "control", "bound"} <= self.proven

    @property
    def is_signed(self) -> bool:
        """Whether somebody signed it for exactly these bytes."""
        return {"integrity", "bound"} <= self.proven

    @property
    def named(self) -> dict[str, str]:
        """What the manifest's row says of it."""
        levels = "+".join(f"L{at}" for at, flag in enumerate(_FLAGS, 1) if flag in self.proven)
        return {
            "carrier": self.carrier,
            "evidence_sha256": self.evidence,
            "license_ref": self.license_ref,
            "setter": self.setter,
            "source": self.source,
            "trust": levels or "L0",
        }

    @property
    def moment(self) -> tuple[int, int]:
        """When it was said, and what place it has among things said then."""
        return self.issued_at or 0, self.sequence

    @property
    def speaker(self) -> tuple[str, str, str] | None:
        """Who spoke, where a later word of theirs replaces this one."""
        known = self.is_signed and self.sound and self.issued_at is not None and self.setter
        return (
            (self.carrier, self.setter, self.chain) if known and self.carrier != CONTRACT else None
        )

    def ended(self, at: int) -> bool:
        """Whether it is past the end that it sets itself."""
        return self.expires_at is not None and at >= self.expires_at


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy of the release says about consent.

    Attributes:
        opt_out: silence is accepted.
        purposes: what the release is for.
        grant_days: how long a grant without an end lasts.
        evidence_days: how long ago a statement from elsewhere may have been read.
        attribution: naming the author is accepted.
        contracts: by id, for which purposes each is and whether it overrides general refusals.
        licences: digest of each accepted document, by purpose, and whether it asks for the author.
    """

    opt_out: bool
    purposes: tuple[str, ...]
    grant_days: int
    evidence_days: int
    attribution: bool
    contracts: Mapping[str, tuple[frozenset[str], bool]]
    licences: Mapping[tuple[str, str], bool]


def read_statement(text: str) -> Said:
    """Read a statement as it was kept.

    Raises:
        CheckError: it is none.
    """
    try:
        value = _load(text)
        trust, preferences = value["trust"], value["preferences"]
        said = Said(
            carrier=value["carrier"],
            source=value["source"],
            setter=value["setter"],
            chain=value["anchor"].partition("/")[0],
            preferences=_take(preferences, dict),
            sound=value["condition"] == "sound",
            proven=frozenset(flag for flag in _FLAGS if trust[flag] is True),
            attribution=value["attribution"] is True,
            license_sha256=value["license_sha256"],
            license_ref=value["license_ref"],
            constraint_met=value["constraint_met"] is True,
            issued_at=value["issued_at"],
            expires_at=value["expires_at"],
            observed_at=value["observed_at"],
            sequence=value["sequence"],
            evidence=value["evidence_sha256"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CheckError("statements", "A statement cannot be read.") from None
    texts = (said.carrier, said.source, said.setter, said.license_ref, said.license_sha256)
    times = (said.issued_at, said.expires_at, said.observed_at)
    if (
        not all(isinstance(each, str) for each in (*texts, said.evidence, *preferences.values()))
        or not all(each is None or type(each) is int for each in times)
        or type(said.sequence) is not int
    ):
        raise CheckError("statements", "A statement cannot be read.")
    return said


def read_terms(data: bytes) -> Terms:
    """Read the policy of a release.

    Raises:
        CheckError: it is none.
    """
    try:
        value = _load(data.decode())["consent"]
        return Terms(
            opt_out=value["profile"] == "opt-out",
            purposes=_take_texts(value["purposes"]),
            grant_days=_take(value["grant_days"], int),
            evidence_days=_take(value["evidence_days"], int),
            attribution=value["accept_attribution"] is True,
            contracts={
                _take(each["id"], str): (
                    frozenset(_take_texts(each["purposes"])),
                    each["overrides_refusals"] is True,
                )
                for each in _take(value["contract"], list)
            },
            licences={
                (_take(each["sha256"], str), purpose): each["attribution"] is True
                for each in _take(value["license"], list)
                for purpose in _take_texts(each["purposes"])
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CheckError("policy", "The policy cannot be read.") from None


def find_violation(
    statements: Sequence[Said],
    purpose: str,
    at: int,
    terms: Terms,
    *,
    approved: bool,
    revoked_at: int | None,
) -> str:
    """Why the statements do not allow a use; empty where they do.

    Args:
        statements: everything that was said.
        purpose: what the use was for.
        at: when it was decided, UTC seconds.
        terms: the policy then.
        approved: a person approved it.
        revoked_at: when the log says that consent was taken back before; None where it does not.
    """
    live = _drop_superseded(statements, purpose, at)
    grants = [s for s in live if _is_grant(s, purpose, at, terms)]
    usable = [s for s in grants if terms.attribution or not _names_author(s, purpose, terms)]
    overridden = any(s.carrier == CONTRACT and terms.contracts[s.source][1] for s in usable)
    unmet = bool(grants) and not usable
    weak = False
    for said in live:
        value = said.preferences.get(purpose, SILENT)
        if overridden and said.sound and not said.is_signed:
            continue
        if value == REFUSED and said.sound and not said.ended(at):
            return f"it was refused ({said.carrier})"
        if value == REFUSED:
            weak = True
        elif value == CONSTRAINED and not _is_in_effect(said, purpose, at, terms):
            unmet = True
    unsound = any(not s.sound for s in statements)
    if weak and not usable:
        return "it was refused, and nothing grants it"
    if (weak or unsound) and not approved:
        return "what was said is contested or could not be read, and nobody approved it"
    if unmet and not (weak or unsound):
        return "a condition of the owner is not met"
    if revoked_at is not None and not any((s.issued_at or 0) > revoked_at for s in usable):
        return "its consent had been revoked in the log before, and nothing grants it since"
    if usable or (weak or unsound):
        return ""
    if any(_was_grant(s, purpose, terms) and at >= _end(s, terms) for s in live):
        return "its grant had ended, or was read too long ago"
    return "" if terms.opt_out else "nothing grants it"


def _load(text: str) -> dict[str, Any]:
    if len(text) > _MAX_CHARACTERS or is_deep(text):
        raise ValueError
    return _take(json.loads(text, parse_int=_read_number, parse_constant=_refuse), dict)


def _take(value: Any, kind: type[T]) -> T:
    """A value of just that type: JSON's true is no number."""
    if type(value) is not kind:
        raise TypeError
    return value


def _take_texts(value: Any) -> tuple[str, ...]:
    return tuple(_take(each, str) for each in _take(value, list))


def _read_number(digits: str) -> int | float:
    """A whole number that every reader of JSON takes for the same, else one that is not whole."""
    whole = len(digits) <= _MAX_DIGITS and abs(int(digits)) <= MAX_NUMBER
    return int(digits) if whole else float(digits)


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _drop_superseded(statements: Sequence[Said], purpose: str, at: int) -> list[Said]:
    """Without what the same proven speaker has replaced by a later word."""
    last: dict[tuple[str, str, str], tuple[int, int]] = {}
    for said in statements:
        speaker = said.speaker
        spoken = said.preferences.get(purpose, SILENT) != SILENT and not said.ended(at)
        if speaker is not None and spoken and said.moment[0] <= at:
            last[speaker] = max(said.moment, last.get(speaker, said.moment))
    return [
        said
        for said in statements
        if said.speaker is None or said.moment >= last.get(said.speaker, said.moment)
    ]


def _is_met(said: Said, purpose: str, terms: Terms) -> bool:
    accepted = bool(said.license_sha256) and (said.license_sha256, purpose) in terms.licences
    return said.constraint_met or accepted


def _was_grant(said: Said, purpose: str, terms: Terms) -> bool:
    """Whether it is a grant by somebody who may give one, however long ago."""
    value = said.preferences.get(purpose, SILENT)
    given = value == ALLOWED or (value == CONSTRAINED and _is_met(said, purpose, terms))
    proven = said.may_grant
    if said.carrier == CONTRACT:
        proven = proven and purpose in terms.contracts.get(said.source, (frozenset(), False))[0]
    return given and proven and said.sound and said.issued_at is not None


def _is_grant(said: Said, purpose: str, at: int, terms: Terms) -> bool:
    """Whether it is one in force."""
    return _was_grant(said, purpose, terms) and said.moment[0] <= at < _end(said, terms)


def _end(said: Said, terms: Terms) -> int:
    """When a grant ends, or has to be read again."""
    end = said.expires_at
    if end is None:
        end = said.moment[0] + terms.grant_days * _DAY
    if said.observed_at is None:
        return end
    return min(end, said.observed_at + terms.evidence_days * _DAY)


def _is_in_effect(said: Said, purpose: str, at: int, terms: Terms) -> bool:
    """Whether what a constrained value asks for is there."""
    known = _was_grant(said, purpose, terms) or _is_fresh(said, at, terms)
    return _is_met(said, purpose, terms) and known


def _is_fresh(said: Said, at: int, terms: Terms) -> bool:
    return said.observed_at is None or at < said.observed_at + terms.evidence_days * _DAY


def _names_author(said: Said, purpose: str, terms: Terms) -> bool:
    constrained = said.preferences.get(purpose) == CONSTRAINED
    return said.attribution or (
        constrained and terms.licences.get((said.license_sha256, purpose), False)
    )

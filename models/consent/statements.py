"""The statement: what one source says about the consent for one asset, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from models.consent.purposes import ALL_PURPOSES, Preference, Purpose


class Condition(StrEnum):
    """Whether the source could be read at all. Anything but SOUND never clears an asset."""

    SOUND = "sound"
    MALFORMED = "malformed"
    TAMPERED = "tampered"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Trust:
    """What is proven about who speaks and about which bytes (the ladder L0 to L5).

    L0, declared only, is this with every flag false.
    """

    integrity: bool = False  # L1: the statement's own bytes are verified
    signer: bool = False  # L2: the signer is identified
    control: bool = False  # L3: the signer controls the asset on chain
    bound: bool = False  # L4: the bytes in hand are the asset that is spoken of
    contract: bool = False  # L5: an operator confirmed the rights holder off-chain

    @property
    def may_grant(self) -> bool:
        """A grant counts at L2 with L3 and L4, or at L5. A refusal counts at L0."""
        return self.contract or (self.signer and self.control and self.bound)

    @property
    def levels(self) -> str:
        """The proven levels for a reader: ``"L0"``, ``"L1+L2+L4"``."""
        flags = (self.integrity, self.signer, self.control, self.bound, self.contract)
        return "+".join(f"L{i}" for i, flag in enumerate(flags, 1) if flag) or "L0"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says about the consent for one asset. Stored append-only.

    Attributes:
        carrier: how it was said: ``"sidecar"``, ``"c2pa"``, ``"plus"``, ``"contract"``.
        source: where it stood, for a reader: a file name, an assertion label, a contract's id.
        preferences: the value for each purpose; a missing purpose is unknown.
        condition: whether the source was sound.
        trust: what is proven about the speaker.
        setter: who spoke, as the carrier names them (certificate fingerprint, address, holder).
        attribution: the grant asks for the author to be named.
        license_ref: URL, CID or text of a licence that a constrained value points at.
        license_sha256: SHA-256 of the document at ``license_ref``, where it was fetched.
        author: whom to name, as the source says; "" where it does not.
        constraint_met: the licence was fetched, hashed and accepted by the policy.
        issued_at, expires_at: UTC seconds since 1970, or None where the source does not say.
        observed_at: UTC seconds at which a source outside the dataset was read; None for what lies
            in or beside the file, which is read anew whenever it changes.
        sequence: orders what one setter said at the same ``issued_at`` (a chain's log index).
        anchor: the block that a statement was read at, ``"eip155:1/block:21000000/0x…"``, the
            chain alone that a signature was made for, ``"eip155:1"``, or "".
        evidence_sha256: digest of the bytes that were read.
        notes: what a reader should know: odd spellings, validation codes, parse errors.
    """

    carrier: str
    source: str
    preferences: dict[Purpose, Preference] = field(default_factory=dict)
    condition: Condition = Condition.SOUND
    trust: Trust = Trust()
    setter: str = ""
    attribution: bool = False
    license_ref: str = ""
    license_sha256: str = ""
    author: str = ""
    constraint_met: bool = False
    issued_at: int | None = None
    expires_at: int | None = None
    observed_at: int | None = None
    sequence: int = 0
    anchor: str = ""
    evidence_sha256: str = ""
    notes: tuple[str, ...] = ()

    @property
    def chain(self) -> str:
        """The chain that the speaker is known on: the same address is somebody else on another."""
        return self.anchor.partition("/")[0]

    def preference(self, purpose: Purpose) -> Preference:
        """The value for one purpose; unknown where nothing is said."""
        return self.preferences.get(purpose, Preference.UNKNOWN)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary with purposes in a fixed order; ``from_dict`` reads it back."""
        value: dict[str, Any] = {name: getattr(self, name) for name in _FIELDS}
        value["preferences"] = {
            p.value: self.preferences[p].value for p in ALL_PURPOSES if p in self.preferences
        }
        value["trust"] = {name: getattr(self.trust, name) for name in _TRUST_FIELDS}
        value["notes"] = list(self.notes)
        return value

    @property
    def told(self) -> dict[str, Any]:
        """What is said, without when it was looked at: reading the same again tells nothing new."""
        value = self.as_dict()
        if self.observed_at is not None:
            for name in ("observed_at", "anchor", "sequence"):
                value.pop(name, None)
            if self.issued_at == self.observed_at:
                value.pop("issued_at")
        return value

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Statement:
        """Read what ``as_dict`` wrote.

        Raises:
            TypeError, ValueError: a key or value is not one that ``as_dict`` writes.
        """
        preferences = {Purpose(k): Preference(v) for k, v in value["preferences"].items()}
        return cls(
            **{
                **value,
                "preferences": preferences,
                "condition": Condition(value["condition"]),
                "trust": Trust(**value["trust"]),
                "notes": tuple(value["notes"]),
            }
        )


_FIELDS = tuple(part.name for part in fields(Statement))
_TRUST_FIELDS = tuple(part.name for part in fields(Trust))

"""The usage record: what the ledger says about one asset, without a word of free text.

Every field is a digest, a number, a value from a closed list, or a token (at most 80 of the
characters ``A-Z a-z 0-9 . _ -``), so that a caption, a personal name or a mail address does not
fit in by accident. A record is written as canonical JSON (RFC 8785) and committed as a whole.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.consent.purposes import Preference, Purpose
from models.errors import LedgerError
from models.ledger.commitments import encode_canonical
from models.reasons import Reason
from models.verdicts import Verdict

FORMAT = "kiyome.usage/1"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REFERENCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,79}", re.ASCII)
_CARRIER = re.compile(r"[a-z][a-z0-9_-]{0,23}", re.ASCII)
_LATEST = 1 << 40
LARGEST = 1 << 53


class RecordType(StrEnum):
    """What a record is about."""

    USE = "use"
    EXCLUDE = "exclude"
    REVOKE = "revoke"
    DECIDE = "decide"
    CORRECT = "correct"
    PAYOUT = "payout"


class MediaType(StrEnum):
    """What kind of file the asset is; UNKNOWN where its bytes could not be read."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"
    BMP = "image/bmp"
    TIFF = "image/tiff"
    UNKNOWN = "application/octet-stream"


class RulingValue(StrEnum):
    """What a reviewer decided."""

    APPROVE = "approve"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """The policy in force. ``name`` and ``version`` are tokens; see ``token``."""

    name: str
    version: str
    sha256: str

    def __post_init__(self) -> None:
        _check("policy.name", self.name, _TOKEN)
        _check("policy.version", self.version, _TOKEN)
        _check("policy.sha256", self.sha256, _SHA256)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {"name": self.name, "sha256": self.sha256, "version": self.version}


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """The release that the record belongs to. ``name`` and ``release`` are tokens."""

    name: str
    release: str
    manifest_sha256: str

    def __post_init__(self) -> None:
        _check("dataset.name", self.name, _TOKEN)
        _check("dataset.release", self.release, _TOKEN)
        _check("dataset.manifest_sha256", self.manifest_sha256, _SHA256)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "manifestSha256": self.manifest_sha256,
            "name": self.name,
            "release": self.release,
        }


@dataclass(frozen=True, slots=True)
class ConsentRef:
    """Which carriers spoke, and the digests of what they said. Kept sorted.

    ``grounds_sha256`` is of the whole grounds of a release's use (``models.ledger.grounds``);
    empty where the record is about no row of a manifest, or older. ``kept_sha256`` is the evidence
    whose bytes were at hand when the record was made; None where the record does not say.
    """

    carriers: tuple[str, ...] = ()
    evidence_sha256: tuple[str, ...] = ()
    grounds_sha256: str = ""
    kept_sha256: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for carrier in self.carriers:
            _check("consent.carriers", carrier, _CARRIER)
        for digest in self.evidence_sha256:
            _check("consent.evidence_sha256", digest, _SHA256)
        if self.grounds_sha256:
            _check("consent.grounds_sha256", self.grounds_sha256, _SHA256)
        object.__setattr__(self, "carriers", tuple(sorted(set(self.carriers))))
        object.__setattr__(self, "evidence_sha256", tuple(sorted(set(self.evidence_sha256))))
        kept = set(self.kept_sha256 or ())
        if not kept <= set(self.evidence_sha256):
            raise LedgerError(
                "A usage record's consent.kept_sha256 is not of its evidence.",
                "Name those of evidence_sha256 whose bytes are kept.",
            )
        said = None if self.kept_sha256 is None or not self.evidence_sha256 else kept
        object.__setattr__(self, "kept_sha256", None if said is None else tuple(sorted(said)))

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        value: dict[str, Any] = {
            "carriers": self.carriers,
            "evidenceSha256": self.evidence_sha256,
        }
        if self.grounds_sha256:
            value["groundsSha256"] = self.grounds_sha256
        if self.kept_sha256 is not None:
            # By their places: the digests stand in the record already.
            value["keptEvidence"] = [self.evidence_sha256.index(each) for each in self.kept_sha256]
        return value


@dataclass(frozen=True, slots=True)
class ReviewRef:
    """Who ruled, under a pseudonym of 32 hex digits (``UsageLedger.reference``), and how."""

    reviewer_ref: str
    ruling: RulingValue

    def __post_init__(self) -> None:
        _check("review.reviewer_ref", self.reviewer_ref, _REFERENCE)
        _check_enum("review.ruling", self.ruling, RulingValue)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {"reviewerRef": self.reviewer_ref, "ruling": self.ruling.value}


@dataclass(frozen=True, slots=True)
class RunRef:
    """The training run that used the asset. ``run`` and ``model`` are tokens.

    Attributes:
        samples: how many times the run drew the asset, from 1.
        shard_sha256: digest of the training shard that held it; empty where it is not known.
    """

    run: str
    model: str
    samples: int
    shard_sha256: str = ""

    def __post_init__(self) -> None:
        _check("run.run", self.run, _TOKEN)
        _check("run.model", self.model, _TOKEN)
        if self.shard_sha256:
            _check("run.shard_sha256", self.shard_sha256, _SHA256)
        if type(self.samples) is not int or not 0 < self.samples < LARGEST:
            raise LedgerError(
                f"{self.samples!r} is not a number of samples.",
                "Give a whole number from 1; an asset that was not drawn was not used.",
            )

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "model": self.model,
            "run": self.run,
            "samples": self.samples,
            "shardSha256": self.shard_sha256,
        }


@dataclass(frozen=True, slots=True)
class LicenceRef:
    """The licence that the owner gave: an SPDX id or ``LicenseRef-...`` (see ``licence_id``).

    ``sha256`` is the digest of its text; empty where the text is not known.
    """

    id: str
    sha256: str = ""

    def __post_init__(self) -> None:
        _check("license.id", self.id, _LICENCE)
        if self.sha256:
            _check("license.sha256", self.sha256, _SHA256)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {"id": self.id, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One statement of the ledger about one asset.

    Attributes:
        type: use, exclude, revoke, decide or correct. A payout is about an owner, not an asset:
            ``models.ledger.payout_record``.
        asset_sha256: the asset's id.
        media_type: what kind of file it is.
        purpose: what the release is for.
        value: what consent said about that purpose.
        decision: the asset's verdict: a use needs ``clear``, an exclusion anything else. A run
            that used what had been withdrawn is recorded as that: a use with ``exclude``.
        reasons: why.
        policy, dataset, consent, review: what the verdict rests on.
        owner_ref: pseudonym of the owner (``UsageLedger.reference``); empty where unknown.
        decided_at: when the verdict fell, UTC seconds since 1970.
        observed_at: when the consent was read; None where nothing was.
        run: the training run, where the record is about one.
        license: the licence, where one is known.
        prev: index of the record that this one supersedes; a correction needs it.

    Raises:
        LedgerError: a field holds what it cannot, or type and decision contradict each other.
    """

    type: RecordType
    asset_sha256: str
    media_type: MediaType
    purpose: Purpose
    value: Preference
    decision: Verdict
    reasons: tuple[Reason, ...]
    policy: PolicyRef
    dataset: DatasetRef
    decided_at: int
    observed_at: int | None = None
    consent: ConsentRef = ConsentRef()
    review: ReviewRef | None = None
    owner_ref: str = ""
    run: RunRef | None = None
    license: LicenceRef | None = None
    prev: int | None = None

    def __post_init__(self) -> None:
        _check("asset_sha256", self.asset_sha256, _SHA256)
        if self.owner_ref:
            _check("owner_ref", self.owner_ref, _REFERENCE)
        _check_enum("type", self.type, RecordType)
        _check_enum("media_type", self.media_type, MediaType)
        _check_enum("purpose", self.purpose, Purpose)
        _check_enum("value", self.value, Preference)
        _check_enum("decision", self.decision, Verdict)
        for reason in self.reasons:
            _check_enum("reasons", reason, Reason)
        for name, kind in _PARTS:
            part = getattr(self, name)
            if not isinstance(part, kind) and not (name in _OPTIONAL and part is None):
                raise LedgerError(f"A usage record's {name} cannot be a {type(part).__name__}.")
        for time in (self.decided_at, self.observed_at):
            if time is not None and (type(time) is not int or not 0 <= time < _LATEST):
                raise LedgerError(
                    f"{time!r} is not a time of a usage record.", "Give UTC seconds since 1970."
                )
        self._check_type()
        allowed = (Verdict.CLEAR,) if self.run is None else (Verdict.CLEAR, Verdict.EXCLUDE)
        if self.type is RecordType.USE and self.decision not in allowed:
            raise LedgerError(
                f"Asset {self.asset_sha256} has the verdict {self.decision.value} and cannot be "
                "recorded as used.",
                "Only clear assets belong in a release.",
            )
        if self.type is RecordType.EXCLUDE and self.decision is Verdict.CLEAR:
            raise LedgerError(
                f"Asset {self.asset_sha256} is clear and cannot be recorded as excluded.",
                "Record it as used, or give the verdict that keeps it out.",
            )

    def _check_type(self) -> None:
        if self.type is RecordType.PAYOUT:
            raise LedgerError(
                "A payout is not a record about an asset.", "Make a PayoutRecord for it."
            )
        if self.type is RecordType.CORRECT and self.prev is None:
            raise LedgerError(
                "A correction does not say what it corrects.",
                "Give the index of the record that it supersedes as prev.",
            )
        if self.prev is not None and (type(self.prev) is not int or not 0 <= self.prev < LARGEST):
            raise LedgerError(
                f"{self.prev!r} is not the index of a record.",
                "Take it from an opening or a proof file.",
            )

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary: what an opening shows."""
        times = {"decided": self.decided_at}
        if self.observed_at is not None:
            times["observed"] = self.observed_at
        value: dict[str, Any] = {
            "asset": {"mediaType": self.media_type.value, "sha256": self.asset_sha256},
            "consent": self.consent.as_dict(),
            "dataset": self.dataset.as_dict(),
            "decision": self.decision.value,
            "format": FORMAT,
            "policy": self.policy.as_dict(),
            "purpose": self.purpose.value,
            "reasons": [reason.value for reason in self.reasons],
            "times": times,
            "type": self.type.value,
            "value": self.value.value,
        }
        if self.owner_ref:
            value["ownerRef"] = self.owner_ref
        if self.review is not None:
            value["review"] = self.review.as_dict()
        if self.run is not None:
            value["run"] = self.run.as_dict()
        if self.license is not None:
            value["license"] = self.license.as_dict()
        if self.prev is not None:
            value["prev"] = self.prev
        return value

    def canonical(self) -> bytes:
        """Canonical JSON (RFC 8785): what is committed to."""
        return encode_canonical(self.as_dict())


_PARTS: tuple[tuple[str, type], ...] = (
    ("policy", PolicyRef),
    ("dataset", DatasetRef),
    ("consent", ConsentRef),
    ("review", ReviewRef),
    ("run", RunRef),
    ("license", LicenceRef),
)
_OPTIONAL = ("review", "run", "license")


def token(text: str) -> str:
    """A token for a name that people chose: itself where it is one, else a digest of it.

    A policy called ``Atelier strict`` becomes ``sha256-`` and 32 hex digits: the record stays free
    of text, and whoever holds the policy file can recompute it.
    """
    if _TOKEN.fullmatch(text):
        return text
    return "sha256-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def licence_id(text: str) -> str:
    """The id of a licence for the ledger: an SPDX id or ``LicenseRef-...`` itself, else a digest.

    An address or a title becomes ``LicenseRef-`` and 32 hex digits, so that the record stays free
    of text; whoever knows the address can recompute it.
    """
    if _LICENCE.fullmatch(text):
        return text
    return "LicenseRef-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _check(name: str, value: Any, pattern: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        # The value is left out of the message: it may be what must not be written anywhere.
        raise LedgerError(
            f"A usage record's {name} does not have the form {pattern.pattern}.",
            "Free text never goes into the ledger: give a digest, a reference or a token.",
        )


def _check_enum(name: str, value: Any, kind: type[StrEnum]) -> None:
    if not isinstance(value, kind):
        raise LedgerError(
            f"A usage record's {name} is not a {kind.__name__}.",
            f"Use one of {', '.join(member.value for member in kind)}.",
        )

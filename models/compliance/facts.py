"""What Kiyome knows of a release, collected once: what every document of a bundle is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from models.releases.consent_share import ConsentShare
from models.releases.notices import RemovalReason
from models.releases.release import Release
from models.review.quality.agreement import Agreement
from models.review.quality.wording import Words


@dataclass(frozen=True, slots=True)
class Composition:
    """What the cleared assets are.

    Attributes:
        formats: file format to number of assets, the commonest first.
        smallest, largest: pixels of the smallest and the largest, width and height; None for none.
        image_bytes: size of all image files together; None where it cannot be told any more.
        captions: number of captions.
        rewritten: how many of them the release holds in other words than the dataset.
        by_people: assets that a reviewer's ruling cleared; a machine cleared the others.
        to_name: assets that are used on condition that their authors are named.
    """

    formats: Mapping[str, int]
    smallest: tuple[int, int] | None
    largest: tuple[int, int] | None
    image_bytes: int | None
    captions: int
    rewritten: int
    by_people: int
    to_name: int


@dataclass(frozen=True, slots=True)
class Consent:
    """What the use of the cleared assets rests on.

    Attributes:
        share: opt-in, silence, or a ruling.
        carriers: where statements came from, to the number of cleared assets that have one.
        purposes: what the release is for.
        profile: ``opt-in`` or ``opt-out``.
        opt_out_name, opt_in_target: of the opt-out profile; "" where there is none.
        expression: the SPDX expression over all licences, or "" where a licence is not known by an
            SPDX identifier or an asset has none.
        licences: each licence as ``licences.parquet`` names it, with its SPDX identifier or "" and
            the number of assets; the commonest first.
        unlicensed: cleared assets about which no statement names a licence.
    """

    share: ConsentShare
    carriers: Mapping[str, int]
    purposes: tuple[str, ...]
    profile: str
    opt_out_name: str
    opt_in_target: str
    expression: str
    licences: tuple[tuple[str, str, int], ...]
    unlicensed: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of every asset of the dataset.

    Attributes:
        verdicts: verdict to number of assets.
        reasons: verdict to first reason to number of assets.
        kept_out: reason in one word to number of assets that were not cleared.
    """

    verdicts: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]
    kept_out: Mapping[RemovalReason, int]

    @property
    def total(self) -> int:
        """How many assets there are."""
        return sum(self.verdicts.values())


@dataclass(frozen=True, slots=True)
class Review:
    """How far people's rulings can be relied on.

    Attributes:
        rulings: rulings on the dataset's assets up to the release.
        agreement: of those who ruled on the same items.
        assurance: ``kiyome.review.sampling`` report of the release, JSON-ready; None without one.
        claim: what may be claimed of the cleared assets.
    """

    rulings: int
    agreement: Agreement
    assurance: Mapping[str, Any] | None
    claim: Words


@dataclass(frozen=True, slots=True)
class Removals:
    """What left the dataset's releases, and what has been asked for since.

    Attributes:
        table: ``models.compliance.removals.REMOVALS``, of this release and those before.
        releases: what each of those removed, JSON-ready.
        taken_down_ms, withdrawn_ms: for each asset of this release that was taken down, or whose
            consent was withdrawn, since, when that was acknowledged; rising.
        newest: number of the newest release of the dataset.
    """

    table: pa.Table
    releases: tuple[Mapping[str, Any], ...]
    taken_down_ms: tuple[int, ...]
    withdrawn_ms: tuple[int, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the usage ledger holds the release.

    Attributes:
        origin, vkey: the ledger's name and public key.
        files: public files of the ledger about the release, by their names in the bundle.
        batch: what the ledger says about the release's batch; None where it holds none.
        head: origin, size and root of the signed head at the end of that batch.
        receipt: where that head, or a later one, is anchored on a chain.
    """

    origin: str
    vkey: str
    files: Mapping[str, bytes]
    batch: Mapping[str, Any] | None
    head: Mapping[str, Any] | None
    receipt: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that the bundle does not hold, and why."""

    path: str
    why: Words


@dataclass(frozen=True, slots=True)
class Facts:
    """A release, and all that is known about it.

    Attributes:
        described: what ``release.json`` says that may be published.
        manifest_bytes: size of ``manifest.parquet``.
        policy: name, version and profile of the policy; "" where that is not known.
        policy_sha256: its digest.
        policy_said: the policy as canonical JSON; None where it was not kept.
        attribution: the list of those to be named, as the release has it; None without one.
        notice: the signed removal notice of the release; None where it is the first.
        decisions: ``models.compliance.decisions.DECISIONS``.
        licences: ``models.compliance.licences.LICENCES``.
        publisher, url: who publishes the release and where; "" where nobody said.
        is_confidential: the bundle may hold file names and the policy word for word.
        missing: what the bundle cannot hold.
    """

    release: Release
    described: Mapping[str, Any]
    manifest_bytes: int
    composition: Composition
    consent: Consent
    outcomes: Outcomes
    policy: str
    policy_sha256: str
    policy_said: bytes | None
    review: Review
    removals: Removals
    ledger: Ledger
    attribution: bytes | None
    notice: bytes | None
    decisions: pa.Table
    licences: pa.Table
    publisher: str
    url: str
    is_confidential: bool
    missing: tuple[Missing, ...]

    @property
    def released_at(self) -> str:
        """When the release was made: ``2026-11-26T10:00:00Z``."""
        return write_time(self.release.created_ms)

    @property
    def title(self) -> str:
        """The release as a reader calls it."""
        return f"{self.release.dataset}, release {self.release.number}"


def write_time(milliseconds: int) -> str:
    """A moment in UTC to the second: ``2026-11-26T10:00:00Z``."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

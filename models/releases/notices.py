"""Removal notices: what whoever holds a release has to remove from it, signed by the log's key.

docs/removal-notices.md describes the format. A notice names assets by the SHA-256 of their files
and says which releases hold them. It says why in one word, and nothing about owners, file names or
rulings: it is made to be published.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import rfc8785

from models.canonical import canonical_json
from models.errors import ReleaseError
from models.ledger.note import Signer, Verifier
from models.recursion import is_nested_deeper
from models.releases.release import Release

FILE: Final = "removal-notice.json"
FORMAT: Final = "kiyome/removal-notice/1"
ACTIONS: Final = (
    (
        "Delete every file with one of these SHA-256 digests, and its captions, from every copy of "
        "the releases named."
    ),
    "Delete what was computed from these files alone, such as latents, embeddings and thumbnails.",
    (
        "Use the newest release, or none of these files, in every training run that begins from "
        "now on, and record which models were trained on them."
    ),
)
MOST_BYTES: Final = 512 * 1024**2
_DEEPEST: Final = 6


class RemovalReason(StrEnum):
    """Why an asset is in no release any more, in one word."""

    TAKEDOWN = "takedown"
    CONSENT = "consent"
    NAME = "protected_name"
    MOTIF = "protected_motif"
    REVIEW = "review"
    UNVERIFIED = "unverified"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Removed:
    """One asset that has to go.

    Attributes:
        sha256: of the original file.
        reason: why.
        releases: numbers of the releases that hold it, rising.
    """

    sha256: str
    reason: RemovalReason
    releases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RemovalNotice:
    """What holders of earlier releases have to remove.

    Attributes:
        dataset: of which dataset.
        effective_at: since when, UTC seconds: when the release without them was made.
        release: number and id of that release.
        affected: id and manifest's SHA-256 of each earlier release that holds any, by its number.
        removed: the assets, by digest.
    """

    dataset: str
    effective_at: int
    release: tuple[int, str]
    affected: Mapping[int, tuple[str, str]]
    removed: tuple[Removed, ...]

    def as_dict(self) -> dict[str, Any]:
        """The notice as JSON says it."""
        moment = datetime.fromtimestamp(self.effective_at, UTC)
        return {
            "actions": list(ACTIONS),
            "affected_releases": [
                {"id": release_id, "manifest_sha256": manifest, "number": number}
                for number, (release_id, manifest) in sorted(self.affected.items())
            ],
            "dataset": self.dataset,
            "effective_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "format": FORMAT,
            "release": {"id": self.release[1], "number": self.release[0]},
            "removed": [
                {
                    "reason": each.reason.value,
                    "releases": list(each.releases),
                    "sha256": each.sha256,
                }
                for each in self.removed
            ],
        }


def write_notice(
    release: Release,
    withdrawn: pa.Table,
    holding: Mapping[str, Sequence[int]],
    earlier: Mapping[int, Release],
) -> RemovalNotice:
    """The notice of what a release holds no longer.

    Args:
        release: the one that was made without them.
        withdrawn: rows of ``models.releases.difference.DIFFERENCE`` that were withdrawn.
        holding: numbers of the releases that hold each asset (``find_releases_with``).
        earlier: the earlier releases by number.
    """
    removed = tuple(
        Removed(row["asset_id"], classify(row["reasons_after"], row["verdict_after"]), numbers)
        for row in withdrawn.select(["asset_id", "reasons_after", "verdict_after"]).to_pylist()
        if (numbers := tuple(n for n in holding.get(row["asset_id"], ()) if n < release.number))
    )
    named = sorted({number for each in removed for number in each.releases})
    return RemovalNotice(
        release.dataset,
        release.created_ms // 1000,
        (release.number, release.id),
        {n: (earlier[n].id, earlier[n].manifest_sha256) for n in named},
        tuple(sorted(removed, key=lambda each: each.sha256)),
    )


def choose_withdrawn(rows: pa.Table) -> pa.Table:
    """Of the rows of a difference those of assets that holders have to remove."""
    return rows.filter(pc.equal(rows["change"], "withdrawn"))


def classify(reasons: Sequence[str], verdict: str) -> RemovalReason:
    """The one word for an asset's reasons; the first of them decides."""
    first = reasons[0] if reasons else ""
    if not first:
        return RemovalReason.ABSENT
    if first == "takedown":
        return RemovalReason.TAKEDOWN
    if first.startswith(("consent_", "grant_", "evidence_")):
        return RemovalReason.CONSENT
    if first.startswith("motif_"):
        return RemovalReason.MOTIF
    if first.startswith("name_") or first == "unknown_term":
        return RemovalReason.NAME
    return RemovalReason.UNVERIFIED if verdict == "error" else RemovalReason.REVIEW


def sign_notice(notice: RemovalNotice, signer: Signer) -> bytes:
    """The content of ``removal-notice.json``: canonical JSON, and a line break."""
    value = notice.as_dict()
    signature = base64.b64encode(signer.sign(_signed_text(signer.name, value))).decode()
    return canonical_json({"notice": value, "signature": signature, "signer": signer.name}) + b"\n"


def open_notice(data: bytes, verifier: Verifier) -> RemovalNotice:
    """Read a notice, once its signature holds.

    Raises:
        ReleaseError: it is damaged, says something impossible, or is not signed by ``verifier``.
    """
    try:
        return _parse(data, verifier)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ReleaseError(
            f"This is no removal notice by {verifier.name!r}: {error}.",
            "Get it again from whoever published the release, and check the key.",
        ) from error


def _parse(data: bytes, verifier: Verifier) -> RemovalNotice:
    text = data.decode("utf-8")
    if len(data) > MOST_BYTES or is_nested_deeper(text, _DEEPEST):
        raise ValueError("it is larger, or nested deeper, than a notice is")
    file = json.loads(text)
    if rfc8785.dumps(file) + b"\n" != data:
        raise ValueError("it is not written as canonical JSON with one line break at its end")
    if file.keys() != {"notice", "signature", "signer"}:
        raise ValueError("it does not have the keys notice, signature and signer")
    value = file["notice"]
    if file["signer"] != verifier.name:
        raise ValueError(f"it names {file['signer']!r} as its signer")
    signature = base64.b64decode(file["signature"], validate=True)
    if base64.b64encode(signature).decode() != file["signature"]:
        raise ValueError("its signature is not written as base64")
    if not verifier.verify(_signed_text(verifier.name, value), signature):
        raise ValueError("its signature does not hold")
    notice = _read(value)
    if notice.as_dict() != value:
        raise ValueError("it holds something unknown")
    return notice


def _read(value: Mapping[str, Any]) -> RemovalNotice:
    moment = datetime.strptime(value["effective_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return RemovalNotice(
        value["dataset"],
        int(moment.timestamp()),
        (value["release"]["number"], value["release"]["id"]),
        {
            each["number"]: (each["id"], each["manifest_sha256"])
            for each in value["affected_releases"]
        },
        tuple(
            Removed(each["sha256"], RemovalReason(each["reason"]), tuple(each["releases"]))
            for each in value["removed"]
        ),
    )


def _signed_text(origin: str, value: Mapping[str, Any]) -> bytes:
    if value["format"] != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT}")
    return f"{origin}\n{FORMAT}\n".encode() + canonical_json(value) + b"\n"

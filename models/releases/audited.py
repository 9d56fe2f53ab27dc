"""What a release rests on, for an auditor: its policy, and what was said about single assets."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.canonical import canonical_json, digest_bytes
from models.consent.evidence.bodies import keep_body, read_body
from models.consent.statements import Statement
from models.ledger.grounds import ROW as GROUNDS
from models.ledger.grounds import digest_grounds
from models.policy import Policy
from models.releases.manifest import list_consent
from models.releases.publishing import read_facts, read_manifest
from models.releases.release import Release

_ROW = ("asset_id", *GROUNDS)


@dataclass(frozen=True, slots=True)
class Consented:
    """What a release said and knew about the consent for one asset.

    Attributes:
        row: of the manifest, without names and captions.
        statements: everything that was said, as canonical JSON each; None where that was not kept.
    """

    row: dict[str, Any]
    statements: tuple[str, ...] | None


def keep_policy(workspace: Path, policy: Policy) -> str:
    """Keep the policy of a release as evidence, under its digest, and return that.

    Raises:
        WorkspaceError: it cannot be written.
    """
    return keep_body(workspace, encode_policy(policy))


def encode_policy(policy: Policy) -> bytes:
    """The bytes whose SHA-256 is the policy's digest."""
    return canonical_json(policy.said)


def read_policy(workspace: Path, digest: str, present: Policy | None) -> bytes | None:
    """The policy with a digest: as it was kept, or the present one where that is it."""
    kept = read_body(workspace, digest)
    if kept is None and present is not None:
        encoded = encode_policy(present)
        kept = encoded if digest_bytes(encoded) == digest else None
    return kept


def read_consented(
    release: Release, workspace: Path, assets: Collection[str], grounds: Mapping[str, str]
) -> dict[str, Consented]:
    """What a release rests on, for some of its assets; those that it does not list are left out.

    Statements are looked for in every verdict of that time that the workspace holds; only those
    that the manifest's row names, and whose digest the record holds, are the release's.

    Args:
        grounds: by asset, the digest of its grounds in the release's record, where that holds one.
    """
    manifest = read_manifest(release, workspace)
    if manifest is None or not assets:
        return {}
    wanted = pc.is_in(manifest["asset_id"], pa.array(sorted(assets), pa.string()))
    rows = {row["asset_id"]: row for row in manifest.filter(wanted).select(_ROW).to_pylist()}
    kept: dict[str, tuple[str, ...]] = {}
    until = _as_of(release, workspace)
    for as_of, asset_id, statements in _judged(workspace, set(rows), until):
        digest = grounds.get(asset_id)
        if asset_id in kept or (as_of > until and digest is None):
            continue
        if not _fits(statements, rows[asset_id], digest):
            continue
        kept[asset_id] = statements
        if len(kept) == len(rows):
            break
    return {asset_id: Consented(_plain(row), kept.get(asset_id)) for asset_id, row in rows.items()}


def _as_of(release: Release, workspace: Path) -> int:
    """When the release's consent was weighed; 0 where ``release.json`` is lost."""
    consent = read_facts(release, workspace).get("consent")
    as_of = consent.get("as_of") if isinstance(consent, dict) else None
    return as_of if type(as_of) is int else 0


def _judged(
    workspace: Path, assets: set[str], until: int
) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """The statements that verdicts rest on, with the moment: those up to one first, newest first.

    A release that a crash kept out of the ledger is entered by a later run, with what that read.
    What cannot be read is passed over: it is not opened then, and the auditor is told so.
    """
    tables: list[tuple[int, Path]] = []
    for path in sorted((workspace / "stages" / "verdict").rglob("*.json")):
        try:
            record = json.loads(path.read_bytes())
            tables.append((record["as_of"], path.with_name(record["output"])))
        except (OSError, ValueError, LookupError, TypeError):
            continue
    wanted = pa.array(sorted(assets), pa.string())
    tables.sort(reverse=True)
    for as_of, path in sorted(tables, key=lambda table: table[0] > until):
        try:
            table = pq.read_table(path, columns=["asset_id", "statements"])
        except (OSError, pa.ArrowException):
            continue
        for row in table.filter(pc.is_in(table["asset_id"], wanted)).to_pylist():
            yield as_of, row["asset_id"], tuple(row["statements"])


def _fits(statements: tuple[str, ...], row: dict[str, Any], grounds: str | None) -> bool:
    """Whether statements are those of a manifest's row, and of a record's digest."""
    said = [Statement.from_dict(json.loads(text)) for text in statements]
    named = list_consent(said) == row["consent"]
    return named and grounds in (None, digest_grounds(row, statements))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "consent": [dict(sorted(each.items())) for each in row["consent"]]}

"""The manifest: the assets of a release, with the reasons that cleared them; and its complements.

Every table here is a pure function of the shards and their verdicts, ordered by asset id, and
holds no time, no run id and no absolute path: the same verdicts give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.assets.asset import Asset
from models.canonical import digest_lines
from models.consent.statements import Statement
from models.unicode import escape_surrogates
from models.verdicts import Verdict

_CAPTION = pa.struct([("text", pa.string()), ("source", pa.string()), ("name", pa.string())])
_CONSENT = pa.struct(
    [
        ("carrier", pa.string()),
        ("source", pa.string()),
        ("setter", pa.string()),
        ("trust", pa.string()),
        ("license_ref", pa.string()),
        ("evidence_sha256", pa.string()),
    ]
)

MANIFEST = pa.schema(
    [
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("names", pa.list_(pa.string()), nullable=False),
        pa.field("captions", pa.list_(_CAPTION), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("format", pa.string()),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("ruling_id", pa.string(), nullable=False),
        pa.field("basis", pa.list_(pa.string()), nullable=False),
        pa.field("consent", pa.list_(_CONSENT), nullable=False),
        pa.field("attribution", pa.bool_(), nullable=False),
        pa.field("authors", pa.list_(pa.string()), nullable=False),
    ]
)

OUTCOMES = pa.schema(
    [
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("names", pa.list_(pa.string()), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("explanation_en", pa.string(), nullable=False),
        pa.field("explanation_ja", pa.string(), nullable=False),
        pa.field("ruling_id", pa.string(), nullable=False),
    ]
)

REWRITTEN = pa.schema(
    [
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("names", pa.list_(pa.string()), nullable=False),
        pa.field("caption", pa.int32(), nullable=False),
        pa.field("original", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("edits", pa.list_(pa.string()), nullable=False),
    ]
)
"""The captions that the release holds rewritten, with what they were: it names what was taken out,
and is therefore no part of what is exported."""

HELD = ("asset_id", "names")
"""The columns of a manifest that tell what a release holds."""

GONE = "absent"
"""Verdict shown for an asset of the previous release that the dataset no longer holds."""


def build_manifest(judged: Iterable[tuple[Sequence[Asset], pa.Table]]) -> pa.Table:
    """The cleared assets of all shards, by id.

    Args:
        judged: for each shard its assets and its verdict rows.
    """
    rows: list[dict[str, Any]] = []
    for assets, verdicts in judged:
        by_id = {asset.asset_id: asset for asset in assets}
        cleared = verdicts.filter(pc.equal(verdicts["verdict"], Verdict.CLEAR.value))
        rows += [_manifest_row(by_id[row["asset_id"]], row) for row in cleared.to_pylist()]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["asset_id"]), schema=MANIFEST)


def build_rewritten(judged: Iterable[tuple[Sequence[Asset], pa.Table]]) -> pa.Table:
    """The rewritten captions of the cleared assets of all shards, by asset and caption."""
    rows: list[dict[str, Any]] = []
    for assets, verdicts in judged:
        by_id = {asset.asset_id: asset for asset in assets}
        cleared = verdicts.filter(pc.equal(verdicts["verdict"], Verdict.CLEAR.value))
        for row in cleared.select(["asset_id", "captions"]).to_pylist():
            locations = by_id[row["asset_id"]].locations
            names = [escape_surrogates(location.name) for location in locations]
            rows += [
                {
                    "asset_id": row["asset_id"],
                    "names": names,
                    "caption": caption["index"],
                    "original": caption["original"],
                    "text": caption["text"],
                    "edits": caption["edits"],
                }
                for caption in row["captions"]
            ]
    rows.sort(key=lambda row: (row["asset_id"], row["caption"]))
    return pa.Table.from_pylist(rows, schema=REWRITTEN)


def build_outcomes(judged: Iterable[tuple[Sequence[Asset], pa.Table]]) -> pa.Table:
    """Every asset of all shards with its verdict and the reasons in words, by id."""
    rows: list[dict[str, Any]] = []
    for assets, verdicts in judged:
        by_id = {asset.asset_id: asset for asset in assets}
        for row in verdicts.select([f.name for f in OUTCOMES if f.name != "names"]).to_pylist():
            locations = by_id[row["asset_id"]].locations
            names = [escape_surrogates(location.name) for location in locations]
            rows.append({**row, "names": names})
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["asset_id"]), schema=OUTCOMES)


def digest_exclusions(outcomes: pa.Table) -> str:
    """SHA-256 over the excluded assets, why, and who decided: equal where nothing has changed."""
    excluded = outcomes.filter(pc.equal(outcomes["verdict"], Verdict.EXCLUDE.value))
    reasons = pc.binary_join(excluded["reasons"], " ")
    parts = (excluded["asset_id"], excluded["decided_by"], reasons)
    return digest_lines(pc.binary_join_element_wise(*parts, " ").to_pylist())


def build_removed(previous: pa.Table | None, manifest: pa.Table, outcomes: pa.Table) -> pa.Table:
    """What the previous release held and this one does not, and why.

    Args:
        previous: the previous release's manifest, ``HELD`` at least; None for the first release.
        manifest: this release's manifest.
        outcomes: every asset of the dataset as it is now.
    """
    if previous is None:
        return OUTCOMES.empty_table()
    gone = previous.filter(pc.invert(pc.is_in(previous["asset_id"], manifest["asset_id"])))
    known = outcomes.filter(pc.is_in(outcomes["asset_id"], gone["asset_id"]))
    present = set(known["asset_id"].to_pylist())
    absent = [
        {
            "asset_id": row["asset_id"],
            "names": row["names"],
            "verdict": GONE,
            "reasons": [],
            "decided_by": "machine",
            "explanation_en": "The dataset no longer holds this asset.",
            "explanation_ja": "データセットに存在しなくなりました。",
            "ruling_id": "",
        }
        for row in gone.select(["asset_id", "names"]).to_pylist()
        if row["asset_id"] not in present
    ]
    table = pa.concat_tables([known, pa.Table.from_pylist(absent, schema=OUTCOMES)])
    return table.sort_by("asset_id")


def to_parquet(table: pa.Table) -> bytes:
    """The table as Parquet: the same rows give the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=100_000)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def list_consent(statements: Iterable[Statement]) -> list[dict[str, str]]:
    """What the manifest says of statements: a part of its row."""
    return [
        {
            "carrier": statement.carrier,
            "source": escape_surrogates(statement.source),
            "setter": statement.setter,
            "trust": statement.trust.levels,
            "license_ref": statement.license_ref,
            "evidence_sha256": statement.evidence_sha256,
        }
        for statement in statements
    ]


def _manifest_row(asset: Asset, row: dict[str, Any]) -> dict[str, Any]:
    statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
    rewritten = {caption["index"]: caption["text"] for caption in row["captions"]}
    return {
        "asset_id": asset.asset_id,
        "names": [escape_surrogates(location.name) for location in asset.locations],
        "captions": [
            {
                "text": rewritten.get(index, escape_surrogates(caption.text)),
                "source": escape_surrogates(caption.source),
                "name": escape_surrogates(asset.locations[caption.location].name),
            }
            for index, caption in enumerate(asset.captions)
        ],
        "width": row["width"],
        "height": row["height"],
        "format": row["format"],
        "reasons": row["reasons"],
        "decided_by": row["decided_by"],
        "ruling_id": row["ruling_id"],
        "basis": row["basis"],
        "consent": list_consent(statements),
        "attribution": row["attribution"],
        "authors": row["authors"],
    }

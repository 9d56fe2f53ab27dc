"""The licences that statements name: their SPDX identifiers, and a table of each asset's.

A licence is a text that an owner wrote. An address or an identifier goes into the table as it is;
any other text goes in as its digest, because it may hold whatever somebody typed.
"""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from models.consent.contracts import CONTRACT_CARRIER
from models.ledger.records import licence_id

FILE: Final = "licences.parquet"
ON_FILE: Final = "contract on file"
"""Named in place of a licence where the right to use rests on a contract with the holder."""

LICENCES: Final = pa.schema(
    [
        pa.field("asset_sha256", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("spdx", pa.string(), nullable=False),
    ]
)
"""One row for each licence of each cleared asset; ``spdx`` is "" for what has no identifier."""

_KINDS = ("by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd")
_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
SPDX_IDS = {
    **{
        f"cc-{kind}-{version}": f"CC-{kind.upper()}-{version}"
        for kind in _KINDS
        for version in _VERSIONS
    },
    "cc0-1.0": "CC0-1.0",
    "cc-pddc": "CC-PDDC",
    "pddl-1.0": "PDDL-1.0",
    "odbl-1.0": "ODbL-1.0",
    "odc-by-1.0": "ODC-By-1.0",
    "mit": "MIT",
    "apache-2.0": "Apache-2.0",
}
_DEED = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/"
    r"(?:licenses/(?P<kind>[a-z-]+)/(?P<version>[0-9.]{3})|publicdomain/(?P<zero>zero)/1\.0)"
    r"(?:/(?:deed|legalcode)?(?:\.[a-z-]{2,7})?)?",
    re.ASCII,
)
_LISTED = re.compile(r"https?://spdx\.org/licenses/(?P<id>[A-Za-z0-9.-]+?)(?:\.html|\.json)?")
_ADDRESS = re.compile(r"(?:https?|ipfs|ar)://[!-?A-~]{1,500}", re.ASCII)
"""An address without ``@`` and without anything that is not ASCII."""


def find_spdx(licence: str) -> str:
    """The SPDX identifier of a licence that is named by one, or by an address; "" for others.

    Known are the Creative Commons licences without a country, which pictures have nearly always,
    and a few others.
    """
    text = licence.strip()
    if match := _DEED.fullmatch(text.lower()):
        return (
            "CC0-1.0"
            if match["zero"]
            else SPDX_IDS.get(f"cc-{match['kind']}-{match['version']}", "")
        )
    if match := _LISTED.fullmatch(text):
        text = match["id"]
    return SPDX_IDS.get(text.lower(), "")


def write_licence(licence: str) -> str:
    """A licence as the table names it: identifier, address, or ``LicenseRef-`` and a digest."""
    if spdx := find_spdx(licence):
        return spdx
    plain = "?" not in licence and "#" not in licence
    return licence if plain and _ADDRESS.fullmatch(licence) else licence_id(licence)


def list_licences(manifest: pa.Table) -> pa.Table:
    """The licences of the cleared assets, by asset.

    Args:
        manifest: ``models.releases.manifest.MANIFEST``.
    """
    said = manifest["consent"].combine_chunks()
    if isinstance(said, pa.ChunkedArray):  # no rows
        return LICENCES.empty_table()
    asset = manifest["asset_id"].combine_chunks().take(pc.list_parent_indices(said))
    flat = said.flatten()
    named = pc.struct_field(flat, "license_ref")
    is_contract = pc.equal(pc.struct_field(flat, "carrier"), CONTRACT_CARRIER)
    stands = pc.or_(is_contract, pc.not_equal(named, ""))
    licence = pc.if_else(is_contract, ON_FILE, named)
    rows = pa.table({"asset_sha256": asset, "named": licence}).filter(stands)
    distinct = pc.unique(rows["named"]).to_pylist()
    written = {text: ON_FILE if text == ON_FILE else write_licence(text) for text in distinct}
    spdx = {name: find_spdx(text) for text, name in written.items()}
    names = [written[text] for text in rows["named"].to_pylist()]
    table = pa.table(
        {"asset_sha256": rows["asset_sha256"], "licence": pa.array(names, pa.string())}
    )
    table = table.group_by(["asset_sha256", "licence"]).aggregate([])
    ids = pa.array([spdx[name] for name in table["licence"].to_pylist()], pa.string())
    table = pa.table([table["asset_sha256"], table["licence"], ids], schema=LICENCES)
    return table.sort_by([("asset_sha256", "ascending"), ("licence", "ascending")])


def count_licences(table: pa.Table) -> tuple[tuple[str, str, int], ...]:
    """Each licence of ``LICENCES`` with its identifier and its number of assets."""
    counted = table.group_by(["licence", "spdx"]).aggregate([("asset_sha256", "count")]).to_pylist()
    rows = [(row["licence"], row["spdx"], row["asset_sha256_count"]) for row in counted]
    return tuple(sorted(rows, key=lambda row: (-row[2], row[0])))


def write_expression(licences: tuple[tuple[str, str, int], ...], unlicensed: int) -> str:
    """The SPDX expression over all licences of a release, or "" where it cannot be given.

    It can be where every cleared asset has a licence and each of them has an identifier. The terms
    are joined by AND: whoever uses all of the release has to keep to all of them.
    """
    ids = sorted({spdx for _, spdx, _ in licences})
    if unlicensed or not ids or "" in ids:
        return ""
    return " AND ".join(ids)

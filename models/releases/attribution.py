"""The attribution list: whose work a release holds under the obligation to name them."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.compute as pc

from models.spreadsheets import defuse

FILE = "attribution.csv"
_COLUMNS = ("asset_id", "name", "authors", "licence", "said_in")


def write_attribution(manifest: pa.Table) -> bytes | None:
    """The list as CSV (UTF-8, one line for each asset), or None where nobody asks to be named.

    Authors are named as the grant names them, else by the signer's or the contract's own name.
    Text that a spreadsheet would take for a formula gets an apostrophe before it.

    Args:
        manifest: ``models.releases.manifest.MANIFEST``.
    """
    named = manifest.filter(pc.field("attribution")).to_pylist()
    if not named:
        return None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in named:
        licences = dict.fromkeys(c["license_ref"] for c in row["consent"] if c["license_ref"])
        said_in = dict.fromkeys(f"{c['carrier']} {c['source']}" for c in row["consent"])
        told = (row["names"][0], "; ".join(row["authors"]), "; ".join(licences), "; ".join(said_in))
        writer.writerow([row["asset_id"], *map(defuse, told)])
    return text.getvalue().encode("utf-8")

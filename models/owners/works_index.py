"""Writes which works are whose: ``datasets/<name>/owners.parquet``, once a run has decided.

One row for every pair of an asset and somebody who made a statement about it (a setter), sorted by
setter, name and asset. Row groups are small and carry the least and the greatest setter in them,
so that a reader of one owner's works passes over everybody else's. A row holds the statements of
its own setter only: whoever reads it learns nothing about others but how many there are and by
which carriers they spoke.

Each row names the part of the run that it comes from: a shard with the digest of its verdicts.
Where that is still the last run's, the row is taken over and the shard is not read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.assets.asset import Asset
from models.consent.statements import Trust
from models.errors import WorkspaceError
from models.files import write_atomically
from models.judged import JudgedPart, list_last_judged, read_judged_part
from models.planning import dataset_folder
from models.unicode import escape_surrogates

FILE = "owners.parquet"
ROW_GROUP = 2_000
"""Rows in a row group: about a millisecond to read, and a footer of a few hundred kilobytes for a
million rows."""

OWNED = pa.schema(
    [
        pa.field("setter", pa.string(), nullable=False),
        pa.field("asset_id", pa.binary(32), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("names", pa.int32(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("ruling_id", pa.string(), nullable=False),
        pa.field("may_grant", pa.bool_(), nullable=False),
        pa.field("carriers", pa.list_(pa.string()), nullable=False),
        pa.field("statements", pa.list_(pa.large_string()), nullable=False),
        pa.field("others", pa.list_(pa.string()), nullable=False),
        pa.field("part", pa.string(), nullable=False),
    ]
)
"""``name`` is the first of ``names`` file names; ``may_grant`` says whether any statement of the
setter may grant; ``carriers`` are those of the setter's statements, ``others`` those of everybody
else's, one each."""

_ORDER = [("setter", "ascending"), ("name", "ascending"), ("asset_id", "ascending")]
_PARTS = b"kiyome.owned/1"
"""Key of the file's own list of its parts: a shard of which nobody speaks has no row."""

_DIGITS = re.compile(r"[0-9a-f]{16}", re.ASCII)
_READ = ("asset_id", "verdict", "reasons", "decided_by", "ruling_id", "statements")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the index takes from a statement."""

    setter: str
    carrier: str
    may_grant: bool


def index_works(workspace: Path, dataset: str) -> bool:
    """Bring the index of a dataset up to the last run, as ``models.judged`` remembers it.

    Returns:
        Whether the file was written: it is left alone where nothing was judged anew.

    Raises:
        WorkspaceError: the verdicts of the last run cannot be read, or the file cannot be written;
            the one before is then still there.
    """
    path = dataset_folder(workspace, dataset) / FILE
    named = {_name(part): part for part in list_last_judged(workspace, dataset)}
    before, known = _read_index(path)
    if known == named.keys():
        return False
    tables = [before.filter(pc.is_in(before["part"], pa.array([*named], pa.string())))]
    for name, part in named.items():
        if name not in known:
            assets, verdicts = read_judged_part(workspace, dataset, part)
            tables.append(build_owned(assets, verdicts, name))
    write_owned(path, pa.concat_tables(tables).sort_by(_ORDER), list(named))
    return True


def build_owned(assets: Sequence[Asset], verdicts: pa.Table, part: str) -> pa.Table:
    """A row for every setter of every asset of a shard; what nobody in particular said has none.

    Args:
        verdicts: the shard's rows of ``models.judging.VERDICTS``.
        part: what the rows are marked with.
    """
    names = {asset.asset_id: [at.name for at in asset.locations] for asset in assets}
    rows = [
        {**owned, "part": part}
        for row in verdicts.select(_READ).to_pylist()
        for owned in _owned_rows(row, names[row["asset_id"]])
    ]
    return pa.Table.from_pylist(rows, schema=OWNED)


def write_owned(path: Path, owned: pa.Table, parts: Sequence[str]) -> None:
    """Put an index in the place of the one before, whole; nobody but the user can read it.

    The same rows give the same bytes.

    Args:
        owned: ordered rows of ``OWNED``.
        parts: all that they were made from.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    listed = {_PARTS: json.dumps(sorted(parts)).encode()}
    sink = pa.BufferOutputStream()
    marked = owned.replace_schema_metadata(listed)
    pq.write_table(marked, sink, compression="zstd", row_group_size=ROW_GROUP)
    try:
        write_atomically(path, sink.getvalue(), 0o600)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def find_shard(workspace: Path, dataset: str, part: str) -> Path | None:
    """The list of the shard that a row comes from; None where it is not there any more.

    Args:
        part: what the row is marked with.
    """
    begins = part.partition(".")[0]
    if not _DIGITS.fullmatch(begins):
        return None
    folder = dataset_folder(workspace, dataset) / "shards"
    return next(iter(sorted(folder.glob(f"{begins}*.parquet"))), None)


def _read_index(path: Path) -> tuple[pa.Table, set[str]]:
    """The index as it is, and its parts; none where it is missing, damaged or of another form."""
    try:
        table = pq.read_table(path, memory_map=True)
        known = set(json.loads((table.schema.metadata or {})[_PARTS]))
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException):
        return OWNED.empty_table(), set()
    table = table.replace_schema_metadata(None)
    return (table, known) if table.schema == OWNED else (OWNED.empty_table(), set())


def _name(part: JudgedPart) -> str:
    return f"{part.shard[:16]}.{part.output_sha256[:16]}"


def _owned_rows(row: dict[str, Any], names: Sequence[str]) -> Iterable[dict[str, Any]]:
    said = [(text, _read(text)) for text in row["statements"]]
    shown = sorted(escape_surrogates(name) for name in names)
    for setter in sorted({each.setter for _, each in said if each.setter}):
        own = [(text, each) for text, each in said if each.setter == setter]
        yield {
            "setter": setter,
            "asset_id": bytes.fromhex(row["asset_id"]),
            "name": shown[0] if shown else "",
            "names": len(shown),
            "verdict": row["verdict"],
            "reasons": row["reasons"],
            "decided_by": row["decided_by"],
            "ruling_id": row["ruling_id"],
            "may_grant": any(each.may_grant for _, each in own),
            "carriers": [each.carrier for _, each in own],
            "statements": [text for text, _ in own],
            "others": [each.carrier for _, each in said if each.setter != setter],
        }


@lru_cache(maxsize=10_000)
def _read(text: str) -> _Said:
    value = json.loads(text)
    return _Said(value["setter"], value["carrier"], Trust(**value["trust"]).may_grant)

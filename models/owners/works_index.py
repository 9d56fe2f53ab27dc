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
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.consent.statements import Trust
from models.errors import WorkspaceError
from models.files import write_atomically
from models.judged import JudgedPart, list_last_judged, read_judged_rows, shard_file
from models.planning import dataset_folder
from models.recleansing.members import read_members
from models.recleansing.stamps import Stamps

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

_GROUPS_AT_ONCE = 25
_ORDER = [("setter", "ascending"), ("name", "ascending"), ("asset_id", "ascending")]
_PARTS = b"kiyome.owned/1"
"""Key of the file's own list of its parts: a shard of which nobody speaks has no row."""

_DIGITS = re.compile(r"[0-9a-f]{16}", re.ASCII)
_TAKEN = ("asset_id", "verdict", "reasons", "decided_by", "ruling_id")


class _Owned(NamedTuple):
    """What a row takes from the statements of an asset."""

    setter: str
    may_grant: bool
    carriers: list[str]
    statements: list[str]
    others: list[str]


@dataclass(frozen=True, slots=True)
class _Said:
    """What the index takes from a statement."""

    setter: str
    carrier: str
    may_grant: bool


def index_works(workspace: Path, dataset: str, stamps: Stamps | None = None) -> bool:
    """Bring the index of a dataset up to the last run, as ``models.judged`` remembers it.

    Args:
        stamps: lists of assets that have been verified are not verified again.

    Returns:
        Whether the file was written: it is left alone where nothing was judged anew.

    Raises:
        WorkspaceError: the verdicts of the last run cannot be read, or the file cannot be written;
            the one before is then still there.
    """
    path = dataset_folder(workspace, dataset) / FILE
    named = {_name(part): part for part in list_last_judged(workspace, dataset)}
    known = _read_parts(path)
    if known == named.keys():
        return False

    def tell(names: Iterable[str]) -> pa.Table:
        tables = [OWNED.empty_table()]
        for name in names:
            part = named[name]
            verdicts = read_judged_rows(workspace, dataset, part)
            members = read_members(shard_file(workspace, dataset, part), stamps or Stamps())
            tables.append(build_owned(members.names, verdicts, name))
        return pa.concat_tables(tables).combine_chunks().sort_by(_ORDER)

    data = None
    if known:
        fresh = tell(name for name in named if name not in known)
        with suppress(OSError, pa.ArrowException):  # the rows before are damaged
            data = _encode(_put_in(path, fresh, list(named)), list(named))
    _put(path, data or _encode([tell(named)], list(named)))
    return True


def build_owned(names: pa.ListArray, verdicts: pa.Table, part: str) -> pa.Table:
    """A row for every setter of every asset of a shard; what nobody in particular said has none.

    Args:
        names: of each asset of the shard its names, in the order of the verdicts.
        verdicts: the shard's rows of ``models.judging.VERDICTS``.
        part: what the rows are marked with.
    """
    lists = pc.binary_join(verdicts["statements"].cast(pa.list_(pa.string())), "\n")
    codes = pa.concat_arrays(lists.chunks).dictionary_encode()
    owned = [list(_owned_by(text.split("\n"))) for text in codes.dictionary.to_pylist()]
    of_row = codes.indices.to_pylist()
    rows = [(at, one) for at, code in enumerate(of_row) for one in owned[code]]
    places = pa.array([at for at, _ in rows], pa.int64())
    chosen = verdicts.select(_TAKEN).take(places)
    shown = names.take(places)
    columns = {
        **{name: chosen[name] for name in _TAKEN if name != "asset_id"},
        **{name: [getattr(one, name) for _, one in rows] for name in _Owned._fields},
        "asset_id": [bytes.fromhex(asset_id) for asset_id in chosen["asset_id"].to_pylist()],
        "name": [min(each, default="") for each in shown.to_pylist()],
        "names": pc.list_value_length(shown),
        "part": pa.repeat(part, len(rows)),
    }
    arrays = [_as_column(columns[field.name], field.type) for field in OWNED]
    return pa.table(arrays, schema=OWNED)


def write_owned(path: Path, owned: pa.Table, parts: Sequence[str]) -> None:
    """Put an index in the place of the one before, whole; nobody but the user can read it.

    The same rows give the same bytes.

    Args:
        owned: ordered rows of ``OWNED``.
        parts: all that they were made from.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    _put(path, _encode([owned], parts))


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


def _read_parts(path: Path) -> set[str]:
    """The parts that an index was made from; none where it is missing, damaged or of other form."""
    try:
        schema = pq.read_schema(path)
        known = set(json.loads((schema.metadata or {})[_PARTS]))
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException):
        return set()
    return known if schema.remove_metadata() == OWNED else set()


def _put_in(path: Path, fresh: pa.Table, parts: Sequence[str]) -> Iterable[pa.Table]:
    """An index with rows in the place of those that come from none of these parts, ordered.

    Every table but the last holds whole row groups.

    Raises:
        OSError, pa.ArrowException: the index is damaged.
    """
    with pq.ParquetFile(path, memory_map=True) as file:
        keys = file.read([*(name for name, _ in _ORDER), "part"])
        stays = pc.is_in(keys["part"], pa.array(parts, pa.string()))
        gone = keys.filter(pc.invert(stays))
        if not all(gone[name].equals(fresh[name]) for name, _ in _ORDER):
            before = file.read().replace_schema_metadata(None).filter(stays)
            yield pa.concat_tables([before, fresh]).sort_by(_ORDER)
            return
        # Mostly the same works are told of anew: each row takes the place of its own.
        leaves = np.flatnonzero(~stays.to_numpy().astype(bool))
        begins = 0
        for first in range(0, file.num_row_groups, _GROUPS_AT_ONCE):
            groups = range(first, min(first + _GROUPS_AT_ONCE, file.num_row_groups))
            some = file.read_row_groups(groups).replace_schema_metadata(None)
            low, high = np.searchsorted(leaves, (begins, begins + len(some)))
            at = np.arange(len(some))
            at[leaves[low:high] - begins] = len(some) + np.arange(high - low)
            yield pa.concat_tables([some, fresh.slice(low, high - low)]).take(at)
            begins += len(some)


def _encode(tables: Iterable[pa.Table], parts: Sequence[str]) -> pa.Buffer:
    """The file of an index; its bytes follow from its rows, however they are cut into tables."""
    listed = {_PARTS: json.dumps(sorted(parts)).encode()}
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, OWNED.with_metadata(listed), compression="zstd") as writer:
        for table in tables:
            writer.write_table(table, row_group_size=ROW_GROUP)
    return sink.getvalue()


def _put(path: Path, data: pa.Buffer) -> None:
    try:
        write_atomically(path, data, 0o600)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def _name(part: JudgedPart) -> str:
    return f"{part.shard[:16]}.{part.output_sha256[:16]}"


def _owned_by(texts: Sequence[str]) -> Iterable[_Owned]:
    """What the index says of each setter of some statements."""
    said = [(text, _read(text)) for text in texts if text]
    for setter in sorted({each.setter for _, each in said if each.setter}):
        own = [(text, each) for text, each in said if each.setter == setter]
        yield _Owned(
            setter,
            any(each.may_grant for _, each in own),
            [each.carrier for _, each in own],
            [text for text, _ in own],
            [each.carrier for _, each in said if each.setter != setter],
        )


def _as_column(values: Any, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    return pa.array(values, kind) if isinstance(values, list) else values.cast(kind)


@lru_cache(maxsize=10_000)
def _read(text: str) -> _Said:
    value = json.loads(text)
    return _Said(value["setter"], value["carrier"], Trust(**value["trust"]).may_grant)

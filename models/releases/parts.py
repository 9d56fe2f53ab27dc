"""What one shard adds to a release: its rows of the manifest and the other tables, as columns.

The rows are those of ``models.releases.manifest``; here they are cut out of columns, so that a
dataset of a million assets needs no object for each. A part lies in files of Arrow, and all of
them are put together by mapping these files. They stay for the next run: where nothing that a part
was made of has changed, it is neither read nor made again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from models.canonical import digest_bytes
from models.consent.statements import Statement
from models.errors import WorkspaceError
from models.files import put_in_place
from models.recleansing.members import Members
from models.releases.manifest import MANIFEST, OUTCOMES, REWRITTEN
from models.unicode import escape_surrogates
from models.verdicts import Verdict

_KINDS = {"manifest": MANIFEST, "outcomes": OUTCOMES, "rewritten": REWRITTEN}
_CONSENT = MANIFEST.field("consent").type.value_type
_AS_JUDGED = (
    *("width", "height", "format", "reasons", "decided_by", "ruling_id", "basis"),
    *("attribution", "authors"),
)
_KEYS = {"manifest": ["asset_id"], "outcomes": ["asset_id"], "rewritten": ["asset_id", "caption"]}
_REPEATED = {"format", "verdict", "decided_by", "explanation_en", "explanation_ja", "ruling_id"}
"""Columns that say few different things: a file holds each of these once."""
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """All shards of a dataset, put together and ordered by asset.

    Attributes:
        manifest, outcomes, rewritten: the tables of ``models.releases.manifest``.
    """

    manifest: pa.Table
    outcomes: pa.Table
    rewritten: pa.Table


def open_parts(workspace: Path, dataset: str) -> Path:
    """The folder where the parts of a dataset lie.

    Raises:
        WorkspaceError: it cannot be made.
    """
    folder = workspace / "recleansing" / dataset
    with _telling(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A part that is kept, and what is said of it without looking at its tables.

    Attributes:
        made_of: digest of all that it was made of.
        asked: whether people are asked, or have been, about any of its assets.
        terms: whether any text of its assets may hold an unknown term.
        sha256: of the file of each table, by kind.
    """

    made_of: str
    asked: bool
    terms: bool
    sha256: dict[str, str]


def write_part(
    folder: Path, members: Members, verdicts: pa.Table, made_of: str, *, asked: bool, terms: bool
) -> PartRecord:
    """Write what a shard adds, one file for each table, in the place of what was there.

    The rows are ordered by asset, as those of the release are: what is in order already is put in
    order with the others in a third of the time.

    It is not synced: what a crash spoils has another digest, and is made again.

    Args:
        folder: where the parts of the dataset lie.
        verdicts: the rows of ``models.judging.VERDICTS`` for these members, in their order.
        made_of, asked, terms: as in the record.

    Raises:
        WorkspaceError: a file cannot be written.
    """
    sha256 = {}
    with _telling(folder):
        for kind, rows in cut_part(members, verdicts).items():
            table = _encode(rows.take(_find_order(rows, kind)))
            sink = pa.BufferOutputStream()
            with pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            data = memoryview(sink.getvalue())
            sha256[kind] = digest_bytes(data)
            put_in_place(_path(folder, members.shard, kind), data)
        record = PartRecord(made_of, asked, terms, sha256)
        put_in_place(_record_path(folder, members.shard), json.dumps(asdict(record)).encode())
    return record


def find_part(folder: Path, shard: str, made_of: str) -> PartRecord | None:
    """What is kept of a shard's part, or None where it is missing, damaged or of something else."""
    try:
        record = PartRecord(**json.loads(_record_path(folder, shard).read_bytes()))
        if record.made_of != made_of or record.sha256.keys() != _KINDS.keys():
            return None
        for kind, digest in record.sha256.items():
            with pa.memory_map(str(_path(folder, shard, kind))) as source:
                if digest_bytes(memoryview(source.read_buffer())) != digest:
                    return None
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return record


def drop_other_parts(folder: Path, shards: Collection[str]) -> None:
    """Delete the parts of all shards but these.

    Raises:
        WorkspaceError: one cannot be deleted.
    """
    kept = {name for shard in shards for name in _names(shard)}
    with _telling(folder):
        for path in folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)


@contextmanager
def _telling(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"What shards add to a release cannot be kept in {folder}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def read_parts(folder: Path, shards: Sequence[str]) -> Parts:
    """Put the parts of shards together.

    Raises:
        OSError, pa.ArrowException: a part is missing or damaged.
    """
    return Parts(**{kind: _join(folder, shards, kind) for kind in _KINDS})


def _join(folder: Path, shards: Sequence[str], kind: str) -> pa.Table:
    """One table of all shards, made column by column: besides it two columns are held at a time.

    Of files that are mapped, only what is looked at takes memory.
    """
    mapped = [_map(_path(folder, shard, kind)) for shard in shards]
    whole = pa.concat_tables([*mapped, _encode(_KINDS[kind].empty_table())])
    order = _find_order(whole, kind)

    def put_in_order(field: pa.Field) -> pa.ChunkedArray:
        column = whole.select([field.name]).unify_dictionaries().combine_chunks()
        return column.take(order).combine_chunks()[field.name].cast(field.type)

    with ThreadPoolExecutor(_THREADS) as threads:
        return pa.table(list(threads.map(put_in_order, _KINDS[kind])), schema=_KINDS[kind])


def _find_order(rows: pa.Table, kind: str) -> pa.Array:
    """The numbers of the rows in the order that a release has them in."""
    keys = rows.select(_KEYS[kind]).combine_chunks()
    return pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in _KEYS[kind]])


def _encode(rows: pa.Table) -> pa.Table:
    columns = {name: rows[name] for name in rows.column_names}
    for name in _REPEATED.intersection(columns):
        columns[name] = columns[name].combine_chunks().dictionary_encode()
    return pa.table(columns)


def cut_part(members: Members, verdicts: pa.Table) -> dict[str, pa.Table]:
    """The rows that a shard adds to each table of a release, in the shard's order."""
    verdicts = verdicts.combine_chunks()
    cleared = pc.equal(verdicts["verdict"], Verdict.CLEAR.value)
    kept = verdicts.filter(cleared)
    names = members.names.filter(cleared.combine_chunks())
    captions = members.captions.filter(cleared.combine_chunks())
    rewritten = _rewritten(kept, names)
    if rewritten.num_rows:
        captions = _replace(captions, kept)
    manifest = {
        "asset_id": kept["asset_id"],
        "names": names,
        "captions": captions,
        **{name: kept[name] for name in _AS_JUDGED},
        "consent": _consent(kept["statements"]),
    }
    outcomes = {field.name: verdicts[field.name] for field in OUTCOMES if field.name != "names"}
    return {
        "manifest": _table(manifest, MANIFEST),
        "outcomes": _table({**outcomes, "names": members.names}, OUTCOMES),
        "rewritten": rewritten,
    }


def _table(columns: dict[str, pa.Array | pa.ChunkedArray], schema: pa.Schema) -> pa.Table:
    arrays = [columns[field.name].cast(field.type) for field in schema]
    return pa.table(arrays, schema=schema)


def _rewritten(kept: pa.Table, names: pa.ListArray) -> pa.Table:
    some = pc.greater(pc.list_value_length(kept["captions"]), 0).combine_chunks()
    if not pc.any(some).as_py():
        return REWRITTEN.empty_table()
    chosen = kept.filter(some).select(["asset_id", "captions"]).to_pylist()
    rows = [
        {
            "asset_id": row["asset_id"],
            "names": own,
            "caption": caption["index"],
            "original": caption["original"],
            "text": caption["text"],
            "edits": caption["edits"],
        }
        for row, own in zip(chosen, names.filter(some).to_pylist(), strict=True)
        for caption in row["captions"]
    ]
    return pa.Table.from_pylist(rows, schema=REWRITTEN)


def _replace(captions: pa.ListArray, kept: pa.Table) -> pa.ListArray:
    """The captions with the new texts of those that were rewritten."""
    rows = captions.to_pylist()
    for own, rewritten in zip(rows, kept["captions"].to_pylist(), strict=True):
        for caption in rewritten:
            own[caption["index"]]["text"] = caption["text"]
    return pa.array(rows, captions.type)


def _consent(statements: pa.ChunkedArray) -> pa.ListArray:
    """What the manifest says of statements; each different one is read once."""
    lists = statements.combine_chunks()
    lists = lists if isinstance(lists, pa.Array) else lists.chunk(0)
    codes = lists.flatten().dictionary_encode()
    structs = pa.array([_describe(text) for text in codes.dictionary.to_pylist()], _CONSENT)
    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    return pa.ListArray.from_arrays(offsets, structs.take(codes.indices))


def _describe(text: str) -> dict[str, str]:
    statement = Statement.from_dict(json.loads(text))
    return {
        "carrier": statement.carrier,
        "source": escape_surrogates(statement.source),
        "setter": statement.setter,
        "trust": statement.trust.levels,
        "license_ref": statement.license_ref,
        "evidence_sha256": statement.evidence_sha256,
    }


def _path(folder: Path, shard: str, kind: str) -> Path:
    return folder / f"{shard}.{kind}.arrow"


def _record_path(folder: Path, shard: str) -> Path:
    return folder / f"{shard}.json"


def _names(shard: str) -> list[str]:
    folder = Path()
    return [_record_path(folder, shard).name, *(_path(folder, shard, k).name for k in _KINDS)]


def _map(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()

"""What one shard adds to a release: its rows of the manifest and the other tables, as columns.

The rows are those of ``models.releases.manifest``; here they are cut out of columns, so that a
dataset of a million assets needs no object for each. A part lies in a file of Arrow, and all of
them are put together by mapping these files.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from models.consent.statements import Statement
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


def write_part(folder: Path, members: Members, verdicts: pa.Table) -> None:
    """Write what a shard adds, one file for each table.

    Args:
        folder: where the parts of a run lie.
        verdicts: the rows of ``models.judging.VERDICTS`` for these members, in their order.

    Raises:
        OSError: a file cannot be written.
    """
    for kind, table in cut_part(members, verdicts).items():
        with (
            pa.OSFile(str(_path(folder, members.shard, kind)), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)


def read_parts(folder: Path, shards: Sequence[str]) -> Parts:
    """Put the parts of shards together.

    Raises:
        OSError, pa.ArrowException: a part is missing or damaged.
    """
    return Parts(**{kind: _join(folder, shards, kind) for kind in _KINDS})


def _join(folder: Path, shards: Sequence[str], kind: str) -> pa.Table:
    """One table of all shards, made column by column: besides it two columns are held at a time."""
    schema = _KINDS[kind]
    paths = [_path(folder, shard, kind) for shard in shards]
    keys = [name for name in ("asset_id", "caption") if kind == "rewritten" or name == "asset_id"]
    key_table = pa.table([_read_column(paths, schema.field(name)) for name in keys], names=keys)
    order = pc.sort_indices(key_table, sort_keys=[(name, "ascending") for name in keys])

    def put_in_order(field: pa.Field) -> pa.ChunkedArray:
        whole = pa.table([_read_column(paths, field)], names=["one"]).combine_chunks()
        return whole.take(order).combine_chunks()["one"]

    with ThreadPoolExecutor(_THREADS) as threads:
        return pa.table(list(threads.map(put_in_order, schema)), schema=schema)


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


def _read_column(paths: Sequence[Path], field: pa.Field) -> pa.ChunkedArray:
    """One column of some parts; of a file that is mapped, only what is looked at takes memory."""
    chunks: list[pa.Array] = []
    for path in paths:
        with pa.memory_map(str(path)) as source:
            chunks += pa.ipc.open_file(source).read_all()[field.name].chunks
    return pa.chunked_array(chunks, field.type)

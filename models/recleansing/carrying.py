"""Carrying over: a stage's output for a new register, made from the one for an older register.

Rows that the change cannot concern are taken as they are; the others are examined anew, by the same
stage. The output is the one that the stage would make of all these assets.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from models.detectors import Detectors
from models.errors import EncoderError
from models.failpoints import reach
from models.motifs.motifs_stage import MotifsStage
from models.nouns.recognition import prepare
from models.nouns.stage import NounsStage, read_held, texts_of_name
from models.parquet import read_parquet
from models.reasons import RETRIED, Reason
from models.recleansing.members import Members
from models.recleansing.motifs import ChangedMotifs, by_looks, find_changed_motifs
from models.recleansing.names import ChangedNames, find_changed_names
from models.recleansing.origins import Origin, find_predecessors, tell_origins
from models.recleansing.outputs import Output, TooFewRowsError, find_output
from models.recleansing.stamps import Stamps
from models.stages import (
    StageRecord,
    examine_each,
    name_output,
    stage_folder,
    store_bytes,
    store_record,
    store_table,
)
from models.store.database import Database

# What processes died of stays what it is here: it is examined apart, by the stage itself.
_RETRIED = pa.array(sorted(reason.value for reason in RETRIED - {Reason.PROCESS_LOST}))
_MOST_PREDECESSORS = 4


class Carrier:
    """Carries outputs over, shard by shard, to the registers as they are now."""

    def __init__(
        self, detectors: Detectors, database: Database, workspace: Path, max_pixels: int
    ) -> None:
        self._detectors = detectors
        self._database = database
        self._workspace = workspace
        self._max_pixels = max_pixels

    @cached_property
    def _now(self) -> tuple[Origin, Origin]:
        return tell_origins(self._detectors)

    @cached_property
    def names(self) -> list[tuple[Origin, ChangedNames]]:
        """What has changed since each older register of names, newest first."""
        now = self._now[0]
        found = []
        with self._database.snapshot() as session:
            for origin in find_predecessors(self._workspace, now)[:_MOST_PREDECESSORS]:
                changed = find_changed_names(
                    session,
                    origin,
                    now,
                    self._detectors.nouns.knowledge,
                    self._workspace / "indexes",
                )
                if changed is not None:
                    found.append((origin, changed))
        return found

    @cached_property
    def motifs(self) -> list[tuple[Origin, ChangedMotifs]]:
        """What has changed since each older register of motifs, newest first."""
        now = self._now[1]
        return [
            (
                origin,
                find_changed_motifs(
                    origin, now, self._detectors, self._max_pixels, self._workspace / "indexes"
                ),
            )
            for origin in find_predecessors(self._workspace, now)[:_MOST_PREDECESSORS]
        ]

    def carry_names(self, members: Members, stamps: Stamps) -> StageRecord | None:
        """Make the output of the nouns stage for a shard, where an older one can be carried over.

        Returns:
            Its record, or None: there is nothing to carry over.

        Raises:
            WorkspaceError: the output cannot be written.
        """
        started = time.monotonic()
        for origin, changed in self.names:
            old = self._find("nouns", members.shard, origin.fingerprint, stamps)
            if old is None or not old.table.schema.equals(_as_read(NounsStage.schema)):
                continue
            place_of = {asset_id: place for place, asset_id in enumerate(members.ids)}
            concerned = _find_named(changed, members, old.table, place_of) - _find_deadly(old.table)
            kept = _without(old.table, concerned)
            asked = [asset_id for asset_id in concerned if asset_id in place_of]
            assets = members.assets(sorted(place_of[asset_id] for asset_id in asked))
            held = {
                row["asset_id"]: read_held(row["texts"])
                for row in old.table.filter(_is_in(old.table, asked))
                .select(["asset_id", "texts"])
                .to_pylist()
                if row["texts"] is not None
            }
            stage = self._detectors.nouns.with_texts(held)
            fresh = examine_each(stage, assets, lambda _: None)
            return self._store(
                stage.name, members.shard, self._now[0].fingerprint, kept, fresh, started
            )
        return None

    def carry_motifs(
        self, members: Members, features: Output, stamps: Stamps
    ) -> StageRecord | None:
        """Make the output of the motifs stage for a shard by looks, from an older one.

        Args:
            features: the shard's features.

        Returns:
            Its record, or None: there is nothing to carry over.

        Raises:
            TooFewRowsError: the older one cannot be read any more.
            WorkspaceError: the output cannot be written.
        """
        started = time.monotonic()
        for origin, changed in self.motifs:
            for fingerprint in (origin.fingerprint, by_looks(origin.fingerprint)):
                old = find_output(
                    self._workspace, "motifs", members.shard, fingerprint, None, stamps
                )
                if old is None:
                    continue
                concerned = changed.concerned(old, features.path)
                if not concerned and old.record.settled:
                    seconds = round(time.monotonic() - started, 3)
                    return take_over(old, by_looks(self._now[1].fingerprint), seconds)
                concerned -= _find_deadly(old.table)
                place_of = {asset_id: place for place, asset_id in enumerate(members.ids)}
                asked = concerned.intersection(old.table["asset_id"].to_pylist()) & place_of.keys()
                assets = members.assets(sorted(place_of[asset_id] for asset_id in asked))
                fresh = None
                if assets:
                    fresh = examine_each(self._search(features, asked), assets, lambda _: None)
                kept = _without(old.table, asked)
                return self._store(
                    "motifs",
                    members.shard,
                    by_looks(self._now[1].fingerprint),
                    kept,
                    fresh,
                    started,
                )
        return None

    def _find(self, stage: str, shard: str, fingerprint: str, stamps: Stamps) -> Output | None:
        """An older output that can be read."""
        old = find_output(self._workspace, stage, shard, fingerprint, None, stamps)
        try:
            return old if old is not None and old.table is not None else None
        except TooFewRowsError:
            return None

    def _search(self, features: Output, asked: set[str]) -> MotifsStage:
        table = read_parquet(features.path)
        chosen = table.filter(_is_in(table, sorted(asked)))
        try:
            return self._detectors.motifs(chosen)
        except EncoderError:
            return self._detectors.motifs(self._detectors.features.schema.empty_table())

    def _store(
        self,
        stage: str,
        shard: str,
        fingerprint: str,
        kept: pa.Table,
        fresh: pa.Table | None,
        started: float,
    ) -> StageRecord:
        schema = (
            NounsStage.schema
            if stage == "nouns"
            else self._detectors.motifs(self._detectors.features.schema.empty_table()).schema
        )
        tables = [kept.cast(schema), *([fresh.cast(schema)] if fresh is not None else [])]
        table = pa.concat_tables(tables).sort_by("asset_id")
        faults = Counter(code for code in table["fault_code"].to_pylist() if code)
        folder = stage_folder(self._workspace, stage, shard)
        output, digest = store_table(folder, fingerprint, table)
        record = StageRecord(
            stage=stage,
            shard=shard,
            fingerprint=fingerprint,
            output=output,
            output_sha256=digest,
            asked=table.num_rows,
            examined=0 if fresh is None else fresh.num_rows,
            rows=table.num_rows,
            seconds=round(time.monotonic() - started, 3),
            faults=dict(sorted(faults.items())),
        )
        reach("carried-written")
        store_record(folder, fingerprint, asdict(record))
        reach("carried-recorded")
        return record


def take_over(old: Output, fingerprint: str, seconds: float) -> StageRecord:
    """Put an output down under another fingerprint, as it is.

    Args:
        seconds: how long it took to see that it stands.

    Raises:
        WorkspaceError: it cannot be written.
    """
    folder = old.path.parent
    name = name_output(fingerprint, old.record.output_sha256)
    try:
        (folder / name).unlink(missing_ok=True)
        (folder / name).hardlink_to(old.path)
    except OSError:  # a disk that knows no second name for a file
        name, _ = store_bytes(folder, fingerprint, old.path.read_bytes())
    record = replace(
        old.record,
        fingerprint=fingerprint,
        output=name,
        asked=old.record.rows,
        examined=0,
        seconds=seconds,
    )
    reach("carried-written")
    store_record(folder, fingerprint, asdict(record), synced=False)
    reach("carried-recorded")
    return record


def has_output(workspace: Path, stage: str, shard: str, fingerprint: str) -> bool:
    """Whether a stage has noted an output under a fingerprint; whether it is whole is not asked."""
    return (stage_folder(workspace, stage, shard) / f"{fingerprint}.json").exists()


def _find_named(
    changed: ChangedNames, members: Members, old: pa.Table, place_of: dict[str, int]
) -> set[str]:
    """The assets of an older output in any of whose texts something may be found otherwise now."""
    found: set[str] = set()
    names, captions = members.raw_names, members.raw_captions
    known: dict[str, bool] = {}
    for asset_id, held in zip(old["asset_id"].to_pylist(), _held_texts(old["texts"]), strict=True):
        place = place_of.get(asset_id)
        if place is None:
            continue
        if (
            held is None
            or any(changed.concerns(prepare(text)) for text in captions[place])
            or any(_is_named(changed, name, known) for name in names[place])
            or any(changed.concerns(text.noun) for text in read_held(held))
        ):
            found.add(asset_id)
    return found


def _held_texts(column: pa.ChunkedArray) -> Sequence[list[dict[str, object]] | None]:
    """The lists of a column; most are empty, and then nothing is made of them."""
    lengths = pc.list_value_length(column)
    if pc.max(pc.fill_null(lengths, 0)).as_py():
        rows: Sequence[list[dict[str, object]] | None] = column.to_pylist()
        return rows
    return [None if length is None else [] for length in lengths.to_pylist()]


def _is_named(changed: ChangedNames, name: str, known: dict[str, bool]) -> bool:
    stem = name.rpartition("/")[2]
    if stem not in known:
        known[stem] = any(changed.concerns(text.noun) for text in texts_of_name(stem))
    return known[stem]


def _as_read(schema: pa.Schema) -> pa.Schema:
    """A schema as Parquet gives it back: it renames the items of lists."""
    sink = pa.BufferOutputStream()
    import pyarrow.parquet as pq

    pq.write_table(schema.empty_table(), sink)
    return pq.read_schema(pa.BufferReader(sink.getvalue()))


def _is_in(table: pa.Table, ids: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(table["asset_id"], value_set=pa.array(ids, pa.string()))


def _find_deadly(table: pa.Table) -> set[str]:
    """The assets that processes died of."""
    lost = pc.equal(table["fault_code"], Reason.PROCESS_LOST.value)
    return set(table.filter(lost)["asset_id"].to_pylist())


def _without(table: pa.Table, ids: set[str]) -> pa.Table:
    """The rows that stay: neither examined anew, nor to be tried again."""
    gone = pc.or_(
        _is_in(table, sorted(ids)),
        pc.is_in(table["fault_code"], value_set=_RETRIED),
    )
    return table.filter(pc.invert(gone))

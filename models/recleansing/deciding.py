"""Deciding a shard by what is alike: of assets of which the same was seen, one is decided.

The result is the one of ``models.judging.judge``, row by row and byte by byte: the rows of a group
are those of one of its members, with what belongs to each asset alone put in. Whatever is about one
asset (a ruling, a takedown, a withdrawal, an edited caption, something said outside the dataset, a
question to a reviewer) is decided for that asset by itself, as a cleansing run does it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select

from models.assets.asset import Asset, unread_id
from models.consent.evidence.naming import name_in_store
from models.consent.subjects import SubjectKind
from models.judging import (
    VERDICTS,
    Bench,
    Consents,
    Observed,
    VerdictRecord,
    fingerprint_of,
    gather,
    hear,
    read_verdict_record,
    read_verdicts,
    select_undecided,
    write_row,
)
from models.recleansing.known import KnownVerdicts
from models.recleansing.members import Members
from models.recleansing.outputs import Output, Places, TooFewRowsError
from models.stages import stage_folder, store_record, store_table
from models.store.tables import EvidenceStatementRow
from models.verdicts import Verdict

_GROUPED = frozenset(
    (
        *("policy", "terms", "as_of", "rulings", "takedowns", "withdrawals", "testimony"),
        *("licences", "editor", "edits"),
    )
)
"""What a bench holds and this module knows how to weigh. Anything else is weighed one by one."""
_OF_ONE = ("asset_id", "width", "height", "format")
_STAGES = ("consent", "nouns", "features", "motifs")
_MOST_KEPT = 50_000
_Mask = npt.NDArray[np.bool_]
Outputs = Mapping[str, Output]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Members of which the stages have seen the same.

    Attributes:
        firsts: the place of one member of each group.
        number: of each member its group.
    """

    firsts: Places
    number: Places


class Judged:
    """The verdicts of a shard.

    Attributes:
        record: vouches for the rows.
    """

    def __init__(self, record: VerdictRecord, read: Callable[[], pa.Table]) -> None:
        self.record = record
        self._read = read

    @cached_property
    def rows(self) -> pa.Table:
        """The rows, in the shard's order; they are read when they are first looked at."""
        return self._read()


class Decider:
    """Decides shards, one after the other, with one bench."""

    def __init__(self, bench: Bench, workspace: Path, dataset: str) -> None:
        self._bench = bench
        self._workspace = workspace
        self._dataset = dataset
        self._known = KnownVerdicts(bench, workspace, dataset)

    def judge(self, members: Members, outputs: Outputs) -> Judged:
        """Decide every member, and keep the rows; see ``models.judging.judge``.

        Raises:
            TooFewRowsError: a stage has to be asked first.
            WorkspaceError: the rows cannot be written.
            StoreError: the database cannot be reached.
        """
        if self._holds_more:
            return self._judge(members, outputs)
        grounds = self._known.digest_grounds(members, outputs)
        if (known := self._known.find(members.shard, grounds)) is not None:
            return self._recall(known)
        judged = self._judge(members, outputs)
        self._known.remember(members.shard, grounds, judged.record)
        return judged

    def _recall(self, record: VerdictRecord) -> Judged:
        return Judged(record, lambda: read_verdicts(self._workspace, record))

    def _judge(self, members: Members, outputs: Outputs) -> Judged:
        started = time.monotonic()
        alone = self._find_alone(members, outputs)
        covered = self._covered(members)
        consents: Consents = {}
        tables = {stage: output.table for stage, output in outputs.items()}
        groups = _group(members, outputs, covered, alone)
        changed, seen = self._hear(members, tables, groups, alone)
        apart = members.assets(np.flatnonzero(alone).tolist())
        withdrawn = [
            a.asset_id for a in apart if self._bench.keeps_out(a, seen[a.asset_id].statements or ())
        ]
        withdrawn += self._withdrawn_groups(members, groups, alone, seen)
        folder = stage_folder(self._workspace, "verdict", members.shard)
        fingerprint = fingerprint_of(
            members.shard, apart, tables, changed, withdrawn, self._bench, self._dataset
        )
        if previous := read_verdict_record(folder, fingerprint, self._bench.as_of):
            # Whose rows were asked for when it was made.
            return self._recall(previous)
        self._require_rows(members, outputs, groups, alone, consents)
        table, deadlines = self._decide(members, tables, groups, alone, seen, consents)
        output, digest = store_table(folder, fingerprint, table)
        firsts = pc.list_element(table["reasons"], 0).to_pylist()
        counts = Counter(table["verdict"].to_pylist())
        record = VerdictRecord(
            shard=members.shard,
            fingerprint=fingerprint,
            output=output,
            output_sha256=digest,
            counts={v.value: counts[v.value] for v in Verdict},
            reasons=dict(sorted(Counter(firsts).items())),
            as_of=self._bench.as_of,
            holds_until=min(deadlines, default=None),
            seconds=round(time.monotonic() - started, 3),
        )
        store_record(folder, fingerprint, asdict(record))
        return Judged(record, lambda: table)

    @cached_property
    def _holds_more(self) -> bool:
        """Whether the bench holds anything that this module does not know how to weigh."""
        bench = self._bench
        return any(f.name not in _GROUPED and getattr(bench, f.name) for f in fields(bench))

    def _find_alone(self, members: Members, outputs: Outputs) -> _Mask:
        """The members that something is said about by name, so that no other stands for them."""
        bench = self._bench
        named: set[str] = {*bench.rulings, *bench.takedowns, *bench.edits}
        named |= bench.withdrawals.assets.keys()
        ids = members.ids
        alone = np.fromiter((i in named for i in ids), bool, len(ids))
        if bench.takedowns or bench.withdrawals.assets:
            # What could not be read went by an id made from its name.
            by_name = {*bench.takedowns, *bench.withdrawals.assets}
            for place, names in enumerate(members.raw_names):
                if not by_name.isdisjoint(map(unread_id, names)):
                    alone[place] = True
        if self._holds_more:
            alone[:] = True
        if bench.editor is not None and "nouns" in outputs:
            places = outputs["nouns"].places_of(members)
            found = pc.list_value_length(outputs["nouns"].table["findings"])
            some = np.asarray(pc.fill_null(pc.greater(found, 0), False).to_numpy(), bool)
            alone |= (places >= 0) & np.append(some, False)[places]
        return alone | self._spoken_of(members, outputs)

    def _spoken_of(self, members: Members, outputs: Outputs) -> _Mask:
        """The members that evidence from outside may be about."""
        nobody = np.zeros(len(members), bool)
        testimony = self._bench.testimony
        if testimony is None or not testimony.view.until:
            return nobody
        if self._by_look:
            return ~nobody
        said = outputs["consent"].table
        subjects = said["subjects"].to_pylist()
        known = self._subjects
        hit = np.fromiter(
            (any(name_in_store(s) in known for s in each or ()) for each in subjects),
            bool,
            len(subjects),
        )
        places = outputs["consent"].places_of(members)
        return np.asarray((places >= 0) & np.append(hit, False)[places], bool)

    @cached_property
    def _by_look(self) -> bool:
        """Whether evidence names pictures by what they look like."""
        kinds = (SubjectKind.LOOK, SubjectKind.PDQ, SubjectKind.ISCC)
        testimony = self._bench.testimony
        return testimony is not None and any(testimony.view.of_kind(kind) for kind in kinds)

    @cached_property
    def _subjects(self) -> frozenset[str]:
        """What evidence speaks of, by the names under which it is stored."""
        testimony = self._bench.testimony
        if testimony is None:
            return frozenset()
        row = EvidenceStatementRow
        query = select(row.subject).where(row.evidence_id <= testimony.view.until).distinct()
        with testimony.view.database.snapshot() as session:
            return frozenset(session.scalars(query))

    def _covered(self, members: Members) -> list[tuple[object, ...]]:
        """For each member which contracts and licences cover it, other than by who signed it."""
        consent = self._bench.policy.consent
        listed = [frozenset(contract.assets) for contract in consent.contract]
        covers = [contract.covers_name for contract in consent.contract if contract.folder]
        covers += [each.terms.covers_name for each in self._bench.licences]
        known: dict[tuple[str, ...], tuple[bool, ...]] = {}
        found: list[tuple[object, ...]] = []
        for asset_id, names in zip(members.ids, members.raw_names, strict=True):
            key = tuple(map(_folder_of, names))
            by_folder = known.get(key)
            if by_folder is None:
                plain = all(".." not in name.split("/") and name[:1] != "/" for name in names)
                by_folder = (plain, *(all(map(cover, names)) for cover in covers))
                known[key] = by_folder
            by_id = tuple(asset_id in ids for ids in listed if ids)
            found.append((by_folder, by_id))
        return found

    def _require_rows(
        self,
        members: Members,
        outputs: Outputs,
        groups: _Groups,
        alone: _Mask,
        consents: Consents,
    ) -> None:
        """Make sure that each stage has examined what nothing before it excludes.

        Only where a stage lacks a row does it matter whether anything before excludes the member.
        """
        for stage in _STAGES:
            if stage not in outputs:
                raise TooFewRowsError(stage)
        lacking = [outputs[stage].lacks(members) for stage in _STAGES]
        asked = np.ones(len(members), bool)
        for at, stage in enumerate(_STAGES):
            asked &= np.logical_or.reduce(lacking[at:])
            if not asked.any():
                return
            if (asked & lacking[at]).any():
                raise TooFewRowsError(stage)
            if stage in ("consent", "nouns"):
                tables = {each: outputs[each].table for each in _STAGES[: at + 1]}
                asked = self._undecided(members, tables, groups, alone, asked, consents)

    def _undecided(
        self,
        members: Members,
        tables: Mapping[str, pa.Table],
        groups: _Groups,
        alone: _Mask,
        asked: _Mask,
        consents: Consents,
    ) -> _Mask:
        """Those of some members that nothing in these tables excludes."""
        undecided = np.zeros(len(members), bool)
        together = asked & ~alone
        for places, of in (
            (groups.firsts[np.unique(groups.number[together])], groups.number),
            (np.flatnonzero(asked & alone), np.arange(len(members))),
        ):
            some = members.assets(places.tolist())
            left = select_undecided(some, _only(tables, some), self._bench, consents)
            ids = {asset.asset_id for asset in left}
            kept = [place for place, a in zip(places, some, strict=True) if a.asset_id in ids]
            undecided |= np.isin(of, of[kept])
        return undecided & asked

    def _hear(
        self,
        members: Members,
        tables: Mapping[str, pa.Table],
        groups: _Groups,
        alone: _Mask,
    ) -> tuple[dict[str, Any], dict[str, Observed]]:
        """What was observed of those who stand for a group or alone, and whose statements changed.

        Returns:
            Statements by id, of every member whose statements are not just what the stages read;
            and what was observed, by id, of those that are looked at.
        """
        looked_at = sorted({*groups.firsts.tolist(), *np.flatnonzero(alone).tolist()})
        assets = members.assets(looked_at)
        read = gather(assets, _only(tables, assets))
        seen = hear(read, self._bench.testimony)
        changed = {i: one.statements or () for i, one in seen.items() if one is not read[i]}
        if changed:
            ids = members.ids
            for place, group in enumerate(groups.number.tolist()):
                first = ids[groups.firsts[group]]
                if not alone[place] and first in changed:
                    changed[ids[place]] = changed[first]
        return changed, seen

    def _withdrawn_groups(
        self, members: Members, groups: _Groups, alone: _Mask, seen: Mapping[str, Observed]
    ) -> list[str]:
        """Members whose statements are by somebody who has withdrawn all consent."""
        if not self._bench.withdrawals.identities:
            return []
        standing = members.assets(groups.firsts.tolist())
        out = np.array(
            [self._bench.keeps_out(a, seen[a.asset_id].statements or ()) for a in standing]
        )
        return [members.ids[p] for p in np.flatnonzero(out[groups.number] & ~alone).tolist()]

    def _decide(
        self,
        members: Members,
        tables: Mapping[str, pa.Table],
        groups: _Groups,
        alone: _Mask,
        seen: Mapping[str, Observed],
        consents: Consents,
    ) -> tuple[pa.Table, list[int]]:
        rows: list[dict[str, Any]] = []
        deadlines: list[int] = []
        apart = alone.copy()
        place_of = np.zeros(len(groups.firsts), np.int64)
        standing = members.assets(groups.firsts.tolist())
        for group, asset in enumerate(standing):
            if alone[groups.firsts[group]]:
                continue
            row, until = self._weigh(asset, seen[asset.asset_id], consents)
            if row["question"] or row["captions"]:
                apart |= groups.number == group
                continue
            place_of[group] = len(rows)
            rows.append(row)
            if until is not None:
                deadlines.append(until)
        take = place_of[groups.number]
        singly = members.assets(np.flatnonzero(apart).tolist())
        missing = [asset for asset in singly if asset.asset_id not in seen]
        if missing:
            seen = {**seen, **self._observe(missing, tables)}
        for place, asset in zip(np.flatnonzero(apart).tolist(), singly, strict=True):
            row, until = self._weigh(asset, seen[asset.asset_id], consents)
            take[place] = len(rows)
            rows.append(row)
            if until is not None:
                deadlines.append(until)
        table = pa.Table.from_pylist(rows, schema=VERDICTS).take(pa.array(take))
        return _with_own(table, members, tables["features"]), deadlines

    def _observe(
        self, assets: Sequence[Asset], tables: Mapping[str, pa.Table]
    ) -> dict[str, Observed]:
        return hear(gather(assets, _only(tables, assets)), self._bench.testimony)

    def _weigh(
        self, asset: Asset, seen: Observed, consents: Consents
    ) -> tuple[dict[str, Any], int | None]:
        consent, decision = self._bench.weigh(asset, seen, consents)
        row = write_row(asset, seen, consent, decision, self._bench.policy)
        return row, decision.valid_until


def _only(tables: Mapping[str, pa.Table], assets: Sequence[Asset]) -> dict[str, pa.Table]:
    """The rows of some assets, so that no others are read."""
    wanted = pa.array([asset.asset_id for asset in assets], pa.string())
    return {
        stage: table.filter(pc.is_in(table["asset_id"], value_set=wanted))
        for stage, table in tables.items()
    }


def _group(
    members: Members, outputs: Outputs, covered: Sequence[tuple[object, ...]], alone: _Mask
) -> _Groups:
    """Put members together of which the same was seen, and whom the same contracts cover.

    Members that stand alone are in groups without others.
    """
    numbers: dict[tuple[object, ...], int] = {}
    key = np.array([numbers.setdefault(each, len(numbers)) for each in covered], np.int64)
    key = _join(key, alone.astype(np.int64))
    for name in ("fault_code", "fault_detail"):
        key = _join(key, _codes(members.rows[name]))
    for output in outputs.values():
        places = output.places_of(members)
        key = _join(key, (places >= 0).astype(np.int64))
        for name in ("fault_code", "fault_detail", "statements", "findings"):
            if name in output.table.column_names:
                codes = np.append(_codes(output.table[name]), -1)
                key = _join(key, codes[places])
    _, firsts, number = np.unique(key, return_index=True, return_inverse=True)
    return _Groups(firsts, number)


def _codes(column: pa.ChunkedArray) -> Places:
    """A number for each different value; the same for those that are missing."""
    if pa.types.is_list(column.type):
        # The texts are canonical JSON, which holds no line break.
        column = pc.binary_join(column.cast(pa.list_(pa.string())), "\n")
    codes = column.combine_chunks().dictionary_encode()
    codes = codes if isinstance(codes, pa.Array) else codes.combine_chunks()
    return np.asarray(pc.fill_null(codes.indices, -1).to_numpy(), np.int64)


def _join(key: Places, codes: Places) -> Places:
    both = key * (codes.max(initial=0) + 2) + codes + 1
    return np.unique(both, return_inverse=True)[1].astype(np.int64)


def _folder_of(name: str) -> str:
    """What decides whether a contract covers a name: where it lies, or all of an odd name."""
    folder, _, last = name.rpartition("/")
    return name if last in ("", ".", "..") or "//" in name or "." in folder else folder


def _with_own(table: pa.Table, members: Members, features: pa.Table) -> pa.Table:
    """The rows with what belongs to each asset alone."""
    columns = {name: table[name] for name in table.column_names}
    columns["asset_id"] = members.rows["asset_id"]
    found = pc.index_in(members.rows["asset_id"], value_set=features["asset_id"])
    for name in ("width", "height", "format"):
        own = features[name].take(found)
        nothing = pa.scalar("" if name == "format" else 0, own.type)
        columns[name] = pc.if_else(pc.equal(own, nothing), pa.scalar(None, own.type), own)
    return pa.table(columns, schema=VERDICTS).combine_chunks()

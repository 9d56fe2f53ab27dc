"""Walking shards of a known dataset, in processes of their own: no picture and no source is read
unless a stage has to be asked about an asset that it has not examined.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Asset
from models.errors import WorkspaceError
from models.judging import VerdictRecord, read_verdicts
from models.motifs.motifs_stage import MotifsStage
from models.nouns.stage import JUDGED as NOUNS_JUDGED
from models.nouns.terms.outputs import may_hold_terms
from models.orphans import end_with_parent
from models.planning import Plan
from models.recleansing.deciding import Decider
from models.recleansing.members import Members, read_members
from models.recleansing.motifs import by_looks
from models.recleansing.outputs import Output, TooFewRowsError, find_output
from models.releases.parts import write_part
from models.review.derivatives import FOLDER, SIZES, derivative_path, note_path
from models.review.items import Question
from models.review.questions import Asking, ReferenceCard, ask
from models.stages import StageRecord
from models.verdicts import Verdict
from tasks.order import Desk, open_desk
from tasks.progress import report
from tasks.walking import FEATURES_JUDGED, carry_out_here, walk_shard

_ASKED = pa.array([Verdict.REVIEW.value, Verdict.CLEAR.value])
PROCESSES = 2
"""Processes that walk shards; each holds the detectors and one shard."""

_MOST_DEATHS = 4
"""Pools that may lose a process, one after another without a shard finished between them."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What became of one shard.

    Attributes:
        verdict: the verdict record, ``stages`` the record of each stage, as dictionaries.
        questions: what reviewers are asked about its assets.
        pictured: assets among them that the review page has no picture of yet.
        stamps: files that were verified.
        looked: how many assets have been compared with the newest motifs by their looks alone.
        terms: whether any of their texts may hold an unknown term.
    """

    verdict: dict[str, Any]
    stages: list[dict[str, Any]]
    questions: list[Question]
    pictured: list[Asset]
    stamps: dict[str, list[int | str]]
    looked: int
    terms: bool


def walk_shards(order: str, plan: Plan, parts: Path) -> list[Walked]:
    """Walk every shard of a plan; the results are in its order.

    Args:
        order: path of the order file.
        parts: folder for what each shard adds to the release.
    """
    report("shards", 0, len(plan.shards))
    found: dict[str, Walked] = {}
    desk = open_desk(order)
    for digest, walked in _walk(order, [digest for digest, _ in plan.shards], parts):
        found[digest] = walked
        desk.stamps.take_up(walked.stamps)
        report("shards", 1)
    desk.stamps.save(desk.stamps_file)
    return [found[digest] for digest, _ in plan.shards]


def _walk(order: str, digests: Sequence[str], parts: Path) -> Iterator[tuple[str, Walked]]:
    if len(digests) <= PROCESSES:
        for digest in digests:
            yield digest, walk_known(order, digest, str(parts))
        return
    left = dict.fromkeys(digests)
    deaths = 0
    while left:
        try:
            for digest, walked in _walk_in_pool(order, tuple(left), parts):
                deaths = 0
                del left[digest]
                yield digest, walked
        except BrokenProcessPool as error:
            # What it died of is noted, and is examined apart by the next one.
            deaths += 1
            if deaths == _MOST_DEATHS:
                raise WorkspaceError(
                    f"{deaths} processes that walk shards were ended from outside in a row, as for "
                    "want of memory.",
                    "Run again with more memory free: the shards that were finished are kept.",
                ) from error


def _walk_in_pool(order: str, digests: Sequence[str], parts: Path) -> Iterator[tuple[str, Walked]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, end_with_parent) as pool:
        waiting: dict[Future[Walked], str] = {
            pool.submit(walk_known, order, digest, str(parts)): digest for digest in digests
        }
        try:
            for done in as_completed(waiting):
                yield waiting.pop(done), done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def walk_known(order: str, digest: str, parts: str) -> Walked:
    """Decide one shard from what is kept of it; what is missing is examined as a cleansing does.

    Raises:
        WorkspaceError: the shard, or what is kept of it, is lost or damaged.
        StoreError: the database cannot be reached.
    """
    desk = open_desk(order)
    members = read_members(desk.shard_file(digest), desk.stamps)
    stages: list[StageRecord] = []
    looked, terms = 0, True
    try:
        outputs, looked = _outputs_of(desk, members, stages)
        verdict, table = _decider(order).judge(members, outputs)
        terms = may_hold_terms(outputs["nouns"].table)
    except TooFewRowsError:
        result = walk_shard(desk, digest, carry_out_here)
        verdict = VerdictRecord(**result["verdict"])
        stages, looked = [StageRecord(**each) for each in result["stages"]], 0
        table = read_verdicts(desk.workspace, verdict)
    write_part(Path(parts), members, table)
    open_rows = pc.and_(
        pc.not_equal(table["question"], ""),
        pc.is_in(table["verdict"], value_set=_ASKED),
    )
    places = np.flatnonzero(open_rows.to_numpy())
    assets = members.assets(places.tolist())
    questions = list(ask(assets, table, _asking(order))) if assets else []
    stamps, desk.stamps.fresh = desk.stamps.fresh, {}
    return Walked(
        asdict(verdict),
        [asdict(record) for record in stages],
        questions,
        [asset for asset in assets if not _has_picture(desk, asset.asset_id)],
        stamps,
        looked,
        terms,
    )


def _outputs_of(
    desk: Desk, members: Members, stages: list[StageRecord]
) -> tuple[dict[str, Output], int]:
    """What the stages have said about a shard, carried over to the registers as they are.

    Raises:
        TooFewRowsError: a stage has to be asked first.
    """
    testimony, workspace, shard = desk.bench.testimony, desk.workspace, members.shard
    if testimony is not None and testimony.needs_likeness:
        raise TooFewRowsError("likeness")
    if not desk.bench.edits.keys().isdisjoint(members.ids):
        raise TooFewRowsError("edited")
    detectors = desk.detectors
    carried = {}
    if (record := desk.carry_names(shard)) is not None:
        carried["nouns"] = record
    outputs: dict[str, Output] = {}
    for stage, fingerprint, columns in (
        ("consent", detectors.consent.fingerprint, None),
        ("nouns", detectors.nouns.fingerprint, NOUNS_JUDGED),
        ("features", detectors.features.fingerprint, FEATURES_JUDGED),
    ):
        found = find_output(workspace, stage, shard, fingerprint, columns, desk.stamps)
        if found is None:
            raise TooFewRowsError(stage)
        outputs[stage] = found
    outputs["motifs"], looked, made = _motifs_of(desk, members, outputs["features"])
    if made is not None:
        carried["motifs"] = made
    for stage, output in outputs.items():
        known = carried.get(stage)
        examined = known.examined if known else 0
        seconds = known.seconds if known else 0.0
        stages.append(
            replace(output.record, asked=output.record.rows, examined=examined, seconds=seconds)
        )
    return outputs, looked


def _motifs_of(
    desk: Desk, members: Members, features: Output
) -> tuple[Output, int, StageRecord | None]:
    """The motifs found in a shard: by a search of all points, or else by looks."""
    fingerprint = _motifs_fingerprint(desk)
    looks = by_looks(fingerprint)
    for known in (fingerprint, looks):
        found = find_output(desk.workspace, "motifs", members.shard, known, None, desk.stamps)
        if found is not None:
            return found, found.record.rows if known == looks else 0, None
    made = desk.carrier.carry_motifs(members, features, desk.stamps)
    if made is None:
        raise TooFewRowsError("motifs")
    found = find_output(desk.workspace, "motifs", members.shard, looks, None, desk.stamps)
    if found is None:
        raise TooFewRowsError("motifs")
    return found, found.record.rows, made


def _motifs_fingerprint(desk: Desk) -> str:
    schema = desk.detectors.features.schema
    return MotifsStage(desk.detectors.index, schema.empty_table()).fingerprint


def _has_picture(desk: Desk, asset_id: str) -> bool:
    folder = desk.workspace / FOLDER
    copies = (derivative_path(folder, asset_id, size) for size in SIZES)
    return all(copy.exists() for copy in copies) or note_path(folder, asset_id).exists()


@lru_cache(maxsize=1)
def _decider(order: str) -> Decider:
    desk = open_desk(order)
    return Decider(desk.bench, desk.workspace, desk.order.dataset)


@lru_cache(maxsize=1)
def _asking(order: str) -> Asking:
    desk = open_desk(order)
    return Asking(
        dataset=desk.order.dataset,
        run=desk.order.run_id,
        policy=desk.policy.label,
        limits=desk.policy.motifs,
        review=desk.policy.review,
        references={
            r.id: ReferenceCard(r.id, r.label, r.category, r.owner)
            for r in desk.detectors.index.references
        },
    )


def forget_bench(order: str) -> None:
    """Read rulings and refusals anew for what is decided next in this process."""
    open_desk(order).look_again()
    _decider.cache_clear()

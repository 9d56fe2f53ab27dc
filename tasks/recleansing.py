"""Walking a shard of a known dataset: no picture and no source is read unless a stage has to be
asked about an asset that it has not examined.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from models.assets.asset import Asset
from models.canonical import digest_lines, digest_of
from models.freshness import describe_code
from models.judging import VerdictRecord, read_verdicts
from models.motifs.motifs_stage import MotifsStage
from models.nouns.stage import JUDGED as NOUNS_JUDGED
from models.nouns.terms.outputs import may_hold_terms
from models.recleansing.deciding import Decider, Judged
from models.recleansing.members import Members, read_members
from models.recleansing.motifs import by_looks
from models.recleansing.outputs import Output, TooFewRowsError, find_output
from models.releases.parts import PartRecord, find_part, write_part
from models.review.derivatives import FOLDER, SIZES, derivative_path, note_path
from models.review.items import Question
from models.review.questions import Asking, ReferenceCard, ask, find_asked
from models.stages import StageRecord
from tasks.order import Desk, open_desk
from tasks.walking import FEATURES_JUDGED, carry_out_here, walk_shard


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


def walk_known(order: str, digest: str, parts: str) -> Walked:
    """Decide one shard from what is kept of it; what is missing is examined as a cleansing does.

    Raises:
        WorkspaceError: the shard, or what is kept of it, is lost or damaged.
        StoreError: the database cannot be reached.
    """
    desk = open_desk(order)
    members = read_members(desk.shard_file(digest), desk.stamps)
    stages: list[StageRecord] = []
    looked = 0
    nouns: Output | None = None
    try:
        outputs, looked = _outputs_of(desk, members, stages)
        judged = decider_of(order).judge(members, outputs)
        nouns = outputs["nouns"]
    except TooFewRowsError:
        result = walk_shard(desk, digest, carry_out_here)
        verdict = VerdictRecord(**result["verdict"])
        stages, looked = [StageRecord(**each) for each in result["stages"]], 0
        judged = Judged(verdict, partial(read_verdicts, desk.workspace, verdict))
    part = _keep_part(Path(parts), members, judged, nouns)
    assets: list[Asset] = []
    if part.asked:
        assets = members.assets(np.flatnonzero(find_asked(judged.rows).to_numpy()).tolist())
    questions = list(ask(assets, judged.rows, _asking(order))) if assets else []
    stamps, desk.stamps.fresh = desk.stamps.fresh, {}
    return Walked(
        asdict(judged.record),
        [asdict(record) for record in stages],
        questions,
        [asset for asset in assets if not _has_picture(desk, asset.asset_id)],
        stamps,
        looked,
        part.terms,
    )


def _keep_part(folder: Path, members: Members, judged: Judged, nouns: Output | None) -> PartRecord:
    """What the shard adds to a release: what is kept of it, or what is made now.

    Args:
        nouns: the names that were found in its texts; None where that has just been examined.
    """
    found_in = "" if nouns is None else nouns.record.output_sha256
    made_of = digest_lines([_digest_code(), judged.record.output_sha256, found_in])
    known = find_part(folder, members.shard, made_of)
    if known is not None:
        return known
    terms = nouns is None or may_hold_terms(nouns.table)
    asked = bool(pc.any(find_asked(judged.rows)).as_py())
    return write_part(folder, members, judged.rows, made_of, asked=asked, terms=terms)


@lru_cache(maxsize=1)
def _digest_code() -> str:
    return digest_of(describe_code())


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
    edits = desk.bench.edits
    if edits and not edits.keys().isdisjoint(members.ids):
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
def decider_of(order: str) -> Decider:
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

"""The task that lists the unknown terms of a dataset, so that people can decide them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from sqlalchemy.orm import Session

from models.assets.asset import Asset
from models.captions.edits import edit_asset
from models.decisions import TermRuling
from models.errors import CaptionEditError
from models.findings import Finding
from models.judging import VerdictRecord
from models.nouns.conditions import NounsPolicy
from models.nouns.terms.listing import TermFilter, count_terms, replace_terms
from models.nouns.terms.outputs import WRITTEN
from models.nouns.terms.records import effective_term_rulings, find_term_rulings
from models.nouns.terms.tally import TermTally
from models.reasons import Reason
from models.recleansing.members import read_members
from models.review.enqueueing import hold_questions
from models.review.hanging import supersede_decided
from models.verdicts import Verdict
from tasks.judged import read_decided
from tasks.order import Desk, ShardWork, open_desk
from tasks.progress import report


@task(name="terms", persist_result=False)
def list_unknown_terms(order: str, verdicts: Sequence[dict[str, Any]]) -> int:
    """Count the unknown terms in the texts of all assets that something else does not exclude.

    A term counts where the policy acts on it, or once it has been decided.

    What was decided while the run was going on, and so did not count in it, withdraws the
    questions that the run has just asked once more.

    Returns:
        How many terms are undecided.
    """
    desk = open_desk(order)
    dataset = desk.order.dataset
    with TermTally() as tally:
        report("terms", 0, len(verdicts))
        for value in verdicts:
            _add_shard(desk, value, tally)
            report("terms", 1)
        tally.settle()
        with desk.database.transaction() as session:
            hold_questions(session)
            replace_terms(session, dataset, tally.read(), desk.order.run_id)
            _settle_late(session, desk)
            return count_terms(session, TermFilter(dataset, "open"))


def _add_shard(desk: Desk, verdict: dict[str, Any], tally: TermTally) -> None:
    shard = VerdictRecord(**verdict).shard
    output = _read_names(desk, shard)
    matters = _Matters(desk.policy.nouns, desk.bench.terms)
    found: dict[str, list[Finding]] = {}
    for asset_id, texts in zip(
        output["asset_id"].to_pylist(), output["findings"].to_pylist(), strict=True
    ):
        unknown = [text for text in texts or () if WRITTEN in text]
        findings = [Finding.from_dict(json.loads(text)) for text in unknown]
        if asked := [finding for finding in findings if matters(finding)]:
            found[asset_id] = asked
    if not found:
        return
    for table in read_decided(desk, [verdict], ("asset_id", "verdict", "reasons")):
        counted = {
            row["asset_id"]
            for row in table.filter(pc.is_in(table["asset_id"], pa.array(found))).to_pylist()
            if _counts(row["verdict"], row["reasons"])
        }
        members = read_members(desk.shard_file(shard), desk.stamps)
        places = [place for place, asset_id in enumerate(members.ids) if asset_id in counted]
        for asset in members.assets(places):
            tally.add(_put_edits(asset, desk), found[asset.asset_id])


def _read_names(desk: Desk, shard: str) -> pa.Table:
    """What was found in the texts of a shard's assets, as people have edited them."""
    columns = ["asset_id", "findings"]
    output = ShardWork(desk, desk.detectors.nouns, shard, ()).read().select(columns)
    stage = desk.edited(desk.shard(shard).assets) if desk.bench.edits else None
    if stage is None:
        return output
    edited = ShardWork(desk, stage, shard, ()).read().select(columns)
    rest = output.filter(pc.invert(pc.is_in(output["asset_id"], edited["asset_id"])))
    return pa.concat_tables([rest, edited.cast(rest.schema)])


def _put_edits(asset: Asset, desk: Desk) -> Asset:
    """The asset with the captions that findings point into; one whose edit fails is as it was."""
    try:
        return edit_asset(asset, desk.bench.edits.get(asset.asset_id, ())).asset
    except CaptionEditError:
        return asset


@dataclass(frozen=True, slots=True)
class _Matters:
    """Whether people are asked about a term in a place, or have been."""

    nouns: NounsPolicy
    ruled: Mapping[str, TermRuling]

    def __call__(self, finding: Finding) -> bool:
        if finding.term in self.ruled:
            return True
        return self.nouns.action_for_unknown(finding.source or "caption") != "allow"


def _counts(verdict: str, reasons: Sequence[str]) -> bool:
    """Whether deciding its terms could change anything about an asset.

    An asset that is excluded for its terms alone counts, or a term that was decided to be a name
    would seem to have vanished.
    """
    return verdict != Verdict.EXCLUDE.value or set(reasons) == {Reason.UNKNOWN_TERM.value}


def _settle_late(session: Session, desk: Desk) -> None:
    dataset = desk.order.dataset
    known = desk.bench.terms
    late = [
        term
        for term, ruling in effective_term_rulings(session, dataset).items()
        if not ruling.category and known.get(term) != ruling
    ]
    moments: dict[int, set[str]] = defaultdict(set)
    for term, stored in find_term_rulings(session, dataset, late).items():
        moments[stored.ruled_ms].add(term)
    for ruled_ms, terms in sorted(moments.items()):
        supersede_decided(session, dataset, terms, ruled_ms)

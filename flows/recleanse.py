"""Re-cleansing: what has changed since a dataset was cleansed, brought to a new release.

The source is not looked at, neither scanned nor read: what decides is what the last cleansing knew
of it, with the policy, the registers, the rulings and the refusals of owners as they are now.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flows.handing_over import handing_over
from models.assets.asset import Notice
from models.beginning import open_known_database, settle_workspace
from models.duplicates.storing import DuplicatesRecord
from models.errors import WorkspaceError
from models.freshness import digest_inputs, read_state, remember_summary
from models.planning import Plan, read_plan
from models.reasons import RETRIED
from models.recleansing.forecast import describe_state, remember_state
from models.recleansing.origins import remember_origins
from models.releases.difference import Difference
from models.releases.parts import open_parts
from models.releases.publishing import VerdictsStaleError, require_own_database
from models.releases.report import write_report
from models.review.sampling.reporting import tell_newest
from models.runs import fail_run, finish_run, last_finished, start_run
from models.settings import Settings
from models.summary import Summary
from models.workspace import hold_workspace, telling_full_disk
from tasks.entering import enter_release
from tasks.order import Desk, open_desk, write_order
from tasks.progress import report
from tasks.publishing import Published, compare_published, tell_difference
from tasks.recleansing import Walked
from tasks.recording import make_beside, open_link
from tasks.walkers import Walkers

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Recleansed:
    """What a re-cleansing came to.

    Attributes:
        summary: as of a cleansing.
        difference: between the release before and the one in force; None where it is the same.
        published_s: seconds from the start until the release was in force.
        seconds: of each step, by name.
    """

    summary: Summary
    difference: Difference | None
    published_s: float
    seconds: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``from_dict`` reads it back."""
        return {
            "summary": self.summary.as_dict(),
            "difference": self.difference.as_dict() if self.difference else None,
            "published_s": self.published_s,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Recleansed:
        """Read what ``as_dict`` wrote."""
        difference = value["difference"]
        return cls(
            Summary.from_dict(value["summary"]),
            Difference.from_dict(difference) if difference else None,
            value["published_s"],
            value["seconds"],
        )


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            spent = self.seconds.get(step, 0.0) + time.monotonic() - began
            self.seconds[step] = round(spent, 3)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the steps of a run share.

    Attributes:
        order: path of the order file.
        started: by the monotonic clock.
    """

    order: str
    desk: Desk
    plan: Plan
    walkers: Walkers
    clock: _Clock
    started: float


def recleanse_known(dataset: str, settings: Settings, *, sidecars: bool = False) -> Recleansed:
    """Decide a known dataset anew, and publish what is clear.

    Args:
        dataset: its name in the workspace.
        settings: in force.
        sidecars: write the captions of the cleared assets into the release, too; this reads the
            captions of the source.

    Raises:
        KiyomeError: it cannot be done; the message says what to do. What was examined stays.
    """
    started = time.monotonic()
    settings = settle_workspace(settings, begin=False)
    workspace = settings.workspace
    plan = read_plan(workspace, dataset)
    with hold_workspace(workspace), handing_over(settings), Walkers(plan) as walkers:
        from tasks.signed import publish_signed

        database = open_known_database(settings)
        require_own_database(database, workspace)
        publish_signed(settings, database, dataset)
        before = last_finished(database, dataset, or_waiting=True)
        run_id = start_run(database, dataset)
        try:
            order = write_order(run_id, dataset, plan.root, plan.layout, settings, database)
            state = read_state(database, dataset)
            with telling_full_disk():
                run = _Run(str(order), open_desk(str(order)), plan, walkers, _Clock(), started)
                done, holds_until, inputs, retried = _carry_out(run, state, sidecars=sidecars)
            if before is not None and before.holds_until_ms is not None:
                # What lies outside was not asked again: when that is due stays as it was.
                due = before.holds_until_ms // 1000
                holds_until = due if holds_until is None else min(due, holds_until)
            finish_run(
                database,
                run_id,
                inputs=inputs,
                release=done.summary.release_id,
                counts={
                    **done.summary.counts,
                    "milliseconds": round(done.summary.seconds * 1000),
                    "retry": retried,
                    "opt_in": done.summary.opt_in,
                    "opt_out": done.summary.opt_out,
                },
                holds_until=holds_until,
                waits=bool(done.summary.sign_off),
            )
        except BaseException as error:
            fail_run(database, run_id, error)
            raise
        finally:
            database.dispose()
            open_desk.cache_clear()
    return done


def _carry_out(
    run: _Run, state: dict[str, Any], *, sidecars: bool
) -> tuple[Recleansed, int | None, str, int]:
    from tasks.republishing import publish_parts

    desk, plan, walkers, clock = run.desk, run.plan, run.walkers, run.clock
    with clock.timing("detectors"):
        remember_origins(desk.detectors, desk.workspace)
    inputs = digest_inputs(state, desk.settings, desk.policy, plan.digest)
    parts = open_parts(desk.workspace, plan.dataset)
    for attempt in range(1, _ATTEMPTS + 1):
        with clock.timing("shards"):
            walked = walkers.walk(run.order, parts)
        with clock.timing("duplicates"):
            duplicates = _find_duplicates(run)
        with clock.timing("review"):
            _ask(desk, walked)
        try:
            with clock.timing("release"):
                result = publish_parts(desk, plan, walked, parts, state, sidecars=sidecars)
            break
        except VerdictsStaleError:
            if attempt == _ATTEMPTS:
                raise
            walkers.look_again(run.order)
    published = time.monotonic() - run.started
    difference, summary = _follow_up(run, walked, result)
    done, settled = _finish(run, walked, summary, duplicates)
    deadlines = [
        each.verdict["holds_until"] for each in walked if each.verdict["holds_until"] is not None
    ]
    if not settled:  # so that the next run does not count this one as still fresh
        deadlines.append(desk.order.as_of)
    retried = sum(
        count for stage in done.stages for code, count in stage.faults.items() if code in RETRIED
    )
    told = Recleansed(done, difference, round(published, 2), clock.seconds)
    decided_on = describe_state(state, desk.policy)
    remember_state(desk.workspace, plan.dataset, decided_on, clock.seconds)
    return told, min(deadlines, default=None), inputs, retried


def _follow_up(
    run: _Run, walked: Sequence[Walked], result: Published
) -> tuple[Difference | None, Summary]:
    """What a release brings with it: the difference, and the summary with the head of the ledger.

    All of it, and the index of owners' works, is done at the same time as far as processes go.
    """
    from models.owners.works_index import index_works
    from tasks.terms import list_unknown_terms

    desk, clock = run.desk, run.clock
    report("ledger", 0)
    entered = _begin_entering(run, walked, result)
    compared = (
        run.walkers.do_beside(compare_published, run.order, result.release)
        if result.is_new
        else None
    )
    with clock.timing("works"):
        index_works(desk.workspace, run.plan.dataset, desk.stamps)
    with clock.timing("terms"):
        told = [each.verdict for each in walked if each.terms]
        open_terms = list_unknown_terms.fn(run.order, told)
    with clock.timing("summary"):
        summary = replace(_sum_up(run, walked, result), open_terms=open_terms)
    difference = None
    if compared is not None:
        with clock.timing("difference"):
            difference = _wait_for_difference(compared, run, result)
    with clock.timing("ledger"):
        head = _wait_for_ledger(entered)
    return difference, replace(summary, ledger_size=head["size"], ledger_root=head["root"])


def _begin_entering(
    run: _Run, walked: Sequence[Walked], result: Published
) -> Future[dict[str, Any]]:
    """Enter a release into the ledger, unless it waits to be signed off, and what owners revoke."""
    used = None if result.sign_off else result.release
    verdicts = [each.verdict for each in walked]
    if used is None or not run.walkers.at_hand:
        return run.walkers.do_beside(enter_release, run.order, used, verdicts)
    entering, making = open_link()
    entered = run.walkers.do_beside(enter_release, run.order, used, verdicts, entering)
    run.walkers.offer(make_beside, run.order, used, verdicts, making)
    return entered


def _sum_up(run: _Run, walked: Sequence[Walked], result: Published) -> Summary:
    """The summary, without what is not known yet: the ledger's head, and how long it all took."""
    from flows.cleanse import sum_up

    results = [{"stages": each.stages} for each in walked]
    head = {"size": 0, "root": ""}
    summary = sum_up(run.desk, run.plan, results, result.release, result.is_new, head, 0.0)
    return replace(summary, sign_off=result.sign_off)


def _finish(
    run: _Run, walked: Sequence[Walked], summary: Summary, duplicates: DuplicatesRecord
) -> tuple[Summary, bool]:
    """The whole summary, and whether the ledger is anchored and the mirror complete."""
    from tasks.anchor import anchor_head
    from tasks.push import push_mirror

    desk = run.desk
    anchored = anchor_head.fn(run.order)
    pushed = push_mirror.fn(run.order)
    summary = replace(
        summary,
        seconds=round(time.monotonic() - run.started, 2),
        duplicates=(duplicates.clusters, duplicates.redundant, duplicates.largest),
        duplicates_failure=duplicates.failure,
        notices=(*summary.notices, *_owed(walked, anchored["warning"], pushed["warning"])),
    )
    with desk.database.snapshot() as session:
        summary = replace(summary, assurance=tell_newest(session, desk.order.dataset))
    write_report(desk.workspace, summary)
    remember_summary(desk.workspace, summary)
    return summary, bool(anchored["settled"] and pushed["settled"])


def _wait_for_difference(compared: Future[Difference], run: _Run, result: Published) -> Difference:
    try:
        return compared.result()
    except BrokenProcessPool:
        return tell_difference(run.desk, result.release)


def _wait_for_ledger(entered: Future[dict[str, Any]]) -> dict[str, Any]:
    try:
        return entered.result()
    except BrokenProcessPool as error:
        raise WorkspaceError(
            "The process that enters the release into the usage ledger was ended from outside.",
            "Run again: the release is in force, and what it lacks in the ledger is entered.",
        ) from error


def _owed(walked: Sequence[Walked], unanchored: str, unpushed: str) -> tuple[Notice, ...]:
    looked = sum(each.looked for each in walked)
    found = []
    if looked:
        found.append(
            Notice(
                "motifs",
                f"{looked:,} assets were compared with the newest motifs by their looks. A search "
                "of all points, which also finds small pasted copies, is owed: `kiyome cleanse` "
                "does it.",
            )
        )
    if unanchored:
        found.append(Notice("anchor", unanchored))
    if unpushed:
        found.append(Notice("push", unpushed))
    return tuple(found)


def _ask(desk: Desk, walked: Sequence[Walked]) -> None:
    from models.duplicates.storing import read_representatives
    from models.review.queue import enqueue, group_items
    from models.review.sampling.marking import list_awaiting

    questions = [question for each in walked for question in each.questions]
    pictured = [asset for each in walked for asset in each.pictured]
    if pictured:
        from tasks.review import draw_derivatives

        draw_derivatives(desk, pictured, desk.detectors.index.references)
    representatives = read_representatives(desk.workspace, desk.order.dataset)
    with desk.database.transaction() as session:
        awaiting = list_awaiting(session, desk.order.dataset)
        sampled = awaiting & _cleared(desk, walked, awaiting)
        still = sampled.union(question.asset_id for question in questions)
        enqueue(session, desk.order.dataset, questions, frozenset(still))
        if representatives is not None:
            group_items(session, desk.order.dataset, representatives)


def _cleared(desk: Desk, walked: Sequence[Walked], wanted: frozenset[str] | set[str]) -> set[str]:
    """Those of some assets that are clear now."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from models.judging import VerdictRecord, read_verdicts

    if not wanted:
        return set()
    values = pa.array(sorted(wanted))
    found: set[str] = set()
    for each in walked:
        table = read_verdicts(desk.workspace, VerdictRecord(**each.verdict))
        hit = pc.and_(
            pc.equal(table["verdict"], "clear"), pc.is_in(table["asset_id"], value_set=values)
        )
        found.update(table.filter(hit)["asset_id"].to_pylist())
    return found


def _find_duplicates(run: _Run) -> DuplicatesRecord:
    """The clusters of near-identical pictures; they are looked for where pictures have changed."""
    from models.duplicates.reading import key_of, list_features
    from models.duplicates.storing import find_record
    from models.stages import describe_failure

    desk, plan = run.desk, run.plan
    fingerprint = desk.detectors.features.fingerprint
    outputs = list_features(desk.workspace, (digest for digest, _ in plan.shards), fingerprint)
    record = find_record(desk.workspace, plan.dataset, key_of(outputs))
    if record is not None:
        return record
    from tasks.duplicates import find_duplicates, note_failure

    try:
        return DuplicatesRecord(**find_duplicates.fn(run.order, plan))
    except Exception as error:  # noqa: BLE001  (clusters only save reviewers work)
        describe_failure(error)
        return note_failure(run.order, plan, error)

"""The flow that cleanses a dataset: plan, examine, decide, ask, publish, log."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any

from prefect import flow
from prefect.artifacts import (
    create_markdown_artifact,
)

from flows.artifacts import name_artifact
from flows.ending import end_run
from flows.handing_over import handing_over
from flows.runners import make_runner
from flows.walking import read_consents, started_runner, walk_shards
from models.assets.asset import Notice
from models.beginning import open_known_database, settle_workspace
from models.consent.evidence.recording import latest_evidence
from models.duplicates.storing import DuplicatesRecord
from models.freshness import digest_inputs, read_state, remember_summary
from models.nouns.permission import find_unregistered
from models.planning import Plan, choose_name, read_outcomes
from models.reasons import RETRIED
from models.recleansing.forecast import describe_state, remember_state
from models.recleansing.origins import remember_origins
from models.releases.consent_share import (
    RESTS_ON,
    ConsentShare,
    count_consent,
    find_idle_contracts,
)
from models.releases.publishing import VerdictsStaleError, read_manifest, require_own_database
from models.releases.release import Release
from models.releases.report import write_report
from models.review.queue import count_items
from models.review.sampling.reporting import tell_newest
from models.runs import fail_run, finish_run, start_run
from models.settings import load_settings
from models.stages import StageRecord
from models.summary import (
    COUNTED,
    Summary,
    add_up_stages,
    count_outcomes,
    describe_gathering,
    to_markdown,
)
from models.workspace import hold_workspace, telling_full_disk
from tasks.anchor import anchor_head
from tasks.duplicates import find_duplicates, note_failure
from tasks.gather import gather_consent
from tasks.ledger import enter_usage
from tasks.order import Desk, open_desk, write_order
from tasks.plan import plan_dataset
from tasks.push import push_mirror
from tasks.release import publish_release
from tasks.review import enqueue_review
from tasks.signed import publish_signed
from tasks.terms import list_unknown_terms

_ATTEMPTS = 3
"""How often a release is judged again because a takedown came in while it was being made."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: its summary, and when and on what condition it has to be done again."""

    summary: Summary
    inputs: str
    holds_until: int | None
    retried: int


@flow(name="cleanse", persist_result=False, validate_parameters=True)
def cleanse(
    root: str,
    dataset: str | None = None,
    layout: str = "auto",
    settings: dict[str, Any] | None = None,
) -> Any:
    """Cleanse one dataset and publish what is clear.

    Args:
        root: folder, file or fsspec URL of the dataset.
        dataset: its name in the workspace; by default the last part of ``root``.
        layout: auto, kohya, imagefolder, webdataset or manifest.
        settings: overrides of the settings in force, as in kiyome.toml.

    Returns:
        The summary of the run (``models.summary.Summary.as_dict``). Where the release waits to be
        signed off, the run's state in Prefect says so.

    Raises:
        KiyomeError: the run cannot be done; the message says what to do. What was examined stays.
    """
    started = time.monotonic()
    in_force = settle_workspace(load_settings(**(settings or {})))
    workspace = in_force.workspace
    name = choose_name(workspace, root, dataset)
    with hold_workspace(workspace), handing_over(in_force):
        database = open_known_database(in_force)
        require_own_database(database, workspace)
        publish_signed(in_force, database, name)
        run_id = start_run(database, name)
        try:
            order = write_order(run_id, name, root, layout, in_force, database)
            with telling_full_disk():
                outcome = _carry_out(str(order), started)
            summary = outcome.summary
            finish_run(
                database,
                run_id,
                inputs=outcome.inputs,
                release=summary.release_id,
                counts={
                    **summary.counts,
                    "milliseconds": round(summary.seconds * 1000),
                    "retry": outcome.retried,
                    "opt_in": summary.opt_in,
                    "opt_out": summary.opt_out,
                },
                holds_until=outcome.holds_until,
                waits=bool(summary.sign_off),
            )
        except BaseException as error:
            fail_run(database, run_id, error)
            raise
        finally:
            database.dispose()
            open_desk.cache_clear()
    create_markdown_artifact(
        key=name_artifact("cleanse", name),
        markdown=to_markdown(summary),
        description=f"Cleansing of {name}",
    )
    return end_run(summary, in_force)


def _carry_out(order: str, started: float) -> Outcome:
    desk = open_desk(order)
    make_runner(desk.settings)  # so that one that is not installed ends the run at once
    state = read_state(desk.database, desk.order.dataset)
    # Loaded here, so that a detector that cannot be loaded ends the run at once.
    remember_origins(desk.detectors, desk.workspace)
    plan = plan_dataset(order)
    with started_runner(desk.settings) as runner:
        read = read_consents(order, plan, runner)
        gathered = gather_consent(order, plan)
        # What this run gathers is part of what it decides on, and no reason to run again.
        with desk.database.snapshot() as session:
            state["evidence"] = latest_evidence(session)
        inputs = digest_inputs(state, desk.settings, desk.policy, plan.digest)
        results = walk_shards(order, plan, 1, runner)
    for attempt in range(1, _ATTEMPTS + 1):
        if attempt > 1:
            with started_runner(desk.settings) as runner:
                results = walk_shards(order, plan, attempt, runner)
        verdicts = [result["verdict"] for result in results]
        duplicates = _find_duplicates(order, plan)
        enqueue_review(order, verdicts)
        open_terms = list_unknown_terms(order, verdicts)
        try:
            published = publish_release(order, plan, verdicts, state)
            break
        except VerdictsStaleError:
            if attempt == _ATTEMPTS:
                raise
            desk.look_again()
    release, is_new = published.release, published.is_new
    head = enter_usage(order, None if published.sign_off else release, verdicts)
    anchored = anchor_head(order)
    pushed = push_mirror(order)
    results = [{"stages": [*read, *gathered["stages"]]}, *results]
    summary = sum_up(desk, plan, results, release, is_new, head, time.monotonic() - started)
    summary = replace(
        summary,
        sign_off=published.sign_off,
        gathering=describe_gathering(gathered),
        open_terms=open_terms,
        duplicates=(duplicates.clusters, duplicates.redundant, duplicates.largest),
        duplicates_failure=duplicates.failure,
        notices=(*summary.notices, *_told("anchor", anchored), *_told("push", pushed)),
    )
    with desk.database.snapshot() as session:
        summary = replace(summary, assurance=tell_newest(session, desk.order.dataset))
    write_report(desk.workspace, summary)
    remember_summary(desk.workspace, summary)
    remember_state(desk.workspace, plan.dataset, describe_state(state, desk.policy))
    deadlines = [v["holds_until"] for v in verdicts if v["holds_until"] is not None]
    if gathered["due_at"] is not None:
        deadlines.append(gathered["due_at"])
    if not (
        anchored["settled"] and pushed["settled"]
    ):  # so that the next run does not count this one as still fresh
        deadlines.append(desk.order.as_of)
    retried = sum(
        count for stage in summary.stages for code, count in stage.faults.items() if code in RETRIED
    )
    return Outcome(summary, inputs, min(deadlines, default=None), retried)


def _find_duplicates(order: str, plan: Plan) -> DuplicatesRecord:
    """Near-identical pictures only save reviewers work: without them the run goes on."""
    state = find_duplicates(order, plan, return_state=True)
    found = state.result(raise_on_failure=False)
    if isinstance(found, dict):
        return DuplicatesRecord(**found)
    return note_failure(order, plan, found)


def _told(kind: str, result: dict[str, Any]) -> tuple[Notice, ...]:
    return (Notice(kind, result["warning"]),) if result["warning"] else ()


def _idle(contract: str) -> Notice:
    return Notice(
        "contract",
        f"The contract {contract} is in force and clears no image: look at the folder, images or "
        "signer that it names, and at what stands against it.",
    )


def _unregistered(licence: str, name: str) -> Notice:
    return Notice(
        "license",
        f"The licence {licence} covers {name}, which is not in the register: look at its spelling "
        "and category with `kiyome register search`.",
    )


def sum_up(
    desk: Desk,
    plan: Plan,
    results: list[dict[str, Any]],
    release: Release,
    is_new: bool,
    head: dict[str, Any],
    seconds: float,
) -> Summary:
    counts, reasons = count_outcomes(read_outcomes(desk.workspace, plan.dataset, COUNTED))
    with desk.database.snapshot() as session:
        unregistered = find_unregistered(session, desk.policy.nouns.license)
        waiting = sum(c.waiting for c in count_items(session, plan.dataset))
    detectors = desk.detectors
    manifest = read_manifest(release, desk.workspace, RESTS_ON)
    rests, idle = ConsentShare(), tuple[str, ...]()
    if manifest is not None:
        rests = count_consent(manifest)
        contracts = desk.policy.consent.contract
        idle = find_idle_contracts(manifest, contracts, desk.order.as_of)
    return Summary(
        run=desk.order.run_id,
        dataset=plan.dataset,
        root=plan.root,
        layout=plan.layout,
        policy=desk.policy.label,
        encoder=detectors.encoder.name,
        encoder_limits=detectors.encoder.limits,
        assets=plan.assets,
        counts=counts,
        reasons=reasons,
        stages=add_up_stages(
            StageRecord(**stage) for result in results for stage in result["stages"]
        ),
        notices=(*plan.notices, *map(_idle, idle), *starmap(_unregistered, unregistered)),
        release=release.number,
        release_id=release.id,
        release_folder=str(release.path(desk.workspace)),
        release_is_new=is_new,
        removed=release.removed,
        ledger_size=head["size"],
        ledger_root=head["root"],
        open_items=waiting,
        seconds=round(seconds, 2),
        names=len(detectors.nouns.knowledge.register.entries),
        motifs=len(detectors.index.references),
        opt_in=rests.opt_in,
        opt_out=rests.opt_out,
        opt_in_target=str(desk.policy.consent.opt_in_target or ""),
    )

"""The flow that asks in Prefect's UI whether a release may be published, and waits for no process.

It suspends itself: its process ends, and the run waits in the UI until somebody answers the form
there. The answer starts a new process, which signs, and publishes what has enough signatures.
"""

from __future__ import annotations

import logging
from typing import Any, Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput

from flows.artifacts import name_artifact
from flows.releasing import LONGEST_WAIT_S, release_signed, sign_release
from models.beginning import open_known_database
from models.releases.proposal import Proposal, ProposalState, find_proposal
from models.settings import Settings, load_settings
from models.summary import Summary

DEPLOYMENT = "sign-off"
LONGEST_S = 90 * 24 * 3600
"""After so many seconds a run that nobody answered ends; the release waits on the page even so."""

_log = logging.getLogger(__name__)


class Answer(RunInput):
    """What Prefect's form asks for."""

    decision: Literal["approve", "refuse"] = "approve"
    name: str
    note: str = ""


@flow(name=DEPLOYMENT, persist_result=False, validate_parameters=True)
def sign_off(dataset: str, number: int, settings: dict[str, Any] | None = None) -> str:
    """Ask whether a proposed release may be published, and do as is answered.

    Args:
        dataset: its name in the workspace.
        number: which release is proposed.
        settings: overrides of the settings in force, as in kiyome.toml.

    Returns:
        How the proposal stands then (``models.releases.proposal.ProposalState``).

    Raises:
        ReleaseError: it is over, or whoever answered may not sign.
    """
    in_force = load_settings(**(settings or {}))
    proposal = _look(in_force, dataset, number)
    if proposal.state in (ProposalState.WAITING, ProposalState.REFUSED):
        answer: Answer = suspend_flow_run(
            wait_for_input=Answer.with_initial_data(description=describe(proposal)),
            timeout=LONGEST_S,
        )
        proposal = sign_release(
            in_force,
            dataset,
            number,
            answer.name,
            answer.decision,
            note=answer.note,
            via="prefect",
        )
    if proposal.state is ProposalState.APPROVED:
        release_signed(in_force, dataset, wait_s=LONGEST_WAIT_S)
        proposal = _look(in_force, dataset, number)
    create_markdown_artifact(
        key=name_artifact("sign-off", dataset),
        markdown=describe(proposal),
        description=f"Sign-off of {dataset}, release {number}",
    )
    if proposal.state is ProposalState.WAITING:
        _ask(dataset, number, f"{proposal.release.id}-{len(proposal.signatures)}")
    return proposal.state.value


def describe(proposal: Proposal) -> str:
    """The proposal in Prefect's UI."""
    release = proposal.release
    lines = [
        f"### {release.dataset}, release {release.number}: {proposal.state.value}",
        "",
        (
            f"{release.cleared:,} cleared assets; {release.removed:,} gone since the release "
            f"before. {len(proposal.approvals)} of {proposal.needed} approvals. What is different, "
            "and why, is on the review page at `/releases/proposed`."
        ),
    ]
    for said in proposal.signatures:
        if said.counts:
            why = f": {said.note}" if said.note else ""
            lines.append(f"- {said.decision} by {said.actor}{why}")
    return "\n".join(lines)


def ask_in_prefect(summary: Summary, settings: Settings) -> None:
    """Begin a run that asks in Prefect's UI, where the sign-off is deployed for the dataset.

    A proposal that is asked about already gets no second run.
    """
    proposal = _look(settings, summary.dataset, summary.release)
    if proposal.state is ProposalState.WAITING:
        _ask(summary.dataset, summary.release, f"{proposal.release.id}-{len(proposal.signatures)}")


def _ask(dataset: str, number: int, once: str) -> None:
    try:
        run_deployment(
            f"{DEPLOYMENT}/{dataset}",
            parameters={"number": number},
            flow_run_name=f"{dataset} release {number}",
            timeout=0,
            as_subflow=False,
            idempotency_key=once,
        )
    except ObjectNotFound:
        _log.info("The sign-off of %s is not deployed: it is signed on the page.", dataset)


def _look(settings: Settings, dataset: str, number: int) -> Proposal:
    database = open_known_database(settings)
    try:
        with database.snapshot() as session:
            return find_proposal(session, dataset, number)
    finally:
        database.dispose()

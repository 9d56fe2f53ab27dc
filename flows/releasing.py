"""Publishing what has been signed: a short run that holds the workspace and looks at no source."""

from __future__ import annotations

from flows.handing_over import handing_over
from models.beginning import open_known_database, settle_workspace
from models.releases.proposal import Decision, Proposal, Via, find_proposal
from models.releases.publishing import require_own_database
from models.releases.signing import sign
from models.settings import Settings
from models.store.schema import open_database
from models.workspace import hold_workspace
from tasks.signed import Signed, publish_signed

LONGEST_WAIT_S = 3600
"""So long is waited for a run that holds the workspace; what was signed is published after it."""


def release_signed(settings: Settings, dataset: str, *, wait_s: float = 0) -> list[Signed]:
    """Publish what has been approved for a dataset, and judge anew what is out of date.

    Args:
        wait_s: how many seconds to wait for a run that holds the workspace.

    Returns:
        What was published, or found to be out of date.

    Raises:
        WorkspaceError: another run holds the workspace; what was approved is published by the next.
        KiyomeError: it cannot be published; the message says what to do.
    """
    settings = settle_workspace(settings, begin=False)
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    with hold_workspace(settings.workspace, wait_s=wait_s), handing_over(settings):
        database = open_database(settings.resolved_database_url)
        try:
            require_own_database(database, settings.workspace)
            done = publish_signed(settings, database, dataset)
        finally:
            database.dispose()
    if any(each.release is None for each in done):
        from flows.recleanse import recleanse_known

        recleanse_known(dataset, settings, sidecars=True)
    return done


def sign_release(
    settings: Settings,
    dataset: str,
    number: int,
    actor: str,
    decision: Decision,
    *,
    note: str,
    via: Via,
) -> Proposal:
    """Approve or refuse a proposed release by its number.

    Raises:
        ReleaseError: there is no such proposal, it cannot be signed, or not by this person.
    """
    database = open_known_database(settings)
    try:
        with database.transaction() as session:
            found = find_proposal(session, dataset, number)
            return sign(session, found.release.id, actor, decision, note=note, via=via)
    finally:
        database.dispose()

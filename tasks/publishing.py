"""Publishing what a run has come to, or proposing it where the policy asks people to sign."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from models.errors import WorkspaceError
from models.releases.difference import Difference, compare_releases, write_difference
from models.releases.proposal import ORDER, POLICY, VERDICTS, ToSign
from models.releases.proposing import propose
from models.releases.publishing import Contents, find_release, publish
from models.releases.release import Release
from tasks.order import Desk, open_desk


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a release.

    Attributes:
        release: the one in force, or the one that waits; its folder is where it lies.
        is_new: it says something else than the release before.
        sign_off: how it waits to be signed off (``models.releases.proposal.ProposalState``), or ""
            where it is in force.
    """

    release: Release
    is_new: bool
    sign_off: str = ""


def publish_or_propose(
    desk: Desk,
    contents: Contents,
    verdicts: Sequence[dict[str, Any]],
    decided: Mapping[str, Any],
) -> Published:
    """Publish a release, or propose it, as the policy says.

    Args:
        verdicts: the verdict records of the shards, as dictionaries.
        decided: ``models.freshness.read_state`` from before anything was judged.

    Raises:
        VerdictsStaleError: a cleared asset was taken down or withdrawn in the meantime.
        WorkspaceError: the folder cannot be written.
    """
    dataset, needed = desk.order.dataset, desk.policy.release.signatures
    if not needed:
        return Published(*publish(desk.database, desk.workspace, dataset, contents))
    holds = [each["holds_until"] for each in verdicts if each["holds_until"] is not None]
    to_sign = ToSign(
        needed=needed,
        run_id=desk.order.run_id,
        policy_sha256=desk.policy.digest,
        decided=decided,
        holds_until_ms=min(holds) * 1000 if holds else None,
        files=_hand_over(desk, verdicts),
    )
    release, is_new, proposal = propose(desk.database, desk.workspace, dataset, contents, to_sign)
    return Published(release, is_new, proposal.state.value if proposal else "")


def tell_difference(desk: Desk, release: Release) -> Difference:
    """Compare a release with the one before it, and write the difference into its folder."""
    before = None
    if release.number > 1:
        before = find_release(desk.database, release.dataset, release.number - 1)
    difference, rows = compare_releases(before, release, desk.workspace)
    write_difference(release.path(desk.workspace), difference, rows)
    return difference


def compare_published(order: str, release: Release) -> Difference:
    """``tell_difference`` in a process that has no desk yet."""
    return tell_difference(open_desk(order), release)


def _hand_over(desk: Desk, verdicts: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    """What publishing takes later: the order names the copy of the policy beside it."""
    try:
        with open(desk.order.policy, "rb") as file:
            policy = file.read()
    except OSError as error:
        raise WorkspaceError(
            f"The policy {desk.order.policy} cannot be read: {error.strerror or error}.",
            "Put it back, and run again.",
        ) from error
    order = asdict(replace(desk.order, policy=POLICY))
    return {
        VERDICTS: json.dumps(list(verdicts)).encode(),
        ORDER: json.dumps(order, indent=1).encode(),
        POLICY: policy,
    }

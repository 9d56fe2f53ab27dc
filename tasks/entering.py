"""Entering a release's uses, exclusions and revocations into the usage ledger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from models.ledger.log import UsageLedger
from models.owners.revoking import REFUSED, enter_revocations
from models.releases.audited import keep_policy
from models.releases.release import Release
from tasks.judged import read_judged
from tasks.order import Desk, open_desk
from tasks.recording import Link, RecordMaker, take_end


def enter_release(
    order: str,
    release: Release | None,
    verdicts: Sequence[dict[str, Any]],
    end: bytes | None = None,
) -> dict[str, Any]:
    """Append the release's batch, unless it is in the ledger already, and what owners revoke.

    Args:
        release: None where it waits to be signed off: nothing of it has been used yet.
        end: of a link to a process that makes records (``tasks.recording``); None without one.

    Returns:
        ``size`` and ``root`` of the signed head.
    """
    if end is None:
        return _enter(order, release, verdicts, None)
    with take_end(end) as link:  # closed whatever happens: the other process waits for it
        return _enter(order, release, verdicts, link)


def _enter(
    order: str, release: Release | None, verdicts: Sequence[dict[str, Any]], link: Link | None
) -> dict[str, Any]:
    desk = open_desk(order)
    ledger = UsageLedger.open(desk.workspace / "ledger", desk.settings.ledger_origin)
    if release is not None:
        _enter_uses(desk, ledger, release, verdicts, link)
    # Shards without anything that owners refuse are not read again for it.
    refusing = [v for v in verdicts if any(reason in v["reasons"] for reason in REFUSED)]
    judged = read_judged(desk, refusing)
    enter_revocations(
        desk.database, ledger, desk.workspace, desk.order.run_id, judged, desk.order.as_of
    )
    head = ledger.head()
    return {"size": head.size, "root": head.root.hex()}


def _enter_uses(
    desk: Desk,
    ledger: UsageLedger,
    release: Release,
    verdicts: Sequence[dict[str, Any]],
    link: Link | None,
) -> None:
    records = RecordMaker(desk, release).make_all(verdicts, link)
    first = next(records, None)
    if first is None:  # a batch holds at least one record
        return
    keep_policy(desk.workspace, desk.policy)  # an auditor asks for what the digest stands for
    ledger.append(
        release.id,
        chain([first], records),
        desk.order.as_of,
        manifest_sha256=release.manifest_sha256,
        policy_sha256=desk.policy.digest,
    )

"""Entering a release's uses, exclusions and revocations into the usage ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from sqlalchemy import select

from models.consent.evidence.bodies import has_body
from models.ledger.log import UsageLedger
from models.ledger.written import WrittenRecord
from models.owners.revoking import REFUSED, enter_revocations
from models.releases.audited import keep_policy
from models.releases.release import Release
from models.releases.usage import RECORDED, record_usage
from models.store.tables import RulingRow
from tasks.judged import read_decided, read_judged
from tasks.order import Desk, open_desk


def enter_release(
    order: str, release: Release | None, verdicts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Append the release's batch, unless it is in the ledger already, and what owners revoke.

    Args:
        release: None where it waits to be signed off: nothing of it has been used yet.

    Returns:
        ``size`` and ``root`` of the signed head.
    """
    desk = open_desk(order)
    ledger = UsageLedger.open(desk.workspace / "ledger", desk.settings.ledger_origin)
    records: Iterator[WrittenRecord] = iter(())
    if release is not None:
        records = record_usage(
            read_decided(desk, verdicts, RECORDED),
            release,
            desk.policy,
            _reviewers(desk),
            ledger.reference,
            desk.order.as_of,
            lru_cache(maxsize=4096)(partial(has_body, desk.workspace)),
        )
    first = next(records, None)
    if release is not None and first is not None:  # a batch holds at least one record
        keep_policy(desk.workspace, desk.policy)  # an auditor asks for what the digest stands for
        ledger.append(
            release.id,
            chain([first], records),
            desk.order.as_of,
            manifest_sha256=release.manifest_sha256,
            policy_sha256=desk.policy.digest,
        )
    # Shards without anything that owners refuse are not read again for it.
    refusing = [v for v in verdicts if any(reason in v["reasons"] for reason in REFUSED)]
    judged = read_judged(desk, refusing)
    enter_revocations(
        desk.database, ledger, desk.workspace, desk.order.run_id, judged, desk.order.as_of
    )
    head = ledger.head()
    return {"size": head.size, "root": head.root.hex()}


def _reviewers(desk: Desk) -> dict[str, str]:
    query = select(RulingRow.id, RulingRow.reviewer).where(RulingRow.dataset == desk.order.dataset)
    with desk.database.snapshot() as session:
        return {row.id: row.reviewer for row in session.execute(query)}

"""The audit chain: its rows, and whether it is whole."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from models.accounts.roles import Permission
from models.review.audit import AuditEntry, hold_against, read_latest
from models.review.masking import GOLDEN_ACTIONS, find_withheld
from models.webhooks.topics import read_payload
from review_ui.api.callers import ReadsAudit
from review_ui.api.fields import After, Limit, Page, clean, moment, read_cursor, write_cursor
from review_ui.api.problems import describe
from review_ui.site import ThisSite

router = APIRouter(tags=["audit"])
Known = Annotated[
    str | None,
    Query(
        pattern="^[1-9][0-9]{0,14}:[0-9a-f]{64}$",
        description="`rows:head` of an earlier time: whether the chain still begins so.",
    ),
]


class AuditRow(BaseModel):
    """One row of the chain."""

    seq: int
    at: datetime
    actor: str = Field(description="By name, or by pseudonym; empty where there is none.")
    action: str = Field(description="Empty where it would tell which item is golden.")
    subject: str | None = Field(
        description="Null without see_names, as it may name people, and while others still rule."
    )
    detail: dict[str, Any] | None = Field(description="Null where the subject is.")
    hash: str


class AuditVerified(BaseModel):
    """Whether the chain is whole. Note `rows` and `head` in another place."""

    ok: bool | None = Field(description="Null while a long chain is verified: ask again.")
    as_of: datetime | None = Field(
        description="When the chain was as it says here: that may be a minute ago. Null with `ok`."
    )
    rows: int
    first_bad: int | None
    problem: str = Field(description="A code; empty where nothing is wrong.")
    detail: str
    head: str


@router.get("/audit", responses=describe())
def list_rows(
    site: ThisSite, caller: ReadsAudit, after: After = "", limit: Limit = 50
) -> Page[AuditRow]:
    """Rows of the chain, the newest first.

    What others did to an item on which the caller may still rule without knowing it is kept back.
    """
    place = read_cursor(after, int)
    with site.database.snapshot() as session:
        listed = read_latest(session, limit, place[0] if place else None)
        names = caller.show(session, [entry.actor for entry in listed])
        # By what the account may know, not by what the token was made for.
        granted = caller.bearer.account.permissions
        golden = bool(granted & {Permission.MARK_GOLDEN, Permission.MANAGE_LEADS})
        withheld = find_withheld(session, listed, caller.name, sees_golden=golden)
    named = Permission.SEE_NAMES in caller.permissions
    following = write_cursor(listed[-1].seq) if len(listed) == limit else None
    items = [
        _show(entry, names[entry.actor], named=named, withheld=entry.seq in withheld)
        for entry in listed
    ]
    return Page(items=items, next=following)


@router.get(
    "/audit/verification",
    responses={**describe(), 202: {"model": AuditVerified, "description": "Still being verified."}},
)
def verify(
    site: ThisSite,
    caller: ReadsAudit,  # noqa: ARG001
    response: Response,
    known: Known = None,
) -> AuditVerified:
    """Verify the whole chain; with `known`, also that no row up to there is lost.

    A long chain is verified for all readers at once: 202 until that has ended.
    """
    rows, _, head = (known or "").partition(":")
    with site.database.snapshot() as session:
        newest = read_latest(session, 1)
        length = newest[0].seq if newest else 0
        checked = site.chain.look(site.database, session, length, ask=True).checked
        if checked is None:
            response.status_code = 202
            response.headers["Retry-After"] = "10"
            return AuditVerified(
                ok=None, as_of=None, rows=0, first_bad=None, problem="", detail="", head=""
            )
        report = checked.report
        report = hold_against(session, report, int(rows), head) if known else report
    return AuditVerified(
        ok=report.ok,
        as_of=moment(checked.as_of_ms),
        rows=report.rows,
        first_bad=report.first_bad,
        problem=report.problem,
        detail=report.detail,
        head=report.head,
    )


def _show(entry: AuditEntry, actor: str, *, named: bool, withheld: bool) -> AuditRow:
    golden = withheld and entry.action in GOLDEN_ACTIONS
    named = named and not withheld
    return AuditRow(
        seq=entry.seq,
        at=moment(entry.at_ms),
        actor=actor,
        action="" if golden else entry.action,
        subject=entry.subject if named else None,
        detail=clean(read_payload(entry.detail)) if named else None,
        hash=entry.hash,
    )

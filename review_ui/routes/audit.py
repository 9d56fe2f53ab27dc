"""The audit chain: its newest rows, and whether it is whole."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.accounts.pseudonyms import show_actors
from models.review.audit import read_latest
from models.review.masking import GOLDEN_ACTIONS, find_withheld
from review_ui.permitted import ReadsAudit
from review_ui.site import ThisSite

router = APIRouter()


@router.get("/audit")
def show_audit(request: Request, site: ThisSite, reader: ReadsAudit, verify: int = 0) -> Response:
    """The newest rows. A long chain is verified on request only, and not for each reader anew.

    Whoever may not see names gets pseudonyms, and neither subjects nor details: they name people.
    What others did to items on which two persons rule by themselves is not told before it is
    decided, and who may be tested is not told which items are golden.
    """
    with site.database.snapshot() as session:
        entries = read_latest(session)
        length = entries[0].seq if entries else 0
        state = site.chain.look(site.database, session, length, ask=bool(verify))
        golden = reader.may("mark_golden") or reader.may("manage_leads")
        withheld = find_withheld(session, entries, reader.reviewer, sees_golden=golden)
        actors = show_actors(session, (entry.actor for entry in entries), reader.permissions)
    return site.render(
        request,
        "audit.html",
        visitor=reader,
        entries=entries,
        actors=actors,
        withheld=withheld,
        golden_actions=GOLDEN_ACTIONS,
        length=length,
        state=state,
    )

"""What owners are due: the periods that were paid, and a statement about each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from models.errors import KiyomeError
from review_ui.owner_ledger import ThisLedger, list_so_far, references
from review_ui.permitted import SeesOwnWorks
from review_ui.plots import Column, draw_plot
from review_ui.routes.usage import BatchId, Reference, find_batch, send_file
from review_ui.routes.works import render_trouble
from review_ui.site import ThisSite

if TYPE_CHECKING:
    from models.ledger.payout_record import PayoutRecord
    from models.owners.statements import PaidPeriod

router = APIRouter()
_MEDIA = {"html": "text/html", "csv": "text/csv", "json": "application/json"}


@router.get("/usage/statements")
def show_statements(
    request: Request, site: ThisSite, ledger: ThisLedger, owner: SeesOwnWorks
) -> Response:
    """Every period that was paid, what it came to, and its statement."""
    from models.ledger.statements.amounts import write_amount
    from models.owners.statements import list_periods

    periods: list[PaidPeriod] = []
    left = 0
    try:
        history = ledger.history()
        if history is not None:
            listed, left = list_so_far(history, owner.identities)
            periods = list_periods(site.workspace, [usage for usage, _ in listed])
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    periods.sort(key=lambda paid: -paid.stamped_at)
    columns: dict[str, list[Column]] = {}
    for paid in reversed(periods):
        if paid.payout is not None:
            column = _draw_money(paid.period, paid.payout)
            columns.setdefault(paid.payout.currency, []).append(column)
    return site.render(
        request,
        "statements.html",
        visitor=owner.visitor,
        owner=owner,
        periods=periods,
        left=left,
        identities=dict(references(history, owner.identities)) if history else {},
        amount=write_amount,
        plots={name: draw_plot(drawn, whole=False) for name, drawn in sorted(columns.items())},
    )


@router.get("/usage/statements/{batch_id}/{owner_ref}/{form}")
def give_statement(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    owner: SeesOwnWorks,
    batch_id: BatchId,
    owner_ref: Reference,
    form: str,
    lang: str = "",
) -> Response:
    """A statement, made anew from the ledger and the payout's files."""
    from models.owners.statements import FORMS, NoStatementError, list_periods, make_statement

    chosen = next((each for each in FORMS if each == form), None)
    if chosen is None:
        raise HTTPException(404)
    words = site.words(request, owner.visitor)
    language = {"en": "en", "ja": "ja"}.get(lang, words.language)
    try:
        history, usage, _ = find_batch(ledger, owner, batch_id, owner_ref)
        paid = next(iter(list_periods(site.workspace, [usage])), None)
        if paid is None:
            raise HTTPException(404)
        data = make_statement(
            history.ledger,
            site.workspace,
            paid,
            chosen,
            "ja" if language == "ja" else "en",
            int(time.time()),
        )
    except NoStatementError as error:
        return render_trouble(request, site, owner, "no_rules", error)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "proof", error)
    name = f"statement-{paid.rules_id}-{paid.period}-{owner_ref[:8]}.{form}"
    return send_file(data, name, _MEDIA.get(form, "application/zip"))


def _draw_money(period: str, payout: PayoutRecord) -> Column:
    from models.ledger.statements.amounts import write_amount

    scale = 10**payout.digits
    parts = (("used", payout.net / scale), ("excluded", payout.carried_out / scale))
    amount = write_amount(payout.net, payout.digits)
    return Column(period, parts, f"{period}: {amount} {payout.currency}")

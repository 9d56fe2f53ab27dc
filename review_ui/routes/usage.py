"""What was used of an owner's works: totals, proofs to take along, and what they are due."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from sqlalchemy import select

from models.errors import KiyomeError, LedgerError
from models.store.tables import ReleaseRow
from review_ui.language import load_words
from review_ui.owner_ledger import OwnerLedger, ThisLedger
from review_ui.permitted import Owner, SeesOwnWorks
from review_ui.plots import Column, draw_plot
from review_ui.routes.works import render_trouble
from review_ui.site import Site, ThisSite

if TYPE_CHECKING:
    from models.ledger.chain.receipts import Receipt
    from models.ledger.payout_record import PayoutRecord
    from models.owners.statements import PaidPeriod
    from models.owners.usage import BatchUsage, UsageHistory
    from review_ui.language import Words

router = APIRouter()
BatchId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Reference = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Number = Annotated[int, Path(ge=0, lt=2**53)]
MOST_RECORDS = 200
"""Records of a batch that its page lists; the proof holds all."""

_MEDIA = {"html": "text/html", "csv": "text/csv", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Row:
    """A batch as the page lists it."""

    usage: BatchUsage
    identity: str
    standing: str
    receipt: Receipt | None
    release: int


@router.get("/usage")
def show_usage(
    request: Request, site: ThisSite, ledger: ThisLedger, owner: SeesOwnWorks
) -> Response:
    """Uses and exclusions of the owner's works, batch by batch."""
    try:
        history = ledger.history()
        listed = [] if history is None else _list_all(history, owner)
        rows = [] if history is None else _make_rows(site, history, listed)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    holding = [row for row in rows if row.usage.records or row.usage.is_erased]
    words = site.words(request, owner.visitor)
    return site.render(
        request,
        "usage.html",
        visitor=owner.visitor,
        owner=owner,
        begun=history is not None,
        rows=holding,
        empty=[row for row in rows if not row.usage.records and row.usage.is_provable],
        totals=_add_up(holding),
        plot=draw_plot([_draw(row, words) for row in reversed(holding) if _is_drawn(row)]),
    )


@router.get("/usage/batches/{batch_id}/{owner_ref}")
def show_batch(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    owner: SeesOwnWorks,
    batch_id: BatchId,
    owner_ref: Reference,
) -> Response:
    """What one batch holds of the owner, with its proof and how to check it."""
    try:
        history, usage, identity = _find(ledger, owner, batch_id, owner_ref)
        (row,) = _make_rows(site, history, [(usage, identity)])
        records = history.list_records(usage, MOST_RECORDS)
        size = history.ledger.head().size
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    return site.render(
        request,
        "usage_batch.html",
        visitor=owner.visitor,
        row=row,
        usage=usage,
        records=records,
        most=MOST_RECORDS,
        head_size=size,
        explorer=ledger.explore(row.receipt.tx_hash) if row.receipt else "",
        proof=f"/usage/proofs/{batch_id}/{owner_ref}",
        **_checker(site, request, owner, ledger, history),
    )


@router.get("/usage/check")
def show_check(
    request: Request, site: ThisSite, ledger: ThisLedger, owner: SeesOwnWorks
) -> Response:
    """Check a proof file from the owner's own disk, in their browser."""
    try:
        history = ledger.history()
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    return site.render(
        request,
        "usage_check.html",
        visitor=owner.visitor,
        proof="",
        **_checker(site, request, owner, ledger, history),
    )


@router.get("/usage/proofs/{batch_id}/{owner_ref}")
def give_proof(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    owner: SeesOwnWorks,
    batch_id: BatchId,
    owner_ref: Reference,
) -> Response:
    """The file that proves what a batch holds of the owner, or that it holds nothing."""
    try:
        history, _, _ = _find(ledger, owner, batch_id, owner_ref)
        data = history.ledger.owner_proof(batch_id, owner_ref)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "proof", error)
    return _send(data, f"owner-{owner_ref[:8]}-{batch_id}.json")


@router.get("/usage/proofs/{batch_id}/{owner_ref}/{index}")
def give_inclusion(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    owner: SeesOwnWorks,
    batch_id: BatchId,
    owner_ref: Reference,
    index: Number,
) -> Response:
    """The file that proves one record of the owner."""
    try:
        history, usage, _ = _find(ledger, owner, batch_id, owner_ref)
        if usage.is_erased or not history.holds_record(usage, index):
            raise HTTPException(404)
        data = history.ledger.inclusion_proof(batch_id, owner_ref, index)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "proof", error)
    return _send(data, f"inclusion-{index}.json")


@router.get("/usage/receipts/{size}")
def give_receipt(
    request: Request, site: ThisSite, ledger: ThisLedger, owner: SeesOwnWorks, size: Number
) -> Response:
    """Where a head stands on its chain; the ledger publishes it as well."""
    try:
        history = _require(ledger)
        receipt = next((r for r in history.ledger.receipts() if r.size == size), None)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    if receipt is None:
        raise HTTPException(404)
    return _send(receipt.encode(), f"receipt-{size}.json")


@router.get("/usage/consistency/{old}/{later}")
def give_consistency(
    site: ThisSite,  # noqa: ARG001
    ledger: ThisLedger,
    owner: SeesOwnWorks,  # noqa: ARG001
    old: Number,
    later: Number,
) -> Response:
    """The file that proves that the log of one size begins with that of another."""
    try:
        data = _require(ledger).ledger.consistency_proof(old, later)
    except LedgerError as error:
        raise HTTPException(404) from error
    return _send(data, f"consistency-{old}-{later}.json")


@router.get("/usage/statements")
def show_statements(
    request: Request, site: ThisSite, ledger: ThisLedger, owner: SeesOwnWorks
) -> Response:
    """Every period that was paid, what it came to, and its statement."""
    from models.ledger.statements.amounts import write_amount
    from models.owners.statements import list_periods

    periods: list[PaidPeriod] = []
    try:
        history = ledger.history()
        if history is not None:
            for reference, _ in _references(history, owner):
                periods += list_periods(site.workspace, history.batches_of(reference))
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
        identities=dict(_references(history, owner)) if history else {},
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
        history, usage, _ = _find(ledger, owner, batch_id, owner_ref)
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
    return _send(data, name, _MEDIA.get(form, "application/zip"))


def _require(ledger: OwnerLedger) -> UsageHistory:
    history = ledger.history()
    if history is None:
        raise HTTPException(404)
    return history


def _references(history: UsageHistory, owner: Owner) -> list[tuple[str, str]]:
    return [(history.ledger.reference(identity), identity) for identity in owner.identities]


def _list_all(history: UsageHistory, owner: Owner) -> list[tuple[BatchUsage, str]]:
    """Every batch for every identity of the owner, the newest first."""
    listed = [
        (usage, identity)
        for reference, identity in _references(history, owner)
        for usage in history.batches_of(reference)
    ]
    listed.sort(key=lambda pair: -pair[0].size)
    return listed


def _find(
    ledger: OwnerLedger, owner: Owner, batch_id: str, owner_ref: str
) -> tuple[UsageHistory, BatchUsage, str]:
    """A batch as it stands to one of the owner's own identities; 404 for anybody else's."""
    history = _require(ledger)
    for reference, identity in _references(history, owner):
        if reference == owner_ref:
            for usage in history.batches_of(reference):
                if usage.batch_id == batch_id and (usage.is_provable or usage.records):
                    return history, usage, identity
    raise HTTPException(404)


def _make_rows(
    site: Site, history: UsageHistory, listed: Sequence[tuple[BatchUsage, str]]
) -> list[Row]:
    from models.owners.usage import stand

    receipts = history.ledger.receipts()
    with site.database.snapshot() as session:
        query = select(ReleaseRow.id, ReleaseRow.number)
        numbers = {row.id: row.number for row in session.execute(query)}
    rows = []
    for usage, identity in listed:
        standing, receipt = stand(history.ledger, receipts, usage.size)
        release = numbers.get(usage.release, 0)
        rows.append(Row(usage, identity, standing.value, receipt, release))
    return rows


def _add_up(rows: Sequence[Row]) -> dict[str, int]:
    """Totals; what is used and kept out is counted over the newest release of each dataset."""
    usages = [row.usage for row in rows]
    newest: dict[tuple[str, str], BatchUsage] = {}
    for each in usages:
        if each.kind == "release":
            newest.setdefault((each.owner_ref, each.dataset), each)
    return {
        "releases": sum(each.kind == "release" for each in usages),
        "runs": sum(each.kind == "run" for each in usages),
        "samples": sum(each.samples for each in usages),
        "violations": sum(each.violations for each in usages),
        "used": sum(each.used for each in newest.values()),
        "excluded": sum(each.excluded for each in newest.values()),
    }


def _is_drawn(row: Row) -> bool:
    return bool(row.usage.used or row.usage.excluded)


def _draw(row: Row, words: Words) -> Column:
    day = f"{datetime.fromtimestamp(row.usage.stamped_at, UTC):%m-%d}"
    usage = row.usage
    said = words(
        "usage.plot.column",
        day=day,
        what=words(f"usage.kind.{usage.kind.value}"),
        used=usage.used,
        excluded=usage.excluded,
    )
    return Column(day, (("used", usage.used), ("excluded", usage.excluded)), said)


def _draw_money(period: str, payout: PayoutRecord) -> Column:
    from models.ledger.statements.amounts import write_amount

    scale = 10**payout.digits
    parts = (("used", payout.net / scale), ("excluded", payout.carried_out / scale))
    amount = write_amount(payout.net, payout.digits)
    return Column(period, parts, f"{period}: {amount} {payout.currency}")


def _checker(
    site: Site, request: Request, owner: Owner, ledger: OwnerLedger, history: UsageHistory | None
) -> dict[str, Any]:
    """What the page's script is told: the log's key, the chain to ask, and its words."""
    words = load_words(site.words(request, owner.visitor).language)
    kept = {key for key in words if key.startswith(("proof.js.", "purpose."))}
    return {
        "vkey": history.ledger.vkey if history else "",
        "chain": ledger,
        "script_words": {key.removeprefix("proof.js."): words[key] for key in sorted(kept)},
    }


def _send(data: bytes, name: str, media: str = "application/json") -> Response:
    """A file to keep. Nothing of it is shown on this site: it may hold markup of a statement."""
    return Response(
        data, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )

"""What was used of an owner's works: totals, entry by entry, and proofs to take along."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from models.errors import KiyomeError, LedgerError
from models.store.tables import ReleaseRow
from review_ui.language import load_words
from review_ui.own_pictures import OwnPictures, ThesePictures
from review_ui.owner_ledger import OwnerLedger, ThisLedger, list_so_far, references
from review_ui.permitted import Owner, SeesOwnWorks
from review_ui.plots import MOST, Column, draw_plot
from review_ui.routes.works import render_trouble
from review_ui.site import Site, ThisSite

if TYPE_CHECKING:
    from models.ledger.chain.receipts import Receipt
    from models.owners.usage import BatchUsage, UsageHistory, WorkUse
    from models.owners.works import OwnedFile
    from review_ui.language import Words

_log = logging.getLogger("kiyome.review")
_T = TypeVar("_T")

router = APIRouter()
BatchId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Reference = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Number = Annotated[int, Path(ge=0, lt=2**53)]
PageNumber = Annotated[int, Query(ge=1, le=10**9)]
PAGE = 50
"""Batches, or entries of one batch, on a page."""


@dataclass(frozen=True, slots=True)
class Row:
    """A batch as the page lists it."""

    usage: BatchUsage
    identity: str
    standing: str
    receipt: Receipt | None
    release: int


@dataclass(frozen=True, slots=True)
class Cut(Generic[_T]):
    """A page of a list.

    Attributes:
        shown: what is on it; ``start`` of ``total`` come before.
        number, last: from 1.
    """

    shown: Sequence[_T]
    start: int
    number: int
    last: int
    total: int


@router.get("/usage")
def show_usage(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    owner: SeesOwnWorks,
    show: Annotated[str, Query(max_length=16)] = "",
    page: PageNumber = 1,
) -> Response:
    """Uses and exclusions of the owner's works, batch by batch; or what holds none, provably."""
    try:
        history = ledger.history()
        listed, left = ([], 0) if history is None else list_so_far(history, owner.identities)
        holding = [each for each in listed if each[0].records or each[0].is_erased]
        empty = [each for each in listed if not each[0].records and each[0].is_provable]
        nothing = show == "nothing" and bool(empty)
        cut = _cut(empty if nothing else holding, page)
        rows = [] if history is None else _make_rows(site, history, cut.shown)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    words = site.words(request, owner.visitor)
    drawn = [usage for usage, _ in holding if usage.used or usage.excluded][:MOST]
    return site.render(
        request,
        "usage.html",
        visitor=owner.visitor,
        owner=owner,
        begun=history is not None,
        left=left,
        nothing=nothing,
        rows=rows,
        cut=cut,
        holding=len(holding),
        empty=len(empty),
        totals=_add_up([usage for usage, _ in holding]),
        plot=draw_plot([_draw(usage, words) for usage in reversed(drawn)]),
    )


@router.get("/usage/batches/{batch_id}/{owner_ref}")
def show_batch(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    pictures: ThesePictures,
    owner: SeesOwnWorks,
    batch_id: BatchId,
    owner_ref: Reference,
    page: PageNumber = 1,
) -> Response:
    """What one batch holds of the owner, with its proof and how to check it."""
    from models.ledger.statements.amounts import write_amount

    try:
        history, usage, identity = find_batch(ledger, owner, batch_id, owner_ref)
        (row,) = _make_rows(site, history, [(usage, identity)])
        cut = _cut(range(usage.records), page)
        records = history.list_records(usage, PAGE, cut.start)
        size = history.ledger.head().size
    except KiyomeError as error:
        return render_trouble(request, site, owner, "ledger", error)
    files = _find_files(pictures, owner, records)
    return site.render(
        request,
        "usage_batch.html",
        visitor=owner.visitor,
        row=row,
        usage=usage,
        amount=write_amount,
        records=records,
        cut=cut,
        files=files,
        missing=pictures.show(files.values()),
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
        history, _, _ = find_batch(ledger, owner, batch_id, owner_ref)
        data = history.ledger.owner_proof(batch_id, owner_ref)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "proof", error)
    return send_file(data, f"owner-{owner_ref[:8]}-{batch_id}.json")


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
        history, usage, _ = find_batch(ledger, owner, batch_id, owner_ref)
        if usage.is_erased or not history.holds_record(usage, index):
            raise HTTPException(404)
        data = history.ledger.inclusion_proof(batch_id, owner_ref, index)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "proof", error)
    return send_file(data, f"inclusion-{index}.json")


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
    return send_file(receipt.encode(), f"receipt-{size}.json")


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
    return send_file(data, f"consistency-{old}-{later}.json")


def _cut(listed: Sequence[_T], page: int) -> Cut[_T]:
    """A page of a list, or the nearest that there is."""
    last = max(1, -(-len(listed) // PAGE))
    number = min(page, last)
    start = (number - 1) * PAGE
    return Cut(listed[start : start + PAGE], start, number, last, len(listed))


def _find_files(
    pictures: OwnPictures, owner: Owner, records: Sequence[WorkUse]
) -> dict[str, OwnedFile]:
    """The works that some entries are about, by id, as far as they are still in a dataset."""
    named: dict[str, set[str]] = {}
    for use in records:
        named.setdefault(use.record.dataset.name, set()).add(use.record.asset_sha256)
    found: dict[str, OwnedFile] = {}
    for dataset, asset_ids in named.items():
        try:
            found |= pictures.find_all(owner.identities, dataset, asset_ids)
        except KiyomeError as error:  # the entries and their proofs are there all the same
            _log.error("the works of a batch cannot be looked up: %s", error)
    return found


def _require(ledger: OwnerLedger) -> UsageHistory:
    history = ledger.history()
    if history is None:
        raise HTTPException(404)
    return history


def find_batch(
    ledger: OwnerLedger, owner: Owner, batch_id: str, owner_ref: str
) -> tuple[UsageHistory, BatchUsage, str]:
    """A batch as it stands to one of the owner's own identities; 404 for anybody else's."""
    history = _require(ledger)
    for reference, identity in references(history, owner.identities):
        if reference == owner_ref:
            usage = history.batch_of(reference, batch_id)
            if usage is not None and (usage.is_provable or usage.records):
                return history, usage, identity
    raise HTTPException(404)


def _make_rows(
    site: Site, history: UsageHistory, listed: Sequence[tuple[BatchUsage, str]]
) -> list[Row]:
    from models.owners.usage import stand

    receipts = history.ledger.receipts()
    with site.database.snapshot() as session:
        named = {usage.release for usage, _ in listed}
        query = select(ReleaseRow.id, ReleaseRow.number).where(ReleaseRow.id.in_(named))
        numbers = {row.id: row.number for row in session.execute(query)}
    rows = []
    for usage, identity in listed:
        standing, receipt = stand(history.ledger, receipts, usage.size)
        release = numbers.get(usage.release, 0)
        rows.append(Row(usage, identity, standing.value, receipt, release))
    return rows


def _add_up(usages: Sequence[BatchUsage]) -> dict[str, int]:
    """Totals; what is used and kept out is counted over the newest release of each dataset."""
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


def _draw(usage: BatchUsage, words: Words) -> Column:
    day = f"{datetime.fromtimestamp(usage.stamped_at, UTC):%m-%d}"
    said = words(
        "usage.plot.column",
        day=day,
        what=words(f"usage.kind.{usage.kind.value}"),
        used=usage.used,
        excluded=usage.excluded,
    )
    return Column(day, (("used", usage.used), ("excluded", usage.excluded)), said)


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


def send_file(data: bytes, name: str, media: str = "application/json") -> Response:
    """A file to keep. Nothing of it is shown on this site: it may hold markup of a statement."""
    return Response(
        data, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )

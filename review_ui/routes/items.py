"""One item: looking at it, taking it, ruling on it, taking a ruling back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.queue import (
    MAX_NOTE,
    MOST_ALIKE,
    RULING_REASONS,
    WAITING,
    Item,
    ItemState,
    RulingKind,
    count_covered,
    count_items,
    decide_alike,
    find_alike,
    find_item,
    find_ruling,
    give_back,
    heartbeat,
    latest_ruling,
    lease_item,
    lease_next,
    reasons_for,
    rulings_on,
    undo,
)
from models.review.sampling.marking import is_sampled
from review_ui.alike import ALSO, read_also, show_alike
from review_ui.evidence import (
    mark_captions,
    read_asset,
    read_chain,
    read_codes,
    read_findings,
    read_statements,
    show_picture,
    show_references,
    usual_reasons,
)
from review_ui.motif_evidence import CLEAN_RISK, read_matches, read_thresholds
from review_ui.permitted import RulesOnItems, SeesItems
from review_ui.routes.queue import go_to_next
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
ItemId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Token = Annotated[str, Form(max_length=64)]
Within = Annotated[str, Form(max_length=500)]
Also = Annotated[list[Annotated[str, StringConstraints(pattern=ALSO)]], Form(max_length=MOST_ALIKE)]


@router.get("/items/{item_id}")
def show_item(
    request: Request,
    site: ThisSite,
    reviewer: SeesItems,
    item_id: ItemId,
    within: Annotated[str, Query(max_length=500)] = "",
    skipped: int = 0,
    left: Annotated[int, Query(ge=0, le=MOST_ALIKE)] = 0,
) -> Response:
    """The item with its evidence; with the form to rule on it where the reviewer holds it."""
    notice = "only_skipped" if skipped else ""
    given = {"within": within, "notice": notice, "left_out": left}
    return _render_item(request, site, reviewer, item_id, given)


@router.post("/items/{item_id}/lease")
def take(request: Request, site: ThisSite, visitor: RulesOnItems, item_id: ItemId) -> Response:
    """Take this item, if it is free."""
    try:
        with site.database.transaction() as session:
            lease_item(session, item_id, visitor.reviewer)
    except ReviewError:
        return _render_item(request, site, visitor, item_id, {"notice": "not_free"}, 409)
    return go(f"/items/{item_id}")


@router.post("/items/{item_id}/give-back")
def return_item(
    site: ThisSite, visitor: RulesOnItems, item_id: ItemId, lease_token: Token
) -> Response:
    """End the lease without a ruling. Doing so twice does no harm."""
    del visitor
    with site.database.transaction() as session:
        give_back(session, item_id, lease_token)
    return go("/")


@router.post("/items/{item_id}/heartbeat")
def keep(site: ThisSite, visitor: RulesOnItems, item_id: ItemId, lease_token: Token) -> Response:
    """Renew the lease: 204, or 409 where it has ended."""
    del visitor
    try:
        with site.database.transaction() as session:
            heartbeat(session, item_id, lease_token)
    except LeaseLostError:
        return Response(status_code=409)
    return Response(status_code=204)


@router.post("/items/{item_id}/ruling")
def take_ruling(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    item_id: ItemId,
    lease_token: Token,
    item_version: Annotated[int, Form(ge=1, le=2**53)],
    ruling: Annotated[RulingKind, Form()],
    approve_reason: Annotated[str, Form(max_length=64)] = "",
    exclude_reason: Annotated[str, Form(max_length=64)] = "",
    note: Annotated[str, Form(max_length=20_000)] = "",
    within: Within = "",
    alike: Annotated[str, Form(max_length=8)] = "",
    also: Also = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """Take a ruling and hand out the next item, in one transaction and one round trip.

    With ``alike`` the ruling covers the items in ``also`` as well, each given as id and version.
    """
    others = read_also(also)
    reason = {RulingKind.APPROVE: approve_reason, RulingKind.EXCLUDE: exclude_reason}.get(
        ruling, ""
    )
    if problem := _find_problem(ruling, reason, note):
        given = {
            "within": within,
            "notice": problem,
            "note": note,
            "chosen": (approve_reason, exclude_reason),
            "alike": (bool(alike), frozenset(other for other, _ in others)),
        }
        return _render_item(request, site, visitor, item_id, given, 422)
    try:
        with site.database.transaction() as session:
            together = decide_alike(
                session,
                item_id,
                lease_token,
                item_version,
                ruling.value,
                reason,
                note,
                visitor.reviewer,
                others if alike else (),
            )
            following = lease_next(session, visitor.reviewer, within or None)
    except AlreadyRuledError:
        return _render_already_ruled(request, site, visitor, item_id, item_version)
    except LeaseLostError:
        return _render_item(request, site, visitor, item_id, {"notice": "lease_lost"}, 409)
    if not together.ruled.in_force:
        return _render_item(request, site, visitor, item_id, {"notice": "not_in_force"}, 409)
    again = ruling is RulingKind.SKIP and following is not None and following.id == item_id
    return go_to_next(
        following.id if following else None,
        within,
        skipped="1" if again else "",
        left=str(len(together.left_out) or ""),
    )


@router.post("/rulings/{ruling_id}/undo")
def take_back(
    request: Request,
    site: ThisSite,
    visitor: RulesOnItems,
    ruling_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    within: Within = "",
) -> Response:
    """End a ruling and take its item, so that it can be ruled on again at once."""
    try:
        with site.database.transaction() as session:
            item_id = undo(session, ruling_id, visitor.reviewer)
            lease_item(session, item_id, visitor.reviewer)
    except ReviewError:
        return site.render(request, "problem.html", status=409, visitor=visitor, kind="not_undone")
    return go(f"/items/{item_id}", within=within)


def _find_problem(ruling: RulingKind, reason: str, note: str) -> str:
    if ruling is RulingKind.SKIP:
        return ""
    text = RULING_REASONS.get(reason)
    if text is None or text.ruling is not ruling:
        return "reason_missing"
    if text.needs_note and not note.strip():
        return "note_missing"
    return "note_too_long" if len(note.strip()) > MAX_NOTE else ""


def _render_already_ruled(
    request: Request, site: Site, visitor: Visitor, item_id: str, item_version: int
) -> Response:
    with site.database.snapshot() as session:
        stored = find_ruling(session, item_id, item_version)
    return site.render(
        request, "already_ruled.html", status=409, visitor=visitor, stored=stored, item_id=item_id
    )


def _render_item(
    request: Request,
    site: Site,
    visitor: Visitor,
    item_id: str,
    given: dict[str, Any],
    status: int = 200,
) -> Response:
    with site.database.snapshot() as session:
        item = find_item(session, item_id)
        if item is None:
            raise HTTPException(404)
        rulings = rulings_on(session, item_id)
        latest = latest_ruling(session, visitor.reviewer)
        covered = count_covered(session, latest.id) if latest else 0
        counts = count_items(session, item.dataset)
        waits = item.state in WAITING
        if waits and is_sampled(session, item_id):
            rulings = ()  # it is to be looked at blind
        alike = find_alike(session, item, visitor.reviewer) if waits else None
    return site.render(
        request,
        "item.html",
        status=status,
        visitor=visitor,
        item=item,
        mine=item.state is ItemState.LEASED and item.lease_holder == visitor.reviewer,
        rulings=rulings,
        latest=latest,
        covered=covered,
        left_out=given.get("left_out", 0),
        alike=show_alike(site.derivatives, alike, given.get("alike")),
        waiting=sum(each.waiting for each in counts),
        within=given.get("within", ""),
        notice=given.get("notice", ""),
        note=given.get("note", ""),
        max_note=MAX_NOTE,
        **_show_evidence(site, item),
        **_offer_reasons(item, given.get("chosen")),
    )


def _show_evidence(site: Site, item: Item) -> dict[str, Any]:
    evidence = item.evidence
    findings = read_findings(evidence)
    references = show_references(site.derivatives, evidence, findings)
    matches = read_matches(site.derivatives, item.asset_id, findings, references)
    explanation = evidence.get("explanation")
    return {
        "asset": read_asset(evidence),
        "picture": show_picture(site.derivatives, item.asset_id, findings),
        "references": references,
        "matches": matches,
        "matches_by_finding": {match.number: match for match in matches},
        "first_match": min((match.number for match in matches), default=0),
        "thresholds": read_thresholds(evidence),
        "clean_risk": CLEAN_RISK,
        "captions": mark_captions(evidence, findings),
        "findings": findings,
        "statements": read_statements(evidence),
        "reasons": read_codes(evidence),
        "explanation": explanation if isinstance(explanation, dict) else {},
        "chain": read_chain(evidence),
        "policy": evidence.get("policy", ""),
        "run": evidence.get("run", ""),
    }


def _offer_reasons(item: Item, chosen: tuple[str, str] | None) -> dict[str, Any]:
    usual = usual_reasons(read_codes(item.evidence))
    approve, exclude = chosen or (usual[0].value, usual[1].value)
    return {
        "approve_reasons": reasons_for(RulingKind.APPROVE),
        "exclude_reasons": reasons_for(RulingKind.EXCLUDE),
        "approve_reason": approve,
        "exclude_reason": exclude,
        "ruling_reasons": RULING_REASONS,
    }

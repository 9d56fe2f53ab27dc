"""The page of one item: what its visitor sees of it, and what they may do."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.captions.records import EditState, edits_of_asset
from models.review.derivatives import VIEW, derivative_path
from models.review.drafts import find_draft
from models.review.golden_marking import find_mark
from models.review.owner_questions import list_askable
from models.review.queue import (
    MAX_NOTE,
    RULING_REASONS,
    Item,
    ItemState,
    RulingKind,
    WaitsFor,
    count_covered,
    find_alike,
    find_ruling,
    latest_ruling,
    peek_next,
    reasons_for,
)
from models.review.ranking import (
    MOST_SETTLED,
    PER_DAY,
    PER_DOUBLING,
    Ranked,
    count_days,
    explain_rank,
)
from models.review.reason_codes import asks_about_consent
from models.review.viewing import ItemView, view_item
from review_ui.alike import show_alike
from review_ui.choosing import choose_stream, find_preferences, write_keys
from review_ui.due import Due
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
from review_ui.kept import MOST_COUNTED
from review_ui.motif_evidence import CLEAN_RISK, read_matches, read_thresholds
from review_ui.rewriting import SentRewrite, begin_with, offer_rewriting, show_edits
from review_ui.security import Visitor
from review_ui.site import Site


def render_already_ruled(
    request: Request, site: Site, visitor: Visitor, item_id: str, item_version: int
) -> Response:
    """The page that says who was quicker; while others rule by themselves, only that."""
    with site.database.snapshot() as session:
        view = view_item(session, item_id, site.viewer(visitor))
        stored = find_ruling(session, item_id, item_version)
    if view is not None and view.served:
        stored = next(iter(view.rulings), None)
    elif view is not None and view.item.waits and stored is not None:
        stored = stored if stored.reviewer == visitor.reviewer else None
    return site.render(
        request, "already_ruled.html", status=409, visitor=visitor, stored=stored, item_id=item_id
    )


def render_item(
    request: Request,
    site: Site,
    visitor: Visitor,
    item_id: str,
    given: dict[str, Any],
    status: int = 200,
) -> Response:
    """The item's page, with what was given so far.

    Raises:
        HTTPException: there is no such item.
    """
    with site.database.snapshot() as session:
        view = view_item(session, item_id, site.viewer(visitor))
        if view is None:
            raise HTTPException(404)
        item = view.item
        latest = latest_ruling(session, visitor.reviewer)
        covered = count_covered(session, latest.id) if latest else 0
        waiting = site.waiting.get(session, item.dataset)
        alike = find_alike(session, item, visitor.reviewer) if item.waits else None
        edits = () if item.waits else edits_of_asset(session, item.dataset, item.asset_id)
        mine = item.state is ItemState.LEASED and item.lease_holder == visitor.reviewer
        askable = list_askable(session, item) if mine else ()
        key = key_of(visitor.reviewer)
        draft = find_draft(session, item_id, item.version, key) if mine else ""
        chosen = find_preferences(session, request, visitor)
        due = Due.now_for(session, site)
        ahead = (
            _look_ahead(session, site, visitor, given.get("within", ""), due.now) if mine else ()
        )
        mark = ""
        if visitor.may("mark_golden") and not view.served and item.state is ItemState.DECIDED:
            mark = find_mark(session, item_id)
    return site.render(
        request,
        "item.html",
        status=status,
        visitor=visitor,
        view=view,
        item=item,
        mine=mine,
        rulings=view.rulings,
        latest=latest,
        covered=covered,
        left_out=given.get("left_out", 0),
        alike=show_alike(site.derivatives, alike, given.get("alike"), blind=view.blind),
        waiting=f"{waiting:,}" + ("+" if waiting == MOST_COUNTED else ""),
        counted=site.golden_for(visitor) is None,
        within=given.get("within", ""),
        notice=given.get("notice", ""),
        note=given.get("note") or draft,
        max_note=MAX_NOTE,
        askable=askable,
        answer_days=site.answer_days,
        open_question=next((each for each in view.questions if each.open), None),
        referred=item.waits_for is WaitsFor.LEAD or bool(view.disputed),
        golden_mark=mark,
        keys=chosen.keys,
        key_map=write_keys(chosen.keys),
        look=chosen.look.value,
        due=due,
        ahead=ahead,
        ranked=None if view.blind else _explain(item, due.now),
        per_day=PER_DAY,
        per_doubling=PER_DOUBLING,
        most_settled=MOST_SETTLED,
        caption_edits=[edit for edit in edits if edit.state is EditState.IN_FORCE],
        rewriting=offer_rewriting(item, _find_rewrite(view, given), site.look) if mine else None,
        rewritten={ruling: show_edits(made) for ruling, made in view.rewritten.items()},
        **_show_evidence(site, view),
        **_offer_reasons(item, given.get("chosen")),
    )


def _explain(item: Item, now: int) -> Ranked | None:
    days = count_days(item.asked_ms, now)
    return explain_rank(item.evidence, item.priority, item.settles, days)


def _find_rewrite(view: ItemView, given: dict[str, Any]) -> SentRewrite | None:
    """What a form sent, or the captions of one of two rulings that are to be settled."""
    made = view.rewritten.get(given.get("texts_of", ""))
    return begin_with(view.item, made) if made else given.get("rewrite")


def _look_ahead(
    session: Session, site: Site, visitor: Visitor, within: str, now: int
) -> tuple[str, ...]:
    """The pictures that the page of the next item will show, as long as nobody else takes it."""
    stream = choose_stream(session, visitor, within)
    following = peek_next(session, visitor.reviewer, stream, now)
    if not following or not derivative_path(site.derivatives, following, VIEW).is_file():
        return ()
    return (f"/pictures/{following}/{VIEW}",)


def _show_evidence(site: Site, view: ItemView) -> dict[str, Any]:
    item = view.item
    evidence = item.evidence
    findings = read_findings(evidence)
    if view.blind:
        # What is left out of the evidence is not shown as nought either.
        findings = [{**finding, "score": None, "distance": None} for finding in findings]
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
    asked = read_codes(item.evidence)
    usual = usual_reasons(asked)
    # Nobody confirms consent by pressing a key: the reason has to be chosen.
    first = "" if asks_about_consent(asked) else usual[0].value
    approve, exclude = chosen or (first, usual[1].value)
    return {
        "approve_reasons": reasons_for(RulingKind.APPROVE, asked),
        "exclude_reasons": reasons_for(RulingKind.EXCLUDE),
        "approve_reason": approve,
        "exclude_reason": exclude,
        "ruling_reasons": RULING_REASONS,
    }

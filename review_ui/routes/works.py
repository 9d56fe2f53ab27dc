"""An owner's works: all of them, and one with what was said, what was decided and where it is."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from models.accounts.pseudonyms import show_actors
from models.errors import KiyomeError
from models.reasons import Reason
from models.review.derivatives import VIEW
from models.store.tables import RulingRow
from models.verdicts import Verdict
from review_ui.evidence import read_statements
from review_ui.own_pictures import BusyError, ThesePictures
from review_ui.owner_ledger import OwnerLedger, ThisLedger, list_so_far
from review_ui.permitted import Owner, SeesOwnWorks
from review_ui.routes.captions import TOLD
from review_ui.routes.images import PictureSize
from review_ui.site import Site, ThisSite

if TYPE_CHECKING:
    from models.owners.works import OwnedFile, Work

_log = logging.getLogger("kiyome.review")

router = APIRouter()
Dataset = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
AssetId = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
_REMEDIES: dict[str, tuple[Reason, ...]] = {
    "may_withdraw": (
        Reason.CONSENT_GRANTED,
        Reason.CONSENT_CONTRACT,
        Reason.RULING_APPROVED,
        Reason.NAME_LICENSED,
        Reason.CAPTION_REWRITTEN,
        Reason.CAPTION_EDITED,
    ),
    "object": (Reason.CONSENT_OPT_OUT_PROFILE,),
    "refused": (Reason.CONSENT_REFUSED,),
    "grant": (Reason.CONSENT_ABSENT, Reason.CONSENT_PARTIAL, Reason.CONSENT_UNMET),
    "sign": (Reason.GRANT_UNAUTHENTICATED,),
    "renew": (Reason.GRANT_EXPIRED, Reason.EVIDENCE_STALE),
    "mend": (
        Reason.CONSENT_UNDETERMINED,
        Reason.CONSENT_MALFORMED,
        Reason.CONSENT_TAMPERED,
        Reason.CONSENT_CONFLICT,
    ),
    "name": (Reason.NAME_PROTECTED, Reason.NAME_POSSIBLE, Reason.UNKNOWN_TERM),
    "motif": (Reason.MOTIF_COPY, Reason.MOTIF_CONTAINED, Reason.MOTIF_RESEMBLES),
    "dispute": (Reason.RULING_EXCLUDED,),
    "takedown": (Reason.TAKEDOWN, Reason.CONSENT_WITHDRAWN),
}
"""What an owner can do, by reason. ``models.reasons`` tells the operator's side."""

_REMEDY_OF = {code.value: name for name, codes in _REMEDIES.items() for code in codes}


def remedy_for(code: str) -> str:
    """Which advice an owner gets for a reason; for faults of a file, the operator's part."""
    return _REMEDY_OF.get(code, "operator")


@router.get("/works")
def show_works(
    request: Request,
    site: ThisSite,
    pictures: ThesePictures,
    owner: SeesOwnWorks,
    verdict: Annotated[str, Query(max_length=20)] = "",
    dataset: Annotated[str, Query(max_length=80)] = "",
    page: Annotated[int, Query(ge=1, le=10**9)] = 1,
) -> Response:
    """A page of the owner's works."""
    from models.owners.works import find_works  # pyarrow takes longer than the rest of the page

    verdicts = [each.value for each in Verdict]
    chosen = verdict if verdict in verdicts else ""
    stamps = pictures.stamps()
    try:
        found = find_works(
            site.workspace, owner.identities, verdict=chosen, dataset=dataset, page=page
        )
    except KiyomeError as error:
        return render_trouble(request, site, owner, "works_index", error)
    files = [work.file for work in found.works]
    pictures.remember(owner.identities, files, stamps)
    return site.render(
        request,
        "works.html",
        visitor=owner.visitor,
        owner=owner,
        found=found,
        verdict=chosen,
        dataset=dataset,
        verdicts=verdicts,
        missing=pictures.show(files),
    )


@router.get("/works/{dataset}/{asset_id}")
def show_work(
    request: Request,
    site: ThisSite,
    ledger: ThisLedger,
    pictures: ThesePictures,
    owner: SeesOwnWorks,
    dataset: Dataset,
    asset_id: AssetId,
    caption: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=10**9)] = 1,
) -> Response:
    """One work of the owner, or 404 for everything else."""
    from models.captions.works import captions_of_work
    from models.owners.history import trace_work
    from models.owners.works import find_work

    try:
        found = find_work(site.workspace, owner.identities, dataset, asset_id)
    except KiyomeError as error:
        return render_trouble(request, site, owner, "works_index", error)
    if not found:
        raise HTTPException(404)
    work = found[0]
    with site.database.snapshot() as session:
        history = trace_work(session, site.workspace, dataset, asset_id)
        ruled = session.execute(
            select(RulingRow.reviewer, RulingRow.ruling, RulingRow.reason_code, RulingRow.ruled_ms)
            .where(RulingRow.id == work.ruling_id, RulingRow.asset_id == asset_id)
            .limit(1)
        ).first()
        names = show_actors(session, [ruled.reviewer], owner.visitor.permissions) if ruled else {}
        try:
            captions = captions_of_work(
                session, site.workspace, dataset, asset_id, owner.identities, owner.account.id
            )
        except KiyomeError as error:
            return render_trouble(request, site, owner, "works_index", error)
    statements = [statement for each in found for statement in each.statements]
    evidence = {"statements": [{**s.as_dict(), "levels": s.trust.levels} for s in statements]}
    return site.render(
        request,
        "work.html",
        visitor=owner.visitor,
        owner=owner,
        work=work,
        missing=pictures.show([work.file], VIEW)[asset_id],
        statements=read_statements(evidence),
        others=_count_others(found),
        remedies=list(dict.fromkeys(remedy_for(code) for code in work.reasons)),
        history=history,
        captions=captions,
        told=caption if caption in TOLD else "",
        ruled=ruled,
        reviewer=names.get(ruled.reviewer, "") if ruled else "",
        uses=_find_uses(ledger, owner, asset_id, page),
    )


@router.get("/works/{dataset}/{asset_id}/picture/{size}")
async def show_own_picture(
    pictures: ThesePictures,
    owner: SeesOwnWorks,
    dataset: Dataset,
    asset_id: AssetId,
    size: PictureSize,
) -> Response:
    """One copy of a picture of the owner's, or 404 for everything else.

    One that has to be drawn waits its turn outside the threads that make pages.
    """

    def look() -> tuple[OwnedFile, FilePath | None] | None:
        file = pictures.find(owner.identities, dataset, asset_id)
        return None if file is None else (file, pictures.copy(file, int(size)))

    try:
        found = await run_in_threadpool(look)
        if found is None:
            raise HTTPException(404)
        file, path = found
        path = path or await pictures.draw(file, int(size))
    except BusyError:
        return Response(status_code=503, headers={"Retry-After": "10"})
    except (KiyomeError, OSError) as error:
        _log.error("a picture of a work cannot be made: %s", error)
        return Response(status_code=503)
    if path is None:
        raise HTTPException(404)
    return FileResponse(
        path, media_type="image/webp", headers={"Cache-Control": "private, max-age=600"}
    )


def render_trouble(
    request: Request, site: Site, owner: Owner, kind: str, error: KiyomeError
) -> Response:
    """The page that says that something cannot be read now; the log says what."""
    _log.error("an owner's page cannot be made: %s", error)
    return site.render(request, "problem.html", status=503, visitor=owner.visitor, kind=kind)


def _count_others(found: tuple[Work, ...]) -> dict[str, int]:
    """Statements by anybody but the owner, by carrier."""
    others = Counter(found[0].others)
    for also_own in found[1:]:
        others.subtract(also_own.carriers)
    return {carrier: count for carrier, count in sorted(others.items()) if count > 0}


def _find_uses(
    ledger: OwnerLedger, owner: Owner, asset_id: str, page: int
) -> dict[str, Any] | None:
    """What the ledger says about one work, page by page of all the owner's entries.

    None where it cannot be read.
    """
    from models.owners.usage import SEARCHED

    try:
        history = ledger.history()
        if history is None:
            return {"uses": [], "number": 1, "last": 1, "left": 0}
        listed, left = list_so_far(history, owner.identities)
        usage = [each for each, _ in listed]
        total = sum(each.records for each in usage)
        last = max(1, -(-total // SEARCHED))
        number = min(page, last)
        start = (number - 1) * SEARCHED
        uses = history.uses_of(usage, asset_id, start)
    except KiyomeError as error:
        _log.error("the usage of a work cannot be read: %s", error)
        return None
    end = min(start + SEARCHED, total)
    return {
        "uses": uses,
        "left": left,
        "number": number,
        "last": last,
        "total": total,
        "first": start + 1,
        "end": end,
    }

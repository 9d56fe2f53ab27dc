"""An owner's requests: withdraw consent, take works down, and see what became of each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Path, Query, Request, UploadFile
from fastapi.responses import FileResponse, Response

from models.accounts.pseudonyms import show_actors
from models.accounts.roles import Permission
from models.canonical import digest_bytes
from models.consent.purposes import ALL_PURPOSES
from models.errors import KiyomeError
from models.review.derivatives import THUMB, derivative_path
from models.store.database import now_ms
from models.takedowns import OF_NOTHING
from review_ui.own_pictures import OwnWorks, get_own_pictures
from review_ui.permitted import Owner, SeesOwnWorks, SendsAsOwner
from review_ui.security import MAX_UPLOAD
from review_ui.site import Site, ThisSite, go

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.owners.requests import OwnerRequest
    from models.owners.standing import RequestStanding

router = APIRouter()
MOST_SHOWN = 20
"""Works that a page names one by one."""

RequestId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
FormId = Annotated[str, Form(max_length=32)]
Assets = Annotated[list[str], Form(max_length=1000)]
Note = Annotated[str, Form(max_length=8000)]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a request, as it is shown.

    Attributes:
        own: the owner did it.
        by: who did, as far as whoever looks may know it.
    """

    at_ms: int
    action: str
    own: bool
    by: str
    note: str


@router.get("/requests")
def show_requests(
    request: Request,
    site: ThisSite,
    owner: SeesOwnWorks,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The owner's requests, the newest first, each with where it stands."""
    from models.owners.request_list import PAGE, RequestFilter, count_requests, list_requests

    mine = RequestFilter(account_id=owner.account.id)
    with site.database.snapshot() as session:
        total = count_requests(session, mine)
        pages = max(1, -(-total // PAGE))
        page = min(page, pages)
        listed = list_requests(session, mine, offset=(page - 1) * PAGE)
        shown = [(each, stand(session, site, each)) for each in listed]
        return site.render(
            request, "requests.html", owner=owner, shown=shown, page=page, pages=pages
        )


@router.get("/requests/new")
def show_choice(request: Request, site: ThisSite, owner: SeesOwnWorks) -> Response:
    """What can be asked for."""
    return site.render(request, "requests_new.html", owner=owner)


@router.get("/requests/withdraw")
def show_withdrawal(
    request: Request,
    site: ThisSite,
    owner: SeesOwnWorks,
    asset: Annotated[list[str], Query(max_length=1000)] = [],  # noqa: B006  (read by FastAPI)
    whole: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """What a withdrawal would come to, before it is made."""
    return _render_withdrawal(request, site, owner, asset, bool(whole))


@router.post("/requests/withdraw")
def take_withdrawal(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    form: FormId = "",
    asset: Assets = [],  # noqa: B006  (read by FastAPI)
    whole: Annotated[str, Form(max_length=8)] = "",
    purpose: Annotated[list[str], Form(max_length=8)] = [],  # noqa: B006  (read by FastAPI)
    note: Note = "",
) -> Response:
    """Record a withdrawal: from the answer on it is in force."""
    from models.owners.known_assets import find_known_assets
    from models.owners.requests import Withdrawal, withdraw

    identities = owner.identities if whole else ()
    if whole and not identities:
        return _render_withdrawal(request, site, owner, asset, whole=True, notice="no_identity")
    purposes = [each for each in ALL_PURPOSES if each.value in purpose]
    try:
        known = find_known_assets(site.database, site.workspace, identities)
        wanted = Withdrawal([*known, *asset], identities, purposes)
        with site.database.transaction() as session:
            done = withdraw(session, owner.account, form, wanted, note)
    except KiyomeError as error:
        return _render_withdrawal(request, site, owner, asset, bool(whole), error=error)
    return go(f"/requests/{done.id}", done="yes")


@router.get("/requests/takedown")
def show_takedown(
    request: Request,
    site: ThisSite,
    owner: SeesOwnWorks,
    asset: Annotated[list[str], Query(max_length=1000)] = [],  # noqa: B006  (read by FastAPI)
) -> Response:
    """What a takedown would come to, or which works it is to be about."""
    return _render_takedown(request, site, owner, asset)


@router.post("/requests/takedown")
def take_takedown(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    form: FormId = "",
    asset: Assets = [],  # noqa: B006  (read by FastAPI)
    digests: Annotated[str, Form(max_length=200_000)] = "",
    files: Annotated[list[UploadFile], File()] = [],  # noqa: B006  (read by FastAPI)
    sure: Annotated[str, Form(max_length=8)] = "",
    note: Note = "",
) -> Response:
    """Show what was named, and once it is meant, take it down. Files are hashed and not kept."""
    from models.owners.requests import ask_takedown

    named = [*asset, *digests.lower().split(), *map(_hash, filter(_is_file, files))]
    if sure != "yes":
        return _render_takedown(request, site, owner, named, looked=True, note=note)
    try:
        with site.database.transaction() as session:
            done = ask_takedown(session, owner.account, form, named, note)
    except KiyomeError as error:
        return _render_takedown(request, site, owner, named, error=error, note=note)
    return go(f"/requests/{done.id}", done="yes")


@router.get("/requests/{request_id}")
def show_request(
    request: Request,
    site: ThisSite,
    owner: SeesOwnWorks,
    request_id: RequestId,
    done: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """One request: where it stands in every dataset, and what happened to it."""
    return _render_request(request, site, owner, request_id, notice="asked" if done else "")


@router.post("/requests/{request_id}/renew")
def renew(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    request_id: RequestId,
    sure: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Give consent back: releases made from now on may hold the works again."""
    from models.owners.settling import renew_consent

    if sure != "yes":
        return _render_request(request, site, owner, request_id, notice="not_sure", status=422)
    _find_own(site, owner, request_id)
    try:
        with site.database.transaction() as session:
            renew_consent(session, owner.account, request_id)
    except KiyomeError as error:
        return _render_request(request, site, owner, request_id, error=error, status=422)
    return go(f"/requests/{request_id}")


@router.get("/requests/{request_id}/pictures/{motif_id}")
def show_own_motif(
    site: ThisSite,
    owner: SeesOwnWorks,
    request_id: RequestId,
    motif_id: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
) -> Response:
    """A small copy of a picture that the owner asked to have protected."""
    mine = _find_own(site, owner, request_id)
    if motif_id not in mine.standing.get("motif", ()):
        raise HTTPException(404)
    path = derivative_path(site.derivatives, motif_id, THUMB)
    if not path.is_file():
        raise HTTPException(404)
    return FileResponse(
        path, media_type="image/webp", headers={"Cache-Control": "private, max-age=600"}
    )


def _show_own(request: Request, owner: Owner, assets: Sequence[str]) -> OwnWorks:
    """Those of the works that a page names which the owner may see."""
    return get_own_pictures(request).show_named(owner.identities, assets[:MOST_SHOWN])


def stand(session: Session, site: Site, request: OwnerRequest) -> RequestStanding:
    """Where a request stands."""
    from models.owners.standing import find_standing

    return find_standing(session, site.workspace, request)


def tell_steps(
    session: Session, request: OwnerRequest, granted: frozenset[Permission], own_name: str
) -> tuple[Step, ...]:
    """What happened to a request; others appear as whoever looks may see them."""
    actors = show_actors(session, (event.actor for event in request.events), granted)
    return tuple(
        Step(
            event.at_ms,
            event.action.value,
            event.actor == own_name,
            actors[event.actor],
            event.note,
        )
        for event in request.events
    )


def _find_own(site: Site, owner: Owner, request_id: str) -> OwnerRequest:
    """The owner's request; somebody else's looks like none."""
    from models.owners.requests import read_request

    with site.database.snapshot() as session:
        found = read_request(session, request_id)
    if found is None or found.account_id != owner.account.id:
        raise HTTPException(404)
    return found


def _render_request(
    request: Request,
    site: Site,
    owner: Owner,
    request_id: str,
    *,
    notice: str = "",
    error: KiyomeError | None = None,
    status: int = 200,
) -> Response:
    mine = _find_own(site, owner, request_id)
    with site.database.snapshot() as session:
        return site.render(
            request,
            "request.html",
            status=status,
            owner=owner,
            asked=mine,
            standing=stand(session, site, mine),
            steps=tell_steps(session, mine, owner.visitor.permissions, owner.account.name),
            pictured=_list_pictured(site, mine),
            own=_show_own(request, owner, mine.assets),
            most=MOST_SHOWN,
            notice=notice,
            error=error,
        )


def _render_withdrawal(
    request: Request,
    site: Site,
    owner: Owner,
    assets: Sequence[str],
    whole: bool,
    *,
    notice: str = "",
    error: KiyomeError | None = None,
) -> Response:
    from models.owners.known_assets import find_known_assets
    from models.owners.requests import MOST_ASSETS

    if not assets and not whole and error is None:
        return go("/requests/new")
    if whole and not owner.identities:
        notice = "no_identity"
    assets = list(dict.fromkeys(assets))
    if len(assets) > MOST_ASSETS:
        notice, assets = "too_many", assets[:MOST_ASSETS]
    found: dict[str, Any] = {"ahead": (), "known": 0, "error": error}
    try:
        identities = owner.identities if whole else ()
        known = find_known_assets(site.database, site.workspace, identities)
        found |= {"ahead": _look_ahead(site, owner, [*known, *assets]), "known": len(known)}
    except KiyomeError as trouble:
        found["error"] = error or trouble
    return site.render(
        request,
        "request_withdraw.html",
        status=422 if error or notice else 200,
        owner=owner,
        form=uuid.uuid4().hex,
        assets=assets,
        own=_show_own(request, owner, assets),
        whole=whole,
        purposes=[purpose.value for purpose in ALL_PURPOSES],
        most=MOST_SHOWN,
        most_named=MOST_ASSETS,
        notice=notice,
        **found,
    )


def _render_takedown(
    request: Request,
    site: Site,
    owner: Owner,
    assets: Sequence[str],
    *,
    looked: bool = False,
    error: KiyomeError | None = None,
    note: str = "",
) -> Response:
    from models.owners.requests import MOST_ASSETS

    named = list(dict.fromkeys(asset.strip().lower() for asset in assets if asset.strip()))
    wrong = [asset for asset in named if len(asset) != 64 or set(asset) - set("0123456789abcdef")]
    notice = "nothing_named" if looked and not named else "not_a_digest" if wrong else ""
    if OF_NOTHING in named:
        notice = notice or "empty_file"
        named.remove(OF_NOTHING)
    elif len(named) > MOST_ASSETS:
        notice = notice or "too_many"
    return site.render(
        request,
        "request_takedown.html",
        status=422 if error or notice else 200,
        owner=owner,
        form=uuid.uuid4().hex,
        assets=[] if notice else named,
        own=_show_own(request, owner, () if notice else named),
        digests="\n".join(named) if notice else "",
        ahead=_look_ahead(site, owner, named) if named and not notice else (),
        most=MOST_SHOWN,
        most_named=MOST_ASSETS,
        max_bytes=MAX_UPLOAD,
        note=note,
        notice=notice,
        error=error,
    )


def _look_ahead(site: Site, owner: Owner, assets: Sequence[str]) -> Sequence[Any]:
    """How the datasets stand to works that are about to be refused."""
    from models.owners.requests import OwnerRequest, RequestKind

    with site.database.snapshot() as session:
        imagined = OwnerRequest(
            id="",
            account_id=owner.account.id,
            kind=RequestKind.TAKEDOWN,
            whole=False,
            purposes=(),
            note="",
            detail={},
            acknowledged_ms=now_ms(session) + 1,
            standing={"asset": tuple(sorted(set(assets)))},
        )
        return stand(session, site, imagined).datasets


def _list_pictured(site: Site, asked: OwnerRequest) -> list[str]:
    """The motifs of a request of which there is a copy to show."""
    return [
        motif_id
        for motif_id in asked.standing.get("motif", ())
        if derivative_path(site.derivatives, motif_id, THUMB).is_file()
    ]


def _is_file(upload: UploadFile) -> bool:
    return bool(upload.filename)


def _hash(upload: UploadFile) -> str:
    return digest_bytes(upload.file.read())

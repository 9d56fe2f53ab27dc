"""An owner's identities: what is bound to their account, binding a wallet, and ending one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from models.accounts.attempts import Wait
from models.errors import AccountError
from models.owners.identities import LastWayInError, end_own_identity, list_identities
from models.owners.wallet_proofs import Failing
from models.owners.wallets import Outsider, ProvenWallet, bind_wallet, find_challenge
from review_ui.permitted import NotAllowedError, Owner, SeesOwnWorks, SendsAsOwner
from review_ui.routes.wallet import (
    ChallengeId,
    GivenAddress,
    GivenChain,
    GivenSignature,
    InBrowser,
    begin,
    render_message,
    require_wallets,
    take_answer,
)
from review_ui.site import Site, ThisSite, go

router = APIRouter()
BindingId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
DONE = ("bound", "ended")


@router.get("/identities")
def show_identities(
    request: Request, site: ThisSite, owner: SeesOwnWorks, done: str = ""
) -> Response:
    """What is bound to the account, how and since when, and the form to bind a wallet."""
    return _render(request, site, owner, done=done if done in DONE else "")


@router.post("/identities/wallet")
def name_wallet(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    address: GivenAddress = "",
    chain_id: GivenChain = 1,
    in_browser: InBrowser = False,
) -> Response:
    """Write the message that the wallet is to sign, and go on to it."""
    try:
        begun = begin(request, site, owner.visitor, address, chain_id, owner.account)
    except AccountError:
        return _render(request, site, owner, 422, "address", given=address)
    if isinstance(begun, Wait):
        return _render(request, site, owner, 429, "wait", given=address, wait=begun)
    return go(f"/identities/wallet/{begun.id}", wallet="browser" if in_browser else "")


@router.get("/identities/wallet/{challenge_id}")
def show_message(
    request: Request,
    site: ThisSite,
    owner: SeesOwnWorks,
    challenge_id: ChallengeId,
    wallet: str = "",
) -> Response:
    """The message, and the form for its signature."""
    with site.database.snapshot() as session:
        challenge = find_challenge(session, challenge_id, owner.visitor.nonce, owner.account.id)
    if challenge is None:
        return _render(request, site, owner, 410, "gone")
    return render_message(request, site, owner.visitor, challenge, at_once=wallet == "browser")


@router.post("/identities/wallet/{challenge_id}")
def take_signature(
    request: Request,
    site: ThisSite,
    owner: SendsAsOwner,
    challenge_id: ChallengeId,
    signature: GivenSignature = "",
) -> Response:
    """Bind the wallet. Each message is answered once, rightly or wrongly."""
    answer = take_answer(request, site, owner.visitor, challenge_id, signature, owner.account)
    if isinstance(answer, Wait):
        return _render(request, site, owner, 429, "wait", wait=answer)
    if not isinstance(answer, ProvenWallet):
        status, notice = (422, answer.value) if isinstance(answer, Failing) else (410, "gone")
        return _render(request, site, owner, status, notice)
    spellings = require_wallets(site).spellings
    asked_in = owner.visitor.session_id
    outsider = bind_wallet(site.database, answer, owner.account, spellings, asked_in)
    if outsider is Outsider.TAKEN:
        return _render(request, site, owner, 409, "taken", given=answer.address)
    if outsider is not None:
        raise NotAllowedError
    return go("/identities", done="bound")


@router.post("/identities/{binding_id}/end")
def end(request: Request, site: ThisSite, owner: SendsAsOwner, binding_id: BindingId) -> Response:
    """End a binding of one's own; of somebody else's nothing happens."""
    try:
        with site.database.transaction() as session:
            end_own_identity(session, owner.account, binding_id, owner.visitor.session_id)
    except LastWayInError:
        return _render(request, site, owner, 409, "last")
    return go("/identities", done="ended")


def _render(
    request: Request,
    site: Site,
    owner: Owner,
    status: int = 200,
    notice: str = "",
    *,
    done: str = "",
    given: str = "",
    wait: Wait | None = None,
) -> Response:
    with site.database.snapshot() as session:
        bound = list_identities(session, owner.account.id)
    response = site.render(
        request,
        "identities.html",
        status=status,
        visitor=owner.visitor,
        bound=bound,
        notice=notice,
        done=done,
        given=given[:100],
        wait=wait,
        chains=require_wallets(site).chains,
    )
    if wait is not None:
        response.headers["Retry-After"] = str(wait.seconds)
    return response

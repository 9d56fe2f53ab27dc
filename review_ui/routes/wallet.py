"""Signing in with a wallet: naming it, and giving back what it signed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from models.accounts.attempts import Wait
from models.accounts.records import Account
from models.accounts.signing_in import Begun
from models.errors import AccountError
from models.owners.wallet_proofs import Failing
from models.owners.wallets import (
    Challenge,
    Outsider,
    ProvenWallet,
    answer_challenge,
    begin_challenge,
    find_challenge,
    sign_in_with_wallet,
)
from review_ui.permitted import SentByVisitor
from review_ui.routes.sessions import enter
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, address_of, agent_of, go
from review_ui.wallets import Wallets

router = APIRouter()
ChallengeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
GivenAddress = Annotated[str, Form(max_length=100)]
GivenSignature = Annotated[str, Form(max_length=20_000)]
GivenChain = Annotated[int, Form(ge=1, lt=2**53)]
InBrowser = Annotated[bool, Form()]
NOTICES = frozenset({"address", "wait", "gone", "again", *Failing, *Outsider})


@router.get("/sign-in/wallet")
def show_wallet(request: Request, site: ThisSite) -> Response:
    """The form that names the wallet."""
    require_wallets(site)
    visitor = site.visitor(request) or site.sessions.begin()
    return _keep(site, visitor, _render(request, site, visitor))


@router.post("/sign-in/wallet")
def name_wallet(
    request: Request,
    site: ThisSite,
    visitor: SentByVisitor,
    address: GivenAddress = "",
    chain_id: GivenChain = 1,
    in_browser: InBrowser = False,
) -> Response:
    """Write the message that the wallet is to sign, and go on to it."""
    require_wallets(site)
    try:
        begun = begin(request, site, visitor, address, chain_id)
    except AccountError:
        return _render(request, site, visitor, 422, "address", given=address)
    if isinstance(begun, Wait):
        return _render(request, site, visitor, 429, "wait", given=address, wait=begun)
    return go(f"/sign-in/wallet/{begun.id}", wallet="browser" if in_browser else "")


@router.get("/sign-in/wallet/{challenge_id}")
def show_message(
    request: Request, site: ThisSite, challenge_id: ChallengeId, wallet: str = ""
) -> Response:
    """The message, and the form for its signature."""
    require_wallets(site)
    visitor = site.visitor(request) or site.sessions.begin()
    with site.database.snapshot() as session:
        challenge = find_challenge(session, challenge_id, visitor.nonce)
    if challenge is None:
        return _keep(site, visitor, _render(request, site, visitor, 410, "gone"))
    return render_message(request, site, visitor, challenge, at_once=wallet == "browser")


@router.post("/sign-in/wallet/{challenge_id}")
def take_signature(
    request: Request,
    site: ThisSite,
    visitor: SentByVisitor,
    challenge_id: ChallengeId,
    signature: GivenSignature = "",
) -> Response:
    """Sign the wallet's owner in. Each message is answered once, rightly or wrongly."""
    wallets = require_wallets(site)
    answer = take_answer(request, site, visitor, challenge_id, signature)
    if isinstance(answer, Wait):
        return _render(request, site, visitor, 429, "wait", wait=answer)
    if not isinstance(answer, ProvenWallet):
        status, notice = (401, answer.value) if answer else (410, "gone")
        return _render(request, site, visitor, status, notice)
    try:
        begun = sign_in_with_wallet(
            site.database,
            answer,
            wallets.admits,
            wallets.spellings,
            address=address_of(request),
            agent=agent_of(request),
        )
    except AccountError:
        return _render(request, site, visitor, 409, "again", given=answer.address)
    if isinstance(begun, Begun):
        return enter(site, visitor, begun)
    return _render(request, site, visitor, 403, begun.value, given=answer.address)


def require_wallets(site: Site) -> Wallets:
    """What signing in with a wallet depends on. The first account is never made by one.

    Raises:
        HTTPException: there are no accounts yet, so there is nothing to sign in to (404).
    """
    if site.wallets is None or not site.has_accounts():
        raise HTTPException(404)
    return site.wallets


def begin(
    request: Request,
    site: Site,
    visitor: Visitor,
    address: str,
    chain_id: int,
    account: Account | None = None,
) -> Challenge | Wait:
    """Write a message for the session that asks.

    Raises:
        AccountError: the address cannot be a wallet's.
    """
    with site.database.transaction() as session:
        return begin_challenge(
            session,
            site.address,
            visitor.nonce,
            address,
            client=address_of(request),
            chain_id=chain_id,
            account=account,
        )


def take_answer(
    request: Request,
    site: Site,
    visitor: Visitor,
    challenge_id: str,
    signature: str,
    account: Account | None = None,
) -> ProvenWallet | Failing | Wait | None:
    """What a signature came to; see ``answer_challenge``."""
    return answer_challenge(
        site.database,
        site.address,
        challenge_id,
        visitor.nonce,
        signature,
        require_wallets(site).check_contract,
        client=address_of(request),
        account=account,
    )


def render_message(
    request: Request,
    site: Site,
    visitor: Visitor,
    challenge: Challenge,
    *,
    at_once: bool,
) -> Response:
    """The page with a message to sign. ``at_once`` asks the browser's wallet without a click."""
    return site.render(
        request,
        "wallet_message.html",
        visitor=visitor,
        challenge=challenge,
        at_once=at_once,
        signed_in=visitor.account is not None,
    )


def _keep(site: Site, visitor: Visitor, response: Response) -> Response:
    if visitor.account is None:
        site.remember(response, visitor)
    return response


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    status: int = 200,
    notice: str = "",
    *,
    given: str = "",
    wait: Wait | None = None,
) -> Response:
    response = site.render(
        request,
        "wallet.html",
        status=status,
        visitor=visitor,
        notice=notice,
        given=given[:100],
        wait=wait,
        chains=require_wallets(site).chains,
    )
    if wait is not None:
        response.headers["Retry-After"] = str(wait.seconds)
    return response

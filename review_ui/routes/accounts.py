"""All accounts: inviting people, giving roles, shutting somebody out, and links for passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from models.accounts.keeping import (
    change_role,
    create_account,
    disable_account,
    enable_account,
)
from models.accounts.links import NewLink, make_link
from models.accounts.records import (
    Account,
    clean_display_name,
    clean_sign_in_name,
    find_account,
    list_accounts,
)
from models.accounts.roles import Role, managed_roles, manages
from models.consent.setters import is_key
from models.errors import AccountError
from models.owners.identities import (
    Basis,
    Binding,
    IdentityTakenError,
    SubjectOnlyError,
    bind_identity,
    clean_identity,
    end_binding,
    list_identities,
)
from review_ui.permitted import KeepsAccounts, NotAllowedError, SeesAccounts, account_of
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

router = APIRouter()
AccountId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Chosen = Annotated[Role, Form()]
DONE = ("role", "disabled", "enabled", "identity_bound", "identity_ended")


@router.get("/accounts")
def show_accounts(
    request: Request, site: ThisSite, visitor: SeesAccounts, done: str = ""
) -> Response:
    """Everybody who has an account, and the form to invite somebody."""
    return _render(request, site, visitor, done=done if done in DONE else "")


@router.post("/accounts/invite")
def invite(
    request: Request,
    site: ThisSite,
    visitor: KeepsAccounts,
    role: Chosen,
    name: Annotated[str, Form(max_length=1000)] = "",
    display_name: Annotated[str, Form(max_length=1000)] = "",
    identities: Annotated[str, Form(max_length=8192)] = "",
) -> Response:
    """Make an account, and show once the link with which its holder sets a password."""
    actor = account_of(visitor)
    if not manages(visitor.permissions, role):
        raise NotAllowedError
    given = {
        "name": name[:64],
        "display_name": display_name[:64],
        "role": role,
        "identities": identities,
    }
    try:
        clean_display_name(display_name, clean_sign_in_name(name))
    except AccountError:
        return _render(request, site, visitor, 422, "name_refused", given=given)
    named = [line for line in identities.splitlines() if line.strip()]
    if named and role is not Role.OWNER:
        return _render(request, site, visitor, 422, "identity_role", given=given)
    try:
        vouched = [clean_identity(line) for line in named]
    except SubjectOnlyError:
        return _render(request, site, visitor, 422, "identity_subject", given=given)
    except AccountError:
        return _render(request, site, visitor, 422, "identity_refused", given=given)
    try:
        with site.database.transaction() as session:
            account = create_account(session, name, role, actor.name, display_name=display_name)
            for identity in vouched:
                bind_identity(session, account.id, identity, Basis.VOUCHED, actor.name)
            link = make_link(session, account, actor.name)
    except IdentityTakenError:
        return _render(request, site, visitor, 409, "identity_taken", given=given)
    except AccountError:
        return _render(request, site, visitor, 409, "name_taken", given=given)
    return _render(request, site, visitor, made=(account, link))


@router.post("/accounts/{account_id}/role")
def give_role(
    site: ThisSite, visitor: KeepsAccounts, account_id: AccountId, role: Chosen
) -> Response:
    """Give somebody another role; they are signed out, and it counts at once."""
    if not manages(visitor.permissions, role):
        raise NotAllowedError
    return _change(
        site,
        visitor,
        account_id,
        lambda session, actor: change_role(session, account_id, role, actor),
        "role",
    )


@router.post("/accounts/{account_id}/disable")
def disable(site: ThisSite, visitor: KeepsAccounts, account_id: AccountId) -> Response:
    """Shut somebody out, at once."""
    return _change(
        site,
        visitor,
        account_id,
        lambda session, actor: disable_account(session, account_id, actor),
        "disabled",
    )


@router.post("/accounts/{account_id}/enable")
def enable(site: ThisSite, visitor: KeepsAccounts, account_id: AccountId) -> Response:
    """Let somebody in again."""
    return _change(
        site,
        visitor,
        account_id,
        lambda session, actor: enable_account(session, account_id, actor),
        "enabled",
    )


@router.post("/accounts/{account_id}/link")
def give_link(
    request: Request, site: ThisSite, visitor: KeepsAccounts, account_id: AccountId
) -> Response:
    """Make a link that sets somebody's password, and show it once."""
    actor = account_of(visitor)
    try:
        with site.database.transaction() as session:
            account = _require_managed(session, visitor, account_id)
            link = make_link(session, account, actor.name)
    except AccountError:
        return _render(request, site, visitor, 409, "is_disabled")
    return _render(request, site, visitor, made=(account, link))


@router.post("/accounts/{account_id}/identities")
def vouch(
    request: Request,
    site: ThisSite,
    visitor: KeepsAccounts,
    account_id: AccountId,
    identity: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Vouch that statements of one speaker are an owner's."""
    actor = account_of(visitor)
    try:
        with site.database.transaction() as session:
            _require_managed(session, visitor, account_id)
            bind_identity(session, account_id, identity, Basis.VOUCHED, actor.name)
    except IdentityTakenError:
        return _render(request, site, visitor, 409, "identity_taken")
    except SubjectOnlyError:
        return _render(request, site, visitor, 422, "identity_subject")
    except AccountError:
        return _render(request, site, visitor, 422, "identity_refused")
    return go("/accounts", done="identity_bound")


@router.post("/accounts/{account_id}/identities/{binding_id}/end")
def end_vouching(
    site: ThisSite, visitor: KeepsAccounts, account_id: AccountId, binding_id: AccountId
) -> Response:
    """End the binding of an identity, however it came about."""
    actor = account_of(visitor)
    with site.database.transaction() as session:
        account = _require_managed(session, visitor, account_id)
        end_binding(session, account, binding_id, actor.name)
    return go("/accounts", done="identity_ended")


def _change(
    site: Site,
    visitor: Visitor,
    account_id: str,
    change: Callable[[Session, str], Account],
    done: str,
) -> Response:
    actor = account_of(visitor)
    with site.database.transaction() as session:
        _require_managed(session, visitor, account_id)
        change(session, actor.name)
    return go("/accounts", done=done)


def _require_managed(session: Session, visitor: Visitor, account_id: str) -> Account:
    """The account, if the visitor looks after it. Nobody looks after their own.

    Raises:
        NotAllowedError: it is the visitor's own, or of a role that they do not look after.
    """
    account = find_account(session, account_id)
    if account is None:
        raise HTTPException(404)
    if account.id == account_of(visitor).id or not manages(visitor.permissions, account.role):
        raise NotAllowedError
    return account


def _render(
    request: Request,
    site: Site,
    visitor: Visitor,
    status: int = 200,
    notice: str = "",
    *,
    done: str = "",
    given: dict[str, str] | None = None,
    made: tuple[Account, NewLink] | None = None,
) -> Response:
    roles = managed_roles(visitor.permissions)
    with site.database.snapshot() as session:
        listed = list_accounts(session)
        bound: dict[str, list[Binding]] = {}
        named: set[str] = set()
        for binding in list_identities(session):
            bound.setdefault(binding.account_id, []).append(binding)
            if not is_key(binding.identity):
                named.add(binding.id)
    own = account_of(visitor).id
    return site.render(
        request,
        "accounts.html",
        status=status,
        visitor=visitor,
        listed=listed,
        changeable={each.id for each in listed if each.id != own and each.role in roles},
        roles=roles,
        bound=bound,
        named=named,
        notice=notice,
        done=done,
        given=given or {"name": "", "display_name": "", "role": roles[0], "identities": ""},
        made=made[0] if made else None,
        link=made[1] if made else None,
        address=f"{site.address}{made[1].path}" if made else "",
    )

"""Who may send a request: every route but those for strangers names the permission it takes.

What asks the database runs in a thread. What only compares is ``async``, for each way into a thread
and back takes a turn of all others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Request

from models.accounts.records import Account
from models.accounts.roles import Permission
from models.owners.identities import identities_of
from review_ui.security import Visitor
from review_ui.site import get_site


class SignInNeededError(Exception):
    """The request needs somebody, and the session names nobody."""


class NotAllowedError(Exception):
    """Whoever is signed in may not do this."""


class ForgedFormError(Exception):
    """A form came without the token of the session that it claims to belong to."""


def get_signed_in(request: Request) -> Visitor:
    """Whoever is signed in and only looks.

    Raises:
        SignInNeededError: nobody is signed in.
    """
    visitor = get_site(request).visitor(request)
    if visitor is None or not visitor.reviewer:
        raise SignInNeededError
    return visitor


def check_form(request: Request, csrf: Annotated[str, Form()] = "") -> Visitor:
    """The visitor who sent a form, signed in or not.

    Raises:
        ForgedFormError: the form does not carry the session's token.
    """
    site = get_site(request)
    visitor = site.visitor(request)
    if visitor is None or not site.sessions.accepts(visitor, csrf):
        raise ForgedFormError
    return visitor


async def check_signed_in_form(visitor: Annotated[Visitor, Depends(check_form)]) -> Visitor:
    """Whoever is signed in and sent a form.

    Raises:
        SignInNeededError: nobody is signed in.
    """
    if not visitor.reviewer:
        raise SignInNeededError
    return visitor


SignedIn = Annotated[Visitor, Depends(get_signed_in)]
SentByVisitor = Annotated[Visitor, Depends(check_form)]
SentBySignedIn = Annotated[Visitor, Depends(check_signed_in_form)]


def _looks(permission: Permission) -> Callable[[Visitor], Visitor]:
    async def check(visitor: SignedIn) -> Visitor:
        return _require(visitor, permission)

    return check


def _sends(permission: Permission) -> Callable[[Visitor], Visitor]:
    async def check(visitor: SentBySignedIn) -> Visitor:
        return _require(visitor, permission)

    return check


def _require(visitor: Visitor, permission: Permission) -> Visitor:
    if permission not in visitor.permissions:
        raise NotAllowedError
    return visitor


def get_keeper(visitor: SignedIn) -> Visitor:
    """Somebody who looks after accounts and only looks.

    Raises:
        NotAllowedError: there are none that they may change.
    """
    if not visitor.looks_after_accounts:
        raise NotAllowedError
    return visitor


def check_keeper_form(visitor: SentBySignedIn) -> Visitor:
    """Somebody who looks after accounts and sent a form.

    Raises:
        NotAllowedError: there are none that they may change.
    """
    return get_keeper(visitor)


def account_of(visitor: Visitor) -> Account:
    """The account that somebody signed in to.

    Raises:
        NotAllowedError: they signed in with a name alone.
    """
    if visitor.account is None:
        raise NotAllowedError
    return visitor.account


@dataclass(frozen=True, slots=True)
class Owner:
    """A rights owner who is signed in.

    Attributes:
        visitor: who sent the request.
        account: the account that they signed in to.
        identities: the setters of the statements that are theirs; often none, for a new account.
    """

    visitor: Visitor
    account: Account
    identities: tuple[str, ...]


def _owner_looks(permission: Permission) -> Callable[[Request, Visitor], Owner]:
    def check(request: Request, visitor: SignedIn) -> Owner:
        return _require_owner(request, visitor, permission)

    return check


def _owner_sends(permission: Permission) -> Callable[[Request, Visitor], Owner]:
    def check(request: Request, visitor: SentBySignedIn) -> Owner:
        return _require_owner(request, visitor, permission)

    return check


def _require_owner(request: Request, visitor: Visitor, permission: Permission) -> Owner:
    account = account_of(_require(visitor, permission))
    with get_site(request).database.snapshot() as session:
        return Owner(visitor, account, identities_of(session, account.id))


SeesItems = Annotated[Visitor, Depends(_looks(Permission.SEE_ITEMS))]
SeesTerms = Annotated[Visitor, Depends(_looks(Permission.SEE_TERMS))]
SeesMotifs = Annotated[Visitor, Depends(_looks(Permission.SEE_MOTIFS))]
AddsMotifs = Annotated[Visitor, Depends(_looks(Permission.KEEP_MOTIFS))]
SeesAssurance = Annotated[Visitor, Depends(_looks(Permission.SEE_ASSURANCE))]
ReadsAudit = Annotated[Visitor, Depends(_looks(Permission.READ_AUDIT))]
SeesRequests = Annotated[Visitor, Depends(_looks(Permission.SEE_REQUESTS))]
SeesAccounts = Annotated[Visitor, Depends(get_keeper)]
SeesWebhooks = Annotated[Visitor, Depends(_looks(Permission.MANAGE_WEBHOOKS))]

RulesOnItems = Annotated[Visitor, Depends(_sends(Permission.RULE_ON_ITEMS))]
RulesOnTerms = Annotated[Visitor, Depends(_sends(Permission.RULE_ON_TERMS))]
KeepsMotifs = Annotated[Visitor, Depends(_sends(Permission.KEEP_MOTIFS))]
DecidesMotifs = Annotated[Visitor, Depends(_sends(Permission.DECIDE_MOTIFS))]
DecidesRequests = Annotated[Visitor, Depends(_sends(Permission.DECIDE_REQUESTS))]
KeepsAccounts = Annotated[Visitor, Depends(check_keeper_form)]
ManagesWebhooks = Annotated[Visitor, Depends(_sends(Permission.MANAGE_WEBHOOKS))]

SeesOwnWorks = Annotated[Owner, Depends(_owner_looks(Permission.SEE_OWN_WORKS))]
SendsAsOwner = Annotated[Owner, Depends(_owner_sends(Permission.SEND_REQUESTS))]

SeesAdjudication = Annotated[Visitor, Depends(_looks(Permission.ADJUDICATE))]
Adjudicates = Annotated[Visitor, Depends(_sends(Permission.ADJUDICATE))]
SeesDesk = Annotated[Visitor, Depends(_looks(Permission.SEE_DESK))]
SeesGolden = Annotated[Visitor, Depends(_looks(Permission.MARK_GOLDEN))]
MarksGolden = Annotated[Visitor, Depends(_sends(Permission.MARK_GOLDEN))]
SeesQuestions = Annotated[Owner, Depends(_owner_looks(Permission.ANSWER_QUESTIONS))]
AnswersQuestions = Annotated[Owner, Depends(_owner_sends(Permission.ANSWER_QUESTIONS))]
SeesProposals = Annotated[Visitor, Depends(_looks(Permission.SEE_PROPOSALS))]
SignsReleases = Annotated[Visitor, Depends(_sends(Permission.SIGN_RELEASES))]
DecidesPolicy = Annotated[Visitor, Depends(_sends(Permission.DECIDE_POLICY))]

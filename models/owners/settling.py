"""Settling requests: what people decide about them, and how one ends.

Withdrawals and takedowns are believed: nobody decides about them. A withdrawal ends when the
account that made it gives the consent back, a takedown when ops lifts it. About names and motifs
people decide, because a word or a picture may be everybody's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from models.accounts.records import Account
from models.canonical import digest_bytes
from models.errors import RegisterError, RequestError
from models.motifs.register.revising import decide_motif
from models.outbox import ENDED, SETTLED, post_event
from models.owners.name_requests import protect_name, unprotect_name
from models.owners.requests import (
    MOTIF,
    Happened,
    OwnerRequest,
    RequestKind,
    add_event,
    clean_note,
    read_request,
)
from models.owners.standing import State, find_claim_state
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import MotifRow, OwnerRequestRow, OwnerRequestSubjectRow
from models.takedowns import lift_takedown, lock_refusals
from models.withdrawals import ASSET


def settle_claim(
    session: Session, request_id: str, *, confirm: bool, actor: str, reason: str = ""
) -> OwnerRequest:
    """Confirm a claim to a name or a motif, or refuse it. The owner reads the reason.

    What is confirmed is protected from then on, if it was held; what is refused is no longer.

    Args:
        reason: a refusal needs one.

    Raises:
        RequestError: there is no such claim, it has been decided, or a refusal gives no reason.
    """
    request = _lock(session, request_id)
    if request.kind not in (RequestKind.NAME, RequestKind.MOTIF):
        raise RequestError(
            "A withdrawal or a takedown is not decided by anybody: it is in force.",
            "A withdrawal ends when its owner gives consent back; `kiyome takedown lift` ends a "
            "takedown.",
            "not_claim",
        )
    reason = clean_note(reason)
    if not confirm and not reason:
        raise RequestError("A refusal needs a reason: the owner reads it.", "Write why.", "reason")
    state = find_claim_state(session, request)
    if state not in (State.HELD, State.PROTECTED):
        raise RequestError(
            f"This request is {state.value} already.", "Look at it again.", "decided"
        )
    if request.kind is RequestKind.MOTIF:
        _settle_motifs(session, request, confirm=confirm, actor=actor, reason=reason)
    elif confirm and state is State.HELD:
        protect_name(session, request, actor)
        add_event(session, request_id, Happened.PROTECTED, actor)
    elif not confirm and state is State.PROTECTED:
        unprotect_name(session, request, actor)
    happened = Happened.CONFIRMED if confirm else Happened.REFUSED
    sealed = {"reason_sha256": digest_bytes(reason.encode())}
    add_event(session, request_id, happened, actor, reason)
    append_audit(session, actor, f"owner_request_{happened.value}", request_id, sealed)
    told = {"kind": request.kind.value, "ruling": happened.value}
    post_event(session, SETTLED, {"request_id": request_id, **told})
    return _read(session, request_id)


def renew_consent(
    session: Session, account: Account, request_id: str, subjects: Collection[str] = ()
) -> OwnerRequest:
    """Give back a withdrawal, or a part of it: releases made from now on may hold the works again.

    It grants nothing: what was said before about them counts as it did.

    Args:
        account: the one that withdrew; nobody else can.
        subjects: assets or identities; all of them where none are named.

    Raises:
        RequestError: it is another account's, no withdrawal, or nothing of it stands.
    """
    request = _lock(session, request_id)
    if request.account_id != account.id or request.kind is not RequestKind.WITHDRAWAL:
        raise RequestError(
            "Only the account that withdrew consent can give it back.",
            "Sign in with it.",
            "not_yours",
        )
    standing = {subject for named in request.standing.values() for subject in named}
    ending = standing & set(subjects) if subjects else standing
    if not ending:
        raise RequestError(
            "Nothing of this withdrawal stands any more.", "Look at it again.", "ended"
        )
    lock_refusals(session, to_read=False)
    _end_subjects(session, request_id, ending if ending < standing else None)
    add_event(session, request_id, Happened.RENEWED, account.name)
    told = {"subjects": len(ending), "left": len(standing - ending)}
    append_audit(session, account.name, "owner_request_renewed", request_id, told)
    post_event(session, ENDED, {"request_id": request_id, "kind": request.kind.value, **told})
    return _read(session, request_id)


@dataclass(frozen=True, slots=True)
class Lifted:
    """A takedown that was lifted, and the requests that had asked for it."""

    asset_id: str
    requests: tuple[str, ...]


def lift(session: Session, asset_id: str, lifted_by: str, reason: str) -> Lifted:
    """Lift a takedown, and tell the owners who asked for it.

    Raises:
        KiyomeError: see ``models.takedowns.lift_takedown``.
    """
    reason = clean_note(reason)
    lift_takedown(session, asset_id, lifted_by, reason)
    subject, request = OwnerRequestSubjectRow, OwnerRequestRow
    asked = session.scalars(
        select(request.id)
        .join(subject, subject.request_id == request.id)
        .where(
            request.kind == RequestKind.TAKEDOWN.value,
            subject.kind == ASSET,
            subject.subject == asset_id,
            subject.ended_ms.is_(None),
        )
        .order_by(request.id)
    ).all()
    for request_id in asked:
        _end_subjects(session, request_id, {asset_id})
        add_event(session, request_id, Happened.LIFTED, lifted_by, reason)
    post_event(session, ENDED, {"kind": "takedown", "asset_id": asset_id, "requests": list(asked)})
    return Lifted(asset_id, tuple(asked))


def _settle_motifs(
    session: Session, request: OwnerRequest, *, confirm: bool, actor: str, reason: str
) -> None:
    """Every picture of the request that waits; what was decided on its own stays as it is."""
    ids = request.standing.get(MOTIF, ())
    waiting = session.scalars(
        select(MotifRow.id)
        .where(MotifRow.id.in_(ids), MotifRow.state == "unconfirmed")
        .order_by(MotifRow.id)
    ).all()
    try:
        for motif_id in waiting:
            decide_motif(session, motif_id, confirm=confirm, actor=actor, why=reason)
    except RegisterError as error:
        raise RequestError(error.problem, error.remedy) from error


def _end_subjects(session: Session, request_id: str, subjects: Collection[str] | None) -> None:
    """End what a request is about; None ends all of it, which may be too much to name."""
    row = OwnerRequestSubjectRow
    which = row.subject.in_(sorted(subjects)) if subjects is not None else true()
    session.execute(
        update(row)
        .where(row.request_id == request_id, row.ended_ms.is_(None), which)
        .values(ended_ms=now_ms(session))
        .execution_options(synchronize_session=False)
    )


def _lock(session: Session, request_id: str) -> OwnerRequest:
    """The request, once nobody else can decide about it meanwhile."""
    row = OwnerRequestRow
    session.execute(select(row.id).where(row.id == request_id).with_for_update())
    return _read(session, request_id)


def _read(session: Session, request_id: str) -> OwnerRequest:
    session.expire_all()
    request = read_request(session, request_id)
    if request is None:
        raise RequestError(f"There is no request {request_id}.", "Go back to the list.", "missing")
    return request

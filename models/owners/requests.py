"""Owners' requests: withdraw consent, take a work down, protect a name or a motif.

A request is acknowledged in the transaction that records it, together with what it brings about:
from the commit on it is in force. What happens to it later is added as an event; no row of a
request is changed or deleted, but for the end of a withdrawal, which leaves the row where it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models.accounts.records import Account
from models.canonical import canonical_json
from models.consent.purposes import ALL_PURPOSES, Purpose
from models.errors import RequestError
from models.failpoints import reach
from models.outbox import ASKED, post_event
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import OwnerRequestEventRow, OwnerRequestRow, OwnerRequestSubjectRow
from models.takedowns import acknowledge_takedowns, begin_refusal
from models.withdrawals import ASSET, IDENTITY, read_purposes, write_purposes

NAME, MOTIF = "name", "motif"
MOST_ASSETS = 500
"""Assets that one request may name; more are withdrawn as everything of an identity."""

MAX_NOTE = 2000
"""Longest note or reason, in characters."""

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ASSET = re.compile(r"[0-9a-f]{64}", re.ASCII)


class RequestKind(StrEnum):
    """What an owner asks for."""

    WITHDRAWAL = "withdrawal"
    TAKEDOWN = "takedown"
    NAME = "name"
    MOTIF = "motif"


class Happened(StrEnum):
    """What happens to a request."""

    ACKNOWLEDGED = "acknowledged"
    HELD = "held"
    PROTECTED = "protected"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    RENEWED = "renewed"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a request."""

    at_ms: int
    action: Happened
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class OwnerRequest:
    """A request with everything that is recorded of it.

    Attributes:
        whole: a withdrawal of everything that the identities spoke about, now and later.
        purposes: what a withdrawal is for.
        note: what the owner said about it.
        detail: what is claimed about a name or a motif.
        standing: subjects by kind (asset, identity, name, motif) as far as they are in force.
        ended: the same for those that were given back or lifted.
        events: in order, the acknowledgement first.
    """

    id: str
    account_id: str
    kind: RequestKind
    whole: bool
    purposes: tuple[Purpose, ...]
    note: str
    detail: Mapping[str, Any]
    acknowledged_ms: int
    standing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets that it keeps out."""
        return tuple(self.standing.get(ASSET, ()))

    @property
    def identities(self) -> tuple[str, ...]:
        """The identities whose works it keeps out, those that turn up later among them."""
        return tuple(self.standing.get(IDENTITY, ()))

    def last(self, *actions: Happened) -> Event | None:
        """The last event of these kinds, or None."""
        return next((event for event in reversed(self.events) if event.action in actions), None)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What an owner withdraws.

    Attributes:
        assets: by id. For everything of an identity: the assets that are known to be its own now.
        identities: those whose works are withdrawn whole; none for chosen works.
        purposes: the uses that are no longer allowed.
    """

    assets: Collection[str]
    identities: Collection[str] = ()
    purposes: Collection[Purpose] = ALL_PURPOSES


def withdraw(
    session: Session, account: Account, request_id: str, wanted: Withdrawal, note: str = ""
) -> OwnerRequest:
    """Record that consent is withdrawn; from the commit on no release is made against it.

    It is believed whoever says it: an asset need not be known to be theirs, nor known at all.

    Args:
        request_id: 32 hex digits, drawn for the form that asks: sent again, it changes nothing.

    Raises:
        RequestError: nothing is named, or something that is no asset, identity or purpose.
    """
    if known := find_sent(session, account, request_id, RequestKind.WITHDRAWAL):
        return known
    assets = _check_assets(wanted.assets, whole=bool(wanted.identities))
    if not (assets or wanted.identities):
        raise RequestError(
            "Nothing is chosen that could be withdrawn.", "Choose a work.", "nothing"
        )
    if not set(wanted.purposes) & set(ALL_PURPOSES):
        raise RequestError(
            "No use is chosen.", "Choose at least one use to withdraw from.", "purposes"
        )
    at = begin_refusal(session)
    return _record(
        session,
        account,
        request_id,
        RequestKind.WITHDRAWAL,
        at,
        {ASSET: assets, IDENTITY: sorted(set(wanted.identities))},
        purposes=write_purposes(wanted.purposes),
        whole=bool(wanted.identities),
        note=note,
    )


def ask_takedown(
    session: Session, account: Account, request_id: str, assets: Collection[str], note: str = ""
) -> OwnerRequest:
    """Record a takedown of every asset named; from the commit on it is in force.

    Args:
        request_id: as for ``withdraw``.

    Raises:
        RequestError: nothing is named, or something that is no asset.
        KiyomeError: see ``models.takedowns.acknowledge_takedowns``.
    """
    if known := find_sent(session, account, request_id, RequestKind.TAKEDOWN):
        return known
    wanted = _check_assets(assets)
    if not wanted:
        raise RequestError(
            "Nothing is chosen that could be taken down.", "Choose a work.", "nothing"
        )
    at = begin_refusal(session)
    acknowledge_takedowns(session, wanted, account.name, f"request {request_id}")
    reach("request.refused")
    kind = RequestKind.TAKEDOWN
    return _record(session, account, request_id, kind, at, {ASSET: wanted}, note=note)


def record_claim(
    session: Session,
    account: Account,
    request_id: str,
    kind: RequestKind,
    subjects: Mapping[str, Iterable[str]],
    detail: Mapping[str, Any],
    happened: Happened,
    note: str,
) -> OwnerRequest:
    """Record a request about a name or a motif, once it is protected or held.

    Args:
        happened: PROTECTED or HELD.
    """
    at = now_ms(session)
    return _record(
        session, account, request_id, kind, at, subjects, note=note, detail=detail, then=happened
    )


def read_request(session: Session, request_id: str) -> OwnerRequest | None:
    """One request, or None."""
    return next(iter(read_requests(session, [request_id])), None)


def find_sent(
    session: Session, account: Account, request_id: str, kind: RequestKind
) -> OwnerRequest | None:
    """The request that a form has already led to: sending it again changes nothing.

    Raises:
        RequestError: the id is no request's, or somebody else's.
    """
    if not _ID.fullmatch(request_id):
        raise RequestError("The form cannot be used.", "Open it again.", "form")
    known = read_request(session, request_id)
    if known is not None and (known.account_id, known.kind) != (account.id, kind):
        raise RequestError("The form was used for another request.", "Open it again.", "form")
    return known


def read_requests(session: Session, ids: Sequence[str]) -> list[OwnerRequest]:
    """These requests, in the order given; those that do not exist are left out."""
    rows = {
        row.id: row
        for row in session.scalars(select(OwnerRequestRow).where(OwnerRequestRow.id.in_(ids)))
    }
    standing: dict[str, dict[str, list[str]]] = {}
    ended: dict[str, dict[str, list[str]]] = {}
    subject = OwnerRequestSubjectRow
    for each in session.scalars(
        select(subject)
        .where(subject.request_id.in_(ids))
        .order_by(subject.request_id, subject.kind, subject.subject)
    ):
        by = standing if each.ended_ms is None else ended
        by.setdefault(each.request_id, {}).setdefault(each.kind, []).append(each.subject)
    events: dict[str, list[Event]] = {}
    told = OwnerRequestEventRow
    for event in session.scalars(
        select(told).where(told.request_id.in_(ids)).order_by(told.request_id, told.number)
    ):
        events.setdefault(event.request_id, []).append(
            Event(event.at_ms, Happened(event.action), event.actor, event.note)
        )
    return [
        OwnerRequest(
            id=row.id,
            account_id=row.account_id,
            kind=RequestKind(row.kind),
            whole=bool(row.whole),
            purposes=read_purposes(row.purposes),
            note=row.note,
            detail=json.loads(row.detail),
            acknowledged_ms=row.acknowledged_ms,
            standing=_freeze(standing.get(row.id, {})),
            ended=_freeze(ended.get(row.id, {})),
            events=tuple(events.get(row.id, ())),
        )
        for request_id in ids
        if (row := rows.get(request_id)) is not None
    ]


def add_event(
    session: Session, request_id: str, action: Happened, actor: str, note: str = ""
) -> None:
    """Add an event to a request, in the caller's transaction."""
    told = OwnerRequestEventRow
    last = session.scalar(select(func.max(told.number)).where(told.request_id == request_id))
    session.execute(
        insert(told).values(
            request_id=request_id,
            number=(last or 0) + 1,
            at_ms=now_ms(session),
            action=action.value,
            actor=actor,
            note=note,
        )
    )


def clean_note(given: str) -> str:
    """A note as it is kept.

    Raises:
        RequestError: it is too long.
    """
    note = re.sub("[\0\ud800-\udfff]", "\ufffd", given).strip()
    if len(note) > MAX_NOTE:
        raise RequestError(
            f"The note is longer than {MAX_NOTE:,} characters.", "Shorten it.", "note"
        )
    return note


def _record(
    session: Session,
    account: Account,
    request_id: str,
    kind: RequestKind,
    at: int,
    subjects: Mapping[str, Iterable[str]],
    *,
    purposes: str = "",
    whole: bool = False,
    note: str = "",
    detail: Mapping[str, Any] | None = None,
    then: Happened | None = None,
) -> OwnerRequest:
    session.execute(
        insert(OwnerRequestRow).values(
            id=request_id,
            account_id=account.id,
            kind=kind.value,
            whole=int(whole),
            purposes=purposes,
            note=clean_note(note),
            detail=canonical_json(dict(detail or {})).decode(),
            acknowledged_ms=at,
        )
    )
    rows = [
        {"request_id": request_id, "kind": of, "subject": subject, "ended_ms": None}
        for of, named in subjects.items()
        for subject in named
    ]
    if rows:
        session.execute(insert(OwnerRequestSubjectRow), rows)
    add_event(session, request_id, Happened.ACKNOWLEDGED, account.name)
    if then is not None:
        add_event(session, request_id, then, account.name)
    reach("request.recorded")
    counts = {of: sum(row["kind"] == of for row in rows) for of in subjects}
    told = {"kind": kind.value, "whole": whole, "purposes": purposes, "subjects": counts}
    append_audit(session, account.name, "owner_request", request_id, told)
    post_event(session, ASKED, {"request_id": request_id, **told})
    reach("request.posted")
    recorded = read_request(session, request_id)
    if recorded is None:
        raise RuntimeError("a request that was just recorded is not there")
    return recorded


def _check_assets(given: Collection[str], *, whole: bool = False) -> list[str]:
    assets = sorted({asset.strip().lower() for asset in given})
    if any(not _ASSET.fullmatch(asset) for asset in assets):
        raise RequestError(
            "One of the works is not named by its SHA-256.",
            "Give 64 digits, as `sha256sum FILE` prints them, or the file itself.",
            "works",
        )
    if len(assets) > MOST_ASSETS and not whole:
        raise RequestError(
            f"A request can name {MOST_ASSETS:,} works at most.",
            "Send several, or withdraw everything at once.",
            "many_works",
        )
    return assets


def _freeze(found: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(subjects) for kind, subjects in found.items()}

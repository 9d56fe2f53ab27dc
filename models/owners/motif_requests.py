"""Motifs that owners ask to be protected: each picture is looked for as soon as it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from models.accounts.records import Account
from models.errors import RequestError
from models.motifs.claims import RIGHTS, Claim
from models.motifs.register.changing import Manner, Outcome, inspect_as, register_picture
from models.motifs.register.inspecting import Inspection
from models.motifs.register.keeping import write_copies
from models.motifs.register.neighbours import Neighbours
from models.owners.requests import (
    MOTIF,
    Happened,
    OwnerRequest,
    RequestKind,
    find_sent,
    record_claim,
)
from models.store.database import Database

MOST_PICTURES = 12


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one uploaded picture."""

    name: str
    outcome: Outcome


def ask_for_motif(
    database: Database,
    workspace: Path,
    account: Account,
    request_id: str,
    claim: Claim,
    pictures: Sequence[tuple[str, bytes]],
    *,
    also_mine: bool = False,
    max_pixels: int,
) -> tuple[OwnerRequest | None, tuple[Taken, ...]]:
    """Register pictures as an owner's, unconfirmed and protected at once, and record the request.

    The pictures and the request are written in one transaction. A picture that is refused does not
    stop the others.

    Args:
        request_id: as for ``models.owners.requests.withdraw``.
        pictures: name and bytes of each file.
        also_mine: claim what another owner has registered, too: it is then disputed.

    Returns:
        The request, or None where no picture was taken; and what became of each picture.

    Raises:
        RequestError: there is no label or right, no picture, or too many.
    """
    if not claim.label.strip():
        raise RequestError("The motif has no name.", "Say what the pictures show.", "motif_name")
    if claim.right not in RIGHTS:
        raise RequestError("Nothing says what right the motif rests on.", "Choose one.", "right")
    if not 0 < len(pictures) <= MOST_PICTURES:
        raise RequestError(
            f"A request takes 1 to {MOST_PICTURES} pictures.",
            "Choose those that show it best.",
            "pictures",
        )
    claim = replace(claim, owner=account.display_name)
    manner = Manner(account.name, "unconfirmed", also_mine=also_mine, max_pixels=max_pixels)
    # Decoded before the transaction, so that nobody waits for it.
    inspected = [(name, data, inspect_as(data, claim, manner)) for name, data in pictures]
    with database.transaction() as session:
        if known := find_sent(session, account, request_id, RequestKind.MOTIF):
            return known, ()
        taken = _register_all(session, workspace, claim, manner, inspected)
        rows = {t.outcome.row.id: t for t in taken if t.outcome.row is not None}
        if not rows:
            return None, taken
        detail = {**asdict(claim), "pictures": {key: t.name for key, t in rows.items()}}
        request = record_claim(
            session,
            account,
            request_id,
            RequestKind.MOTIF,
            {MOTIF: sorted(rows)},
            detail,
            Happened.PROTECTED,
            claim.right_note,
        )
    kept: Mapping[str, bytes] = {inspection.id: data for _, data, inspection in inspected}
    for motif_id in rows:
        write_copies(workspace, motif_id, kept[motif_id])
    return request, taken


def _register_all(
    session: Session,
    workspace: Path,
    claim: Claim,
    manner: Manner,
    inspected: Sequence[tuple[str, bytes, Inspection]],
) -> tuple[Taken, ...]:
    neighbours = Neighbours(workspace)
    return tuple(
        Taken(
            name,
            register_picture(
                session,
                workspace,
                data,
                claim,
                manner,
                inspection=inspection,
                neighbours=neighbours,
            ),
        )
        for name, data, inspection in inspected
    )

"""Captions of an owner's works: what a release says of them, and what the owner asks for instead.

An owner sees the text that was released, not the original, which may name others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.captions.edits import digest_caption
from models.captions.making import CaptionPlace, plan_edit, propose
from models.captions.records import EditState, StoredEdit, edits_of_asset
from models.errors import CaptionEditError, WorkspaceError
from models.owners.works import find_work
from models.releases.publishing import REWRITTEN_FILE
from models.store.tables import ReleaseRow

_SHOWN = (EditState.PROPOSED, EditState.IN_FORCE, EditState.REFUSED)


@dataclass(frozen=True, slots=True)
class OwnEdit:
    """A proposal of an owner's, and what became of it.

    Attributes:
        text: the caption that they ask for.
        answer: why it was refused, or "".
        release: the number of the latest release, where it holds this text; else 0.
    """

    id: str
    state: EditState
    text: str
    answer: str
    made_ms: int
    release: int


@dataclass(frozen=True, slots=True)
class WorkCaption:
    """One caption of a released work.

    Attributes:
        index: which of the work's captions.
        text: as the latest release has it.
        original_sha256: by what an edit knows the original.
        edits: the owner's own proposals, the newest first.
    """

    index: int
    text: str
    original_sha256: str
    edits: tuple[OwnEdit, ...]

    @property
    def waiting(self) -> bool:
        """Whether a proposal has not been decided yet."""
        return any(edit.state is EditState.PROPOSED for edit in self.edits)


@dataclass(frozen=True, slots=True)
class _Released:
    number: int
    name: str
    captions: tuple[tuple[str, str], ...]
    """The original and the released text of each."""


def captions_of_work(
    session: Session,
    workspace: Path,
    dataset: str,
    asset_id: str,
    identities: Sequence[str],
    account_id: str,
) -> tuple[WorkCaption, ...]:
    """The captions of one work of an owner, as the latest release of the dataset has them.

    Args:
        identities: setters of statements that are the owner's.
        account_id: the owner's account: only its own proposals are shown.

    Returns:
        Nothing where the work is not theirs, or not released.

    Raises:
        WorkspaceError: a file of the release, or the index of works, is damaged.
    """
    if not find_work(workspace, identities, dataset, asset_id):
        return ()
    released = _read_released(session, workspace, dataset, asset_id)
    if released is None:
        return ()
    own = [
        edit
        for edit in edits_of_asset(session, dataset, asset_id)
        if edit.account_id == account_id and edit.state in _SHOWN
    ]
    return tuple(
        WorkCaption(
            index, text, digest_caption(original), tuple(_show(own, original, text, released))
        )
        for index, (original, text) in enumerate(released.captions)
    )


def propose_for_work(
    session: Session,
    workspace: Path,
    dataset: str,
    asset_id: str,
    identities: Sequence[str],
    account_id: str,
    author: str,
    caption: int,
    original_sha256: str,
    text: str,
    note: str,
) -> str:
    """Propose another text for a caption of a work of the owner's.

    Args:
        session: an open transaction.
        caption, original_sha256: which caption, and what it was when the owner saw it.
        text: what they ask for.

    Returns:
        The edit's id.

    Raises:
        CaptionEditError: the work is not theirs or not released, its caption has changed, or the
            text cannot be taken.
        WorkspaceError: a file of the release, or the index of works, is damaged.
    """
    mine = find_work(workspace, identities, dataset, asset_id)
    released = _read_released(session, workspace, dataset, asset_id) if mine else None
    if released is None or not 0 <= caption < len(released.captions):
        raise CaptionEditError(
            "There is no such caption of a work of yours in a release.", "Look at the work again."
        )
    original, now = released.captions[caption]
    if digest_caption(original) != original_sha256:
        raise CaptionEditError("The caption has changed meanwhile.", "Look at the work again.")
    if text.replace("\r\n", "\n") == now:
        raise CaptionEditError("The caption is as it was.", "Change it before you send it.")
    place = CaptionPlace(dataset, asset_id, released.name, original)
    return propose(session, place, plan_edit(original, text), author, account_id, note)


def _show(
    own: Iterable[StoredEdit], original: str, text: str, released: _Released
) -> Iterable[OwnEdit]:
    digest = digest_caption(original)
    for edit in own:
        if edit.original_sha256 == digest:
            held = edit.state is EditState.IN_FORCE and edit.text == text
            yield OwnEdit(
                edit.id,
                edit.state,
                edit.text,
                edit.answer,
                edit.made_ms,
                released.number if held else 0,
            )


def _read_released(
    session: Session, workspace: Path, dataset: str, asset_id: str
) -> _Released | None:
    """An asset's captions in the latest release, or None where it does not hold the asset."""
    row = ReleaseRow
    latest = session.execute(
        select(row.number, row.folder)
        .where(row.dataset == dataset)
        .order_by(row.number.desc())
        .limit(1)
    ).first()
    if latest is None:
        return None
    folder = workspace / latest.folder
    wanted = [("asset_id", "=", asset_id)]
    try:
        manifest = pq.read_table(
            folder / "manifest.parquet", columns=["asset_id", "names", "captions"], filters=wanted
        ).to_pylist()
        rewritten = {}
        if (folder / REWRITTEN_FILE).is_file():
            table = pq.read_table(
                folder / REWRITTEN_FILE, columns=["caption", "original"], filters=wanted
            )
            rewritten = {row["caption"]: row["original"] for row in table.to_pylist()}
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            f"The release in {folder} cannot be read: {error}.", "Restore it from a backup."
        ) from error
    if not manifest:
        return None
    captions = tuple(
        (rewritten.get(index, caption["text"]), caption["text"])
        for index, caption in enumerate(manifest[0]["captions"])
    )
    return _Released(latest.number, manifest[0]["names"][0], captions)

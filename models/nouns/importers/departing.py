"""Names and tags that a list once gave and gives no longer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.recognition import term_of
from models.nouns.register.history import NameChange, record_changes
from models.nouns.register.search import read_entries
from models.nouns.register.state import bump_version, lock_register
from models.nouns.vocabulary import VOCABULARY_KIND
from models.store.tables import NameChangeRow, NameRow, SurfaceRow, VocabularyRow

_BATCH = 5000
_NOTES = ("owner", "source", "licence")


class Departing:
    """What the register and the vocabulary hold of a source, less what is seen again.

    It is as large as what is registered of the source, whatever the size of the list.

    Raises:
        RegisterError: the source is empty.
    """

    def __init__(self, session: Session, source: str) -> None:
        if not source:
            raise RegisterError(
                "A list without a source cannot replace an older one.", "Name it with --source."
            )
        self._session = session
        self._source = source
        self._names = set(session.scalars(select(NameRow.id).where(NameRow.source == source)))
        self._tags = set(
            session.scalars(select(VocabularyRow.term).where(VocabularyRow.source == source))
        )

    def see(self, ids: Iterable[str], tags: Iterable[str]) -> None:
        """Note names and tags that the list still gives."""
        self._names.difference_update(ids)
        if self._tags:
            self._tags.difference_update(map(term_of, tags))

    @property
    def names(self) -> int:
        """How many names the list no longer gives."""
        return len(self._names)

    @property
    def tags(self) -> int:
        """How many tags the list no longer gives."""
        return len(self._tags)

    def remove_names(self, actor: str) -> tuple[int, int]:
        """Take the names out of the register.

        A name that somebody else gave as well stays: only what came from this source alone goes.

        Returns:
            How many went, and how many stayed.
        """
        removed = 0
        ids = sorted(self._names)
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            alone = sorted(set(batch) - _given_by_others(self._session, self._source, batch))
            _remove(self._session, alone, actor)
            removed += len(alone)
        return removed, len(ids) - removed

    def remove_tags(self) -> int:
        """Take the tags out of the vocabulary; how many went."""
        terms = sorted(self._tags)
        for start in range(0, len(terms), _BATCH):
            batch = terms[start : start + _BATCH]
            self._session.execute(delete(VocabularyRow).where(VocabularyRow.term.in_(batch)))
        if terms:
            bump_version(self._session, VOCABULARY_KIND)
        return len(terms)


def _given_by_others(session: Session, source: str, ids: Sequence[str]) -> set[str]:
    """Of some names, those that were registered, or changed, with another source or none."""
    others: set[str] = set()
    rows = session.execute(
        select(NameChangeRow.name_id, NameChangeRow.action, NameChangeRow.detail)
        .where(NameChangeRow.name_id.in_(ids))
        .order_by(NameChangeRow.id)
    )
    for entry_id, action, detail in rows:
        if action == "removed":
            # What was given before went with it.
            others.discard(entry_id)
            continue
        fields = json.loads(detail).get("fields", {})
        before_and_after = fields.get("source")
        is_unnamed = action == "added" and not before_and_after
        is_another = before_and_after and before_and_after[1] != source
        # An owner who was entered later asked for the name, whatever the list says.
        is_asked = action == "changed" and "owner" in fields
        if is_unnamed or is_another or is_asked:
            others.add(entry_id)
    return others


def _remove(session: Session, ids: Sequence[str], actor: str) -> None:
    if not ids:
        return
    lock_register(session)
    rows = session.scalars(select(NameRow).where(NameRow.id.in_(ids)).order_by(NameRow.id)).all()
    changes = [
        NameChange(
            "removed",
            entry.id,
            entry.name,
            entry.category,
            went=entry.surfaces,
            fields={field: (text, "") for field in _NOTES if (text := getattr(entry, field))},
        )
        for entry in read_entries(session, rows)
    ]
    session.execute(delete(SurfaceRow).where(SurfaceRow.name_id.in_(ids)))
    session.execute(delete(NameRow).where(NameRow.id.in_(ids)))
    record_changes(session, changes, actor)

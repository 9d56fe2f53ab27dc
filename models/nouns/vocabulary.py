"""The vocabulary: tags that describe a picture, and so are no names.

A list of tags is a closed language: what is in no list of descriptive tags is a name far more often
than not. Lists are imported; what people rule descriptive is kept by dataset, in
``models.nouns.terms.listing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.nouns.recognition import term_of
from models.nouns.register.storage import LONGEST_SURFACE, bump_version
from models.store.database import now_ms
from models.store.tables import VocabularyRow

VOCABULARY_KIND = "vocabulary"
_BATCH = 5000


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Descriptive tags.

    Attributes:
        tags: their keys (see ``models.nouns.recognition.term_of``): normal form, kana folded.
    """

    tags: frozenset[str] = frozenset()

    @cached_property
    def digest(self) -> str:
        """Digest of the contents."""
        return digest_lines(sorted(self.tags))

    def __contains__(self, term: str) -> bool:
        return term in self.tags


def load_vocabulary(session: Session) -> Vocabulary:
    """The vocabulary as it stands."""
    return Vocabulary(frozenset(session.scalars(select(VocabularyRow.term))))


def add_tags(
    session: Session,
    tags: Iterable[str],
    *,
    source: str = "",
    licence: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Add descriptive tags, in any spelling; those that are there stay as they are.

    Args:
        progress: called with the number of tags just finished.

    Returns:
        How many are new.
    """
    added = 0
    batch: dict[str, str] = {}

    def store() -> int:
        known = set(
            session.scalars(select(VocabularyRow.term).where(VocabularyRow.term.in_(batch)))
        )
        now = now_ms(session)
        fresh = [
            {"term": term, "text": text, "source": source, "licence": licence, "added_ms": now}
            for term, text in batch.items()
            if term not in known
        ]
        if fresh:
            session.execute(insert(VocabularyRow), fresh)
        return len(fresh)

    for tag in tags:
        text = tag.strip()
        term = term_of(text) if len(text) <= LONGEST_SURFACE and "\0" not in text else ""
        if term and not any("\ud800" <= char <= "\udfff" for char in text):
            batch.setdefault(term, text)
        progress(1)
        if len(batch) >= _BATCH:
            added += store()
            batch.clear()
    if batch:
        added += store()
    if added:
        bump_version(session, VOCABULARY_KIND)
    return added

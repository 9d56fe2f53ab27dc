"""What a change of the register of names can change: the texts that may hold what has changed.

A row of the nouns stage can differ between two registers only where one of its texts holds a
spelling, or something that may be a disguised one, of a name that was added, changed or removed; or
where the ranking that the register teaches judges a tag of it otherwise. Every such row is found
here, and some more: those are examined again, as the stage does it, and all others stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.disguise.index import SkeletonIndex, open_index
from models.nouns.disguise.skeletons import skeleton_of
from models.nouns.english.words import shipped_english_words
from models.nouns.knowledge import NounKnowledge
from models.nouns.matching.patterns import compile_patterns
from models.nouns.matching.searching import TableSearch
from models.nouns.recognisers.unlisted_tags import UnlistedTags
from models.nouns.recognisers.variants import Variants
from models.nouns.recognition import NounText
from models.nouns.register.entries import NameEntry, Surface, in_order
from models.nouns.register.history import NameChange, diff_register
from models.nouns.register.mapped import reopen_register
from models.nouns.register.search import read_entries
from models.nouns.register.storage import NameRegister, make_register
from models.nouns.tags.ranking import FEWEST_NAMES
from models.nouns.words import shipped_lexicon
from models.recleansing.origins import Origin
from models.store.tables import NameRow

_CROWDED = 200
_NAMESAKES = 16
_MOST_CHANGES = 2000
"""Changed names above which all is examined anew: looking for so many takes as long."""


class ChangedNames:
    """Tells which texts a change of the register may concern. Serves one thread at a time.

    Attributes:
        names: the names that differ, for people.
    """

    def __init__(
        self,
        changed: NameRegister,
        knowledge: NounKnowledge,
        ranked: UnlistedTags | None,
        cache: Path | None = None,
    ) -> None:
        """Make it.

        Args:
            changed: what is different, with every spelling that either register has.
            knowledge: what the stage knows now.
            ranked: the recogniser of unknown tags as the older register taught it, where that
                differs from what the newer one teaches.
            cache: folder for what is compiled.
        """
        ordinary, english = knowledge.ordinary, shipped_english_words()
        self.names = tuple(entry.name for entry in changed.entries)
        self._search = TableSearch(compile_patterns(changed, ordinary)).search
        self._variants = Variants(
            changed, ordinary, is_word=english.__contains__, word_list=english.digest
        )
        self._is_alike: Callable[[NounText], bool] | None = None
        if ranked is not None:
            now = UnlistedTags(knowledge.vocabulary, shipped_lexicon(), knowledge.register, cache)
            self._is_alike = now.judges_alike(ranked)

    def concerns(self, text: NounText) -> bool:
        """Whether what is found in a text may be something else now."""
        if self._search(text.normal) or self._variants.recognise([text])[0]:
            return True
        return self._is_alike is not None and not self._is_alike(text)


def find_changed_names(
    session: Session, origin: Origin, now: Origin, knowledge: NounKnowledge, cache: Path
) -> ChangedNames | None:
    """What has changed between two registers of names, or None where that cannot be told.

    Args:
        origin: what the older outputs were made from.
        now: what newer ones are made from.
        knowledge: loaded with the newer register.
        cache: folder for what is compiled.
    """
    try:
        difference = diff_register(session, origin.register, now.register)
    except RegisterError:
        return None
    if len(difference.changes) > _MOST_CHANGES:
        return None
    changed = make_register(_entries_of(session, difference.changes))
    if _is_crowded(changed, open_index(knowledge.register, knowledge.ordinary, cache)):
        return None
    if len(knowledge.register.entries) + len(difference.changes) < FEWEST_NAMES:
        return ChangedNames(changed, knowledge, None)
    ranked = _reopen_ranking(origin, knowledge, cache)
    return None if ranked is None else ChangedNames(changed, knowledge, ranked, cache)


def _entries_of(session: Session, changes: Sequence[NameChange]) -> Iterator[NameEntry]:
    """Each changed name with all spellings that it has now or had before."""
    ids = [change.name_id for change in changes]
    rows: list[NameRow] = []
    for start in range(0, len(ids), 500):
        found = session.query(NameRow).where(NameRow.id.in_(ids[start : start + 500]))
        rows += found
    now = {entry.id: entry for entry in read_entries(session, rows)}
    for change in changes:
        entry = now.get(change.name_id)
        surfaces: set[Surface] = {*change.came, *change.went}
        if entry is not None:
            surfaces.update(entry.surfaces)
            yield replace(entry, surfaces=in_order(tuple(surfaces)))
        else:
            yield NameEntry(change.name_id, change.name, change.category, in_order(tuple(surfaces)))


def _is_crowded(changed: NameRegister, index: SkeletonIndex) -> bool:
    """Whether the index looks names up by a beginning that about as many share as it lists.

    Where one more is too many, it lists none: then a change concerns texts without the name.
    """
    spread = 2 * sum(2 + 2 * len(entry.surfaces) for entry in changed.entries)
    for entry in changed.entries:
        for surface in entry.surfaces:
            skeleton = skeleton_of("".join(surface.text.split()))
            for end in range(1, len(skeleton) + 1):
                most = _CROWDED + spread + 1
                count = sum(1 for _ in islice(index.keys_beginning(skeleton[:end]), most))
                if abs(count - _CROWDED) <= spread:
                    return True
                if count < _NAMESAKES:
                    break
    return False


def _reopen_ranking(origin: Origin, knowledge: NounKnowledge, cache: Path) -> UnlistedTags | None:
    """The recogniser of unknown tags as an older register taught it, while its entries are kept."""
    for folder in cache.glob("register-*"):
        try:
            register = reopen_register(folder, origin.version)
        except RegisterError:
            continue
        return UnlistedTags(knowledge.vocabulary, shipped_lexicon(), register, cache)
    return None

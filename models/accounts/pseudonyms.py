"""What owners see in place of a reviewer's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.accounts.roles import Permission
from models.store.tables import AccountRow


def show_actors(
    session: Session, actors: Iterable[str], granted: frozenset[Permission]
) -> Mapping[str, str]:
    """How each of these is called before somebody with these permissions.

    Whoever may not see names gets pseudonyms, and "" for whoever has none: a name from before
    there were accounts, or a part of Kiyome itself.
    """
    wanted = set(actors)
    if Permission.SEE_NAMES in granted:
        return {actor: actor for actor in wanted}
    keys = {actor: key_of(actor) for actor in wanted}
    query = select(AccountRow.name_key, AccountRow.pseudonym).where(
        AccountRow.name_key.in_(set(keys.values()))
    )
    pseudonyms = {row.name_key: row.pseudonym for row in session.execute(query)}
    return {actor: pseudonyms.get(key, "") for actor, key in keys.items()}

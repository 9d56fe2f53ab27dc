"""Acting on an item that the caller holds: what all operations on one have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Protocol, TypeVar

from fastapi import Header
from pydantic import Field
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.queue import Item, find_item, lease_next
from models.review.turns import FOR_LEADS
from models.review.viewing import view_item
from review_ui.api.callers import Caller
from review_ui.api.fields import NO_NUL, Given, Line, Whole
from review_ui.api.item_shapes import ItemWhole, show_item
from review_ui.api.problems import ApiError
from review_ui.api.rulings import show_rulings
from review_ui.site import Site


class Done(Protocol):
    """What was done with an item; ``repeated`` where it had been done before."""

    @property
    def repeated(self) -> bool: ...


_T = TypeVar("_T", bound=Done)

Token = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
REPEATED = "already-ruled"
"""The code of a problem that says what was done before."""

IfMatch = Annotated[
    str | None,
    Header(
        max_length=200,
        description="The item's ETag: refused with 412 where something else is asked now.",
    ),
]


class Submitted(Given):
    """What goes with everything that is done with an item that the caller holds."""

    lease_token: Token
    item_version: Whole
    take_next: bool = Field(default=True, description="Take the next item as well.")
    next_of: Line | None = Field(
        default=None, description="The next item is wanted of this dataset; any, if left out."
    )


def act_on(
    site: Site,
    caller: Caller,
    item_id: str,
    sent: Submitted,
    if_match: str | None,
    act: Callable[[Session], _T],
) -> tuple[_T, ItemWhole | None]:
    """Do something with an item that the caller holds, and take the next one, or neither.

    What was done before is answered as it was the first time, whatever became of the item since.

    Args:
        act: does it, in the transaction in which the next item is taken; what the queue refuses is
            answered with a problem.

    Returns:
        What ``act`` returns, and the next item.

    Raises:
        ApiError: it cannot be done; nothing was written.
    """
    with site.database.transaction() as session:
        require_turn(session, item_id, sent, caller)
        outdated = find_outdated(session, site, item_id, caller, if_match)
        try:
            with refusing(session, site, item_id, sent, caller):
                done = act(session)
        except ApiError as error:
            raise (error if outdated is None or error.code == REPEATED else outdated) from error
        if outdated is not None and not done.repeated:
            raise outdated
        return done, take_following(session, site, caller, sent)


def take_following(
    session: Session, site: Site, caller: Caller, sent: Submitted
) -> ItemWhole | None:
    """The item that the caller gets after what they sent, held; None where they want none."""
    if not sent.take_next:
        return None
    return take_next_of(session, site, caller, sent.next_of)


def take_next_of(
    session: Session, site: Site, caller: Caller, dataset: str | None
) -> ItemWhole | None:
    """The caller's next item, held; None where nothing is left for them."""
    golden = site.golden_for(caller.visitor)
    found = lease_next(session, caller.name, dataset, golden)
    return show_item(session, site, found.id, caller, again=found.again) if found else None


def require_item(session: Session, item_id: str) -> Item:
    """An item.

    Raises:
        ApiError: there is none.
    """
    found = find_item(session, item_id)
    if found is None:
        raise ApiError("not-found", "There is no such item.")
    return found


def require_turn(session: Session, item_id: str, sent: Submitted, caller: Caller) -> Item:
    """An item on which the caller may act: what waits for a lead is for leads only.

    Raises:
        ApiError: there is no such item, or it takes a permission that the token has not.
    """
    item = require_item(session, item_id)
    for_lead = item.waits and item.waits_for in FOR_LEADS
    if for_lead and item.lease_token == sent.lease_token and not caller.adjudicates:
        raise ApiError("not-allowed", "This item waits for a lead.", "Use a lead's token.")
    return item


def find_outdated(
    session: Session, site: Site, item_id: str, caller: Caller, if_match: str | None
) -> ApiError | None:
    """412 where another version is asked than the caller has seen, or None."""
    if if_match in (None, "*"):
        return None
    view = view_item(session, item_id, caller.viewer(site))
    if view is not None and if_match == f'"{view.item.version}"':
        return None
    return ApiError("version-changed", remedy="Look at the item as it is now.")


@contextmanager
def refusing(
    session: Session, site: Site, item_id: str, sent: Submitted, caller: Caller
) -> Iterator[None]:
    """Answer what the queue refuses with a problem; the transaction is rolled back by it."""
    try:
        yield
    except AlreadyRuledError as error:
        raise already_ruled(session, site, item_id, sent.item_version, caller) from error
    except LeaseLostError as error:
        raise lease_lost() from error
    except ReviewError as error:
        raise ApiError("invalid", error.problem, error.remedy) from error


def lease_lost() -> ApiError:
    """409: the caller does not hold the item any more."""
    return ApiError(
        "lease-lost",
        "The lease on this item has ended, or something else is asked about it now.",
        "Nothing was written; take the item again.",
    )


def already_ruled(
    session: Session, site: Site, item_id: str, version: int, caller: Caller
) -> ApiError:
    """409 with the ruling that stands on this version, as far as the caller may see it."""
    view = view_item(session, item_id, caller.viewer(site))
    seen = [each for each in (view.rulings if view else ()) if each.item_version == version]
    shown = show_rulings(session, seen[:1], caller)
    return ApiError(
        REPEATED,
        "This version of the item has a ruling already.",
        "Nothing was written; undo that ruling to rule again, or take the next item.",
        extra={"ruling": shown[0].model_dump(mode="json")} if shown else {},
    )

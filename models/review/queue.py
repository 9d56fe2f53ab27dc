"""The review queue: everything that others may ask of it, in one place.

    open -> leased -> decided          a ruling was taken
      ^       |          |
      +-------+----------+             given back, skipped, or undone; asked anew
    open | leased -> superseded        nobody asks any more

Every function works inside the caller's transaction and takes the time from the database.
"""

from __future__ import annotations

from models.review.alike import MOST_ALIKE, AlikeItem, AlikeItems, find_alike
from models.review.enqueueing import EnqueueReport, enqueue, item_id_of
from models.review.grouping import group_items
from models.review.items import (
    LEASE_MS,
    WAITING,
    DatasetCounts,
    Item,
    ItemPage,
    ItemState,
    ItemSummary,
    Question,
    count_items,
    find_item,
    list_items,
)
from models.review.leasing import give_back, heartbeat, lease_item, lease_next
from models.review.reason_codes import RULING_REASONS, RulingKind, RulingReason, reasons_for
from models.review.rulings import MAX_NOTE, Ruled, decide, undo
from models.review.stored_rulings import (
    EffectiveRuling,
    StoredRuling,
    count_covered,
    effective_rulings,
    find_ruling,
    latest_ruling,
    rulings_on,
    rulings_with,
)
from models.review.together import LeftOut, RuledTogether, decide_alike

__all__ = [
    "LEASE_MS",
    "MAX_NOTE",
    "MOST_ALIKE",
    "RULING_REASONS",
    "WAITING",
    "AlikeItem",
    "AlikeItems",
    "DatasetCounts",
    "EffectiveRuling",
    "EnqueueReport",
    "Item",
    "ItemPage",
    "ItemState",
    "ItemSummary",
    "LeftOut",
    "Question",
    "Ruled",
    "RuledTogether",
    "RulingKind",
    "RulingReason",
    "StoredRuling",
    "count_covered",
    "count_items",
    "decide",
    "decide_alike",
    "effective_rulings",
    "enqueue",
    "find_alike",
    "find_item",
    "find_ruling",
    "give_back",
    "group_items",
    "heartbeat",
    "item_id_of",
    "latest_ruling",
    "lease_item",
    "lease_next",
    "list_items",
    "reasons_for",
    "rulings_on",
    "rulings_with",
    "undo",
]

"""The review queue: everything that others may ask of it, in one place.

    open -> leased -> decided          a ruling was taken
      ^       |          |
      +-------+----------+             given back, skipped, or undone; asked anew
    open | leased -> superseded        nobody asks any more

Every function works inside the caller's transaction and takes the time from the database.
"""

from __future__ import annotations

from models.review.enqueueing import EnqueueReport, enqueue, item_id_of
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
from models.review.rulings import (
    MAX_NOTE,
    EffectiveRuling,
    Ruled,
    StoredRuling,
    decide,
    effective_rulings,
    find_ruling,
    latest_ruling,
    rulings_on,
    undo,
)

__all__ = [
    "LEASE_MS",
    "MAX_NOTE",
    "RULING_REASONS",
    "WAITING",
    "DatasetCounts",
    "EffectiveRuling",
    "EnqueueReport",
    "Item",
    "ItemPage",
    "ItemState",
    "ItemSummary",
    "Question",
    "Ruled",
    "RulingKind",
    "RulingReason",
    "StoredRuling",
    "count_items",
    "decide",
    "effective_rulings",
    "enqueue",
    "find_item",
    "find_ruling",
    "give_back",
    "heartbeat",
    "item_id_of",
    "latest_ruling",
    "lease_item",
    "lease_next",
    "list_items",
    "reasons_for",
    "rulings_on",
    "undo",
]

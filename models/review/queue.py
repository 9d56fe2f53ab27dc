"""The review queue: everything that others may ask of it, in one place.

    open -> leased -> decided                           one person rules
            leased -> awaiting_second -> decided        two persons agree
                      awaiting_second -> adjudication -> decided
    leased -> escalated | asked_owner -> back           handed to a lead, or to the owner
    anything but decided -> superseded                  nobody asks any more, or it is taken down
    anything -> open                                    something else is asked

Every function works inside the caller's transaction and takes the time from the database.
"""

from __future__ import annotations

from models.review.admissible import MAX_NOTE
from models.review.alike import MOST_ALIKE, AlikeItem, AlikeItems, find_alike
from models.review.enqueueing import EnqueueReport, enqueue, item_id_of
from models.review.escalating import escalate, send_back
from models.review.golden_items import GoldenShare
from models.review.grouping import group_items
from models.review.items import (
    LEASE_MS,
    WAITING,
    Item,
    ItemState,
    Question,
    find_item,
)
from models.review.leasing import give_back, heartbeat, lease_item, lease_next, peek_next
from models.review.listing import (
    DatasetCounts,
    ItemPage,
    ItemSummary,
    count_items,
    count_waiting,
    list_items,
)
from models.review.questions_to_owners import ask_owner, withdraw_question
from models.review.reason_codes import RULING_REASONS, RulingKind, RulingReason, reasons_for
from models.review.referrals import Referral, referrals_on
from models.review.rulings import Ruled, decide
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
from models.review.streams import ANY, CaptionLanguage, Stage, Stream
from models.review.together import LeftOut, RuledTogether, decide_alike
from models.review.turns import Round, WaitsFor
from models.review.undoing import undo

__all__ = [
    "ANY",
    "LEASE_MS",
    "MAX_NOTE",
    "MOST_ALIKE",
    "RULING_REASONS",
    "WAITING",
    "AlikeItem",
    "AlikeItems",
    "CaptionLanguage",
    "DatasetCounts",
    "EffectiveRuling",
    "EnqueueReport",
    "GoldenShare",
    "Item",
    "ItemPage",
    "ItemState",
    "ItemSummary",
    "LeftOut",
    "Question",
    "Referral",
    "Round",
    "Ruled",
    "RuledTogether",
    "RulingKind",
    "RulingReason",
    "Stage",
    "StoredRuling",
    "Stream",
    "WaitsFor",
    "ask_owner",
    "count_covered",
    "count_items",
    "count_waiting",
    "decide",
    "decide_alike",
    "effective_rulings",
    "enqueue",
    "escalate",
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
    "peek_next",
    "reasons_for",
    "referrals_on",
    "rulings_on",
    "rulings_with",
    "send_back",
    "undo",
    "withdraw_question",
]

"""Which golden item a reviewer is shown when: by a secret, and never by what came before."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import Final

from models.errors import ReviewError
from models.review.quality.wording import plain_percent

LEAST_SHARE: Final = 0.02
"""Of a queue that is golden: with less, months pass before a careless reviewer is noticed."""

MOST_SHARE: Final = 0.05
"""Of a queue that is golden: more costs reviewers' time that the dataset needs."""

LEAST_KEY: Final = 16
"""Bytes of the secret that decides which item is golden."""


def choose_golden(
    key: bytes,
    reviewer: str,
    serial: int,
    pool: Collection[str],
    seen: Collection[str],
    *,
    share: float = 0.03,
) -> str | None:
    """The golden item to show as this reviewer's next item, or None for an ordinary one.

    Every place in the queue is golden with the same probability, whatever came before, so that
    neither counting nor waiting tells. The same arguments give the same answer: a page that is
    loaded again shows the same item. Whoever lacks the key cannot compute it.

    Args:
        key: secret bytes, the same for the whole queue.
        reviewer: who is served.
        serial: how many items the reviewer has been served before; stored, never counted anew.
        pool: the golden items there are.
        seen: those this reviewer has been served; none is shown twice.
        share: of places that are golden.

    Raises:
        ReviewError: the key is too short, or the share out of range.
    """
    if len(key) < LEAST_KEY:
        raise ReviewError(
            f"The key of the golden items has {len(key)} bytes.",
            f"Take {LEAST_KEY} random bytes or more.",
        )
    if not LEAST_SHARE <= share <= MOST_SHARE:
        raise ReviewError(
            f"A share of golden items of {share} is out of range.",
            f"Choose from {plain_percent(LEAST_SHARE)} to {plain_percent(MOST_SHARE)}.",
        )
    if _number(key, "slip", reviewer, str(serial)) >= share * 2**256:
        return None
    left = set(pool) - set(seen)
    return min(left, key=lambda item: (_number(key, "which", reviewer, item), item), default=None)


def _number(key: bytes, *parts: str) -> int:
    """A number below 2**256 that looks random to whoever lacks the key."""
    told = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return int.from_bytes(hmac.new(key, told, hashlib.sha256).digest(), "big")

"""What an item's columns hold when nobody holds the item."""

from __future__ import annotations

from typing import Any

from models.review.items import ItemState

RELEASED: dict[str, Any] = {
    "state": ItemState.OPEN.value,
    "lease_token": "",
    "lease_holder": "",
    "lease_until_ms": 0,
}
"""An item that nobody holds; whose word it waits for stays as it is."""

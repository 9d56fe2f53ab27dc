"""Links to items' pictures that work without a session, for a while: what a program may show.

A browser sends no token for an ``<img>``, and a session's cookie counts on the pages alone. So the
API hands out links that are signed: for one item, one size, and until a moment at most
``LONGEST_S`` away. Nothing of them is stored.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

STEP_S = 300
"""Links end at whole steps, so that a picture keeps its address, and a browser its copy."""

LONGEST_S = 3 * STEP_S
"""A link works for more than two steps, and for no more than three."""

_UNTIL = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PictureLink:
    """A link, and until when it works, in UTC seconds."""

    path: str
    until: int


class PictureLinks:
    """Makes links, and tells those that it made.

    Args:
        key: the secret that signs them.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, item_id: str, size: int, now: float) -> PictureLink:
        """A link to one copy of an item's picture.

        Args:
            now: UTC seconds.
        """
        until = (int(now) // STEP_S) * STEP_S + LONGEST_S
        signed = f"until={until}&signature={self._sign(item_id, size, str(until))}"
        return PictureLink(f"/shared/items/{item_id}/{size}?{signed}", until)

    def left(self, item_id: str, size: int, until: str, signature: str, now: float) -> int:
        """For how many seconds a link still works; 0 where it does not, or was never made."""
        if not _UNTIL.fullmatch(until):
            return 0
        expected = self._sign(item_id, size, until)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            return 0
        left = int(until) - int(now)
        return left if 0 < left <= LONGEST_S else 0

    def _sign(self, item_id: str, size: int, until: str) -> str:
        said = f"{item_id} {size} {until}"
        return hmac.digest(self._key, said.encode(), "sha256").hex()

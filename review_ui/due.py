"""By when items should be decided, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.review.desk import DAY_MS
from models.store.database import now_ms
from review_ui.site import Site


@dataclass(frozen=True, slots=True)
class Due:
    """Tells by when an item should be decided.

    Attributes:
        now: the database's time.
        days: how many days there are from when an item is asked about.
    """

    now: int
    days: int

    @classmethod
    def now_for(cls, session: Session, site: Site) -> Due:
        """As it is at this moment."""
        return cls(now_ms(session), site.due_days)

    def by(self, asked_ms: int) -> int:
        """By when, in UTC milliseconds."""
        return asked_ms + self.days * DAY_MS

    def late(self, asked_ms: int) -> int:
        """For how many whole days an item is late, at least one where it is; 0 where it is not."""
        over = self.now - self.by(asked_ms)
        return 0 if over <= 0 else 1 + over // DAY_MS

"""What every table has in common."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of every table."""

    type_annotation_map = {int: BigInteger}  # noqa: RUF012  (read by SQLAlchemy)

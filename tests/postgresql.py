"""Waiting for the PostgreSQL servers that tests start."""

from __future__ import annotations

import time

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError


def wait_until_ready(url: str, seconds: int = 10) -> None:
    """Return once a server takes connections.

    Raises:
        RuntimeError: it did not in so many seconds.
    """
    engine = create_engine(url)
    for _ in range(20 * seconds):
        try:
            engine.connect().close()
        except OperationalError:
            time.sleep(0.05)
        else:
            engine.dispose()
            return
    raise RuntimeError(f"the PostgreSQL server did not start within {seconds} seconds")

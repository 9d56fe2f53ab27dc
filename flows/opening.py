"""What a flow works with: the settings in force, their secrets handed over, and the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flows.handing_over import handing_over
from models.beginning import settle_workspace
from models.settings import Settings, load_settings
from models.store.database import Database
from models.store.schema import open_database


def settle(settings: Mapping[str, Any] | None) -> Settings:
    """The settings in force, with a workspace that is there and absolute.

    Args:
        settings: overrides, as a deployment gives them.

    Raises:
        KiyomeError: they cannot be used, or the workspace cannot be written.
    """
    return settle_workspace(load_settings(**(settings or {})))


@contextmanager
def opened(in_force: Settings) -> Iterator[Database]:
    """The database of settled settings, for as long as a flow needs it.

    Raises:
        KiyomeError: it cannot be used.
    """
    with handing_over(in_force):
        database = open_database(in_force.resolved_database_url)
        try:
            yield database
        finally:
            database.dispose()

"""What every command of the register needs: the database, and who is at the keyboard."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.settings import Settings

by_option = click.option(
    "--by", "actor", default="", help="Who makes the change.  [default: your login name]"
)


@contextmanager
def changing(workspace: Path | None) -> Iterator[tuple[Session, Settings]]:
    """A transaction on the workspace's registers, and the settings; made where there is none."""
    with opened(workspace, create=True) as (settings, database), database.transaction() as session:
        yield session, settings


@contextmanager
def looking(workspace: Path | None) -> Iterator[Session]:
    """A look at the registers of a workspace that is there, which holds up nobody."""
    with opened(workspace) as (_, database), database.snapshot() as session:
        yield session


def name_actor(given: str) -> str:
    """Who makes a change: the one named, else who is logged in, else nobody."""
    if given:
        return given
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""

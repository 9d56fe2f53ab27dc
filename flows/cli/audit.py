"""kiyome audit"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flows.cli.options import workspace_option


@click.group()
def audit() -> None:
    """Verify the audit trail of rulings.

    Every ruling, undo and takedown is a link of an append-only chain, in which each link covers
    the one before.
    """


@audit.command("verify")
@workspace_option
def verify_audit_command(workspace: Path | None) -> None:
    """Recompute the whole chain. Exits with 1 if a link was changed, removed or moved."""
    from models.review.audit import verify_audit
    from models.settings import load_settings
    from models.store.schema import open_database

    database = open_database(load_settings(workspace=workspace).resolved_database_url)
    try:
        with database.snapshot() as session:
            report = verify_audit(session)
    finally:
        database.dispose()
    click.echo(f"{report.rows} links: {report.detail}")
    if not report.ok:
        sys.exit(1)

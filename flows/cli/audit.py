"""kiyome audit"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import workspace_option


@click.group()
def audit() -> None:
    """Verify the audit trail of rulings.

    Every question, ruling, undo and takedown is a row of an append-only chain, in which each row
    covers the one before.
    """


@audit.command("verify")
@workspace_option
def verify_audit_command(workspace: Path | None) -> None:
    """Recompute the whole chain. Exits with 1 if a row was changed, removed or moved."""
    from models.review.audit import verify_audit

    with opened(workspace) as (_, database), database.snapshot() as session:
        report = verify_audit(session)
    if report.ok:
        mark = click.style("ok  ", fg="green")
        click.echo(f"{mark}  {report.rows} rows follow from each other, head {report.head or '-'}")
    else:
        click.echo(f"{click.style('FAIL', fg='red')}  {report.detail}")
        sys.exit(1)

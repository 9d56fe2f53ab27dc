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

    Every ruling, undo and takedown is a link of an append-only chain, in which each link covers
    the one before.
    """


@audit.command("verify")
@workspace_option
def verify_audit_command(workspace: Path | None) -> None:
    """Recompute the whole chain. Exits with 1 if a link was changed, removed or moved."""
    from models.review.audit import verify_audit

    with opened(workspace) as (_, database), database.snapshot() as session:
        report = verify_audit(session)
    click.echo(f"{report.rows} link(s): {report.detail or 'the chain is whole'}")
    if not report.ok:
        sys.exit(1)

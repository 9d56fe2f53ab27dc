"""kiyome review"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import workspace_option


@click.command()
@click.option("--port", type=int, help="Port of the page.  [default: from kiyome.toml, else 8620]")
@workspace_option
def review(port: int | None, workspace: Path | None) -> None:
    """Serve the page on which reviewers rule, until Ctrl-C.

    The page listens on this machine only, until there are accounts (`kiyome accounts`) and
    review_host names another address. Reviewers see each flagged asset with its evidence and
    approve, exclude or skip it; a ruling counts from the next `kiyome cleanse` on.
    """
    from models.beginning import settle_workspace
    from models.settings import load_settings
    from review_ui.app import create_app, serve

    settings = settle_workspace(load_settings(workspace=workspace, review_port=port))
    app = create_app(settings)
    click.echo(f"Review page: {settings.review_address}  (Ctrl-C stops)")
    serve(settings, app)

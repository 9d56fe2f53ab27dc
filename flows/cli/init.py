"""kiyome init"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

SETTINGS = """\
# Where things lie and how a run behaves. Every setting: docs/settings.md.
# A KIYOME_* variable overrides a line here, and an option of a command overrides both.

workspace = "workspace"
policy = "policy.toml"

# new_workspace = "never"      # after the first run: a disk that is away is no place for a new one
# encoder = "open_clip:ViT-B-32/laion2b_s34b_b79k"   # after `kiyome models pull`
# database_url = "postgresql+psycopg://kiyome@localhost/kiyome"
# consult = ["chain", "documents", "web"]             # whom a run asks about consent
# consent_rpc = { "eip155:1" = "https://your-node.example" }
# schedule = "0 3 * * *"
# timezone = "Asia/Tokyo"
"""


@click.command()
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), required=False
)
def init(folder: Path) -> None:
    """Write kiyome.toml and policy.toml to start from.

    They go into FOLDER, by default this one. Files that exist are left as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    policy = files("flows").joinpath("templates", "policy.toml").read_text(encoding="utf-8")
    for name, content in (("kiyome.toml", SETTINGS), ("policy.toml", policy)):
        path = folder / name
        if path.exists():
            click.echo(f"left as it is: {path}")
            continue
        path.write_text(content, encoding="utf-8")
        click.echo(f"written: {path}")
    click.echo(
        "Next: enter your contracts in policy.toml (images that nobody has granted are excluded),\n"
        "then run `kiyome doctor` and `kiyome cleanse FOLDER`."
    )

"""The demo: the bundled sample dataset, its registers and its policy, in a workspace of its own."""

from __future__ import annotations

import json
from pathlib import Path

from flows.running import run_cleansing
from models.beginning import settle_workspace
from models.files import write_atomically
from models.motifs.register import add_folder
from models.nouns.importing import import_names
from models.settings import Settings, load_settings
from models.store.schema import open_database
from models.summary import Summary
from tasks.progress import Listener

DATASET = "sample"


def run_demo(
    folder: Path, *, again: bool, listener: Listener | None = None
) -> tuple[Summary, Settings]:
    """Cleanse the sample.

    Args:
        folder: gets a workspace, and a kiyome.toml that makes the other commands use it.

    Returns:
        The summary, and the settings that were in force.

    Raises:
        KiyomeError: see ``flows.running.run_cleansing``.
    """
    settings, root = prepare_demo(folder)
    summary = run_cleansing(
        root, settings, dataset=DATASET, layout="kohya", again=again, listener=listener
    )
    return summary, settings


def prepare_demo(folder: Path) -> tuple[Settings, str]:
    """Write the demo's settings, and fill its registers.

    Returns:
        The settings, and where the sample dataset lies.
    """
    sample = Path(__file__).resolve().parent / "sample"
    workspace = (folder / "workspace").absolute()
    policy = sample / "policy.toml"
    lines = (
        f"{name} = {json.dumps(str(path))}"
        for name, path in (("workspace", workspace), ("policy", policy))
    )
    given = load_settings(workspace=workspace, policy=policy, new_workspace="always")
    settings = settle_workspace(given)
    write_atomically(folder / "kiyome.toml", ("\n".join(lines) + "\n").encode())
    database = open_database(settings.resolved_database_url)
    try:
        with database.transaction() as session:
            import_names(session, sample / "register.csv")
            add_folder(session, workspace, sample / "motifs")
    finally:
        database.dispose()
    return settings, str(sample / "dataset")

"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

workspace_option = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for everything Kiyome keeps.  [default: from kiyome.toml, else ./workspace]",
)
policy_option = click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The policy file.  [default: from kiyome.toml, else ./policy.toml]",
)
dataset_option = click.option(
    "--dataset", help="Name of the dataset.  [default: the only one in the workspace]"
)


def resolve_dataset(workspace: Path, given: str | None) -> str:
    """The dataset a command is about: the one named, or the only one there is.

    Raises:
        KiyomeError: none or several are there, and none was named.
    """
    from models.errors import WorkspaceError
    from models.workspace import check_dataset_name

    folder = workspace / "datasets"
    found = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if given:
        if found and check_dataset_name(given) not in found:
            raise WorkspaceError(
                f"There is no dataset {given!r} in the workspace {workspace}.",
                f"Its datasets: {', '.join(found)}.",
            )
        return check_dataset_name(given)
    if len(found) == 1:
        return found[0]
    if not found:
        raise WorkspaceError(
            f"There is no dataset in the workspace {workspace}.",
            "Run `kiyome cleanse` first, or name another workspace with --workspace.",
        )
    raise WorkspaceError(
        f"The workspace {workspace} holds several datasets: {', '.join(found)}.",
        "Say which with --dataset.",
    )

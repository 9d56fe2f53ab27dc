"""The flow that re-cleanses a known dataset, for Prefect: the same work, shown in its UI."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)

from flows.artifacts import name_artifact
from flows.recleanse import recleanse_known
from models.releases.difference import to_markdown as difference_to_markdown
from models.settings import load_settings
from models.summary import to_markdown
from tasks.progress import listening


@flow(name="recleanse", persist_result=False, validate_parameters=True)
def recleanse(
    dataset: str, settings: dict[str, Any] | None = None, sidecars: bool = False
) -> dict[str, Any]:
    """Decide a known dataset anew, without reading its source, and publish what is clear.

    Args:
        dataset: its name in the workspace.
        settings: overrides of the settings in force, as in kiyome.toml.
        sidecars: write the captions of the cleared assets into the release, too.

    Returns:
        What it came to (``flows.recleanse.Recleansed.as_dict``).

    Raises:
        KiyomeError: it cannot be done; the message says what to do.
    """
    shown = create_progress_artifact(
        progress=0.0, key=name_artifact("progress", dataset), description="Shards finished"
    )
    done = total = 0

    def listen(stage: str, finished: int, more: int) -> None:
        nonlocal done, total
        if stage == "shards":
            done, total = done + finished, total + more
            if total:
                update_progress_artifact(shown, progress=100 * done / total)

    with listening(listen):
        result = recleanse_known(dataset, load_settings(**(settings or {})), sidecars=sidecars)
    text = to_markdown(result.summary)
    if result.difference is not None:
        text += "\n\n" + difference_to_markdown(result.difference)
    create_markdown_artifact(
        key=name_artifact("cleanse", dataset),
        markdown=text,
        description=f"Re-cleansing of {dataset}",
    )
    return result.as_dict()

"""The task that puts flagged assets into the review queue, with the pictures a reviewer needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from prefect import task

from models.assets.asset import Asset, Location
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.duplicates.storing import read_representatives
from models.errors import WorkspaceError
from models.motifs.register import Reference
from models.review.derivatives import FOLDER, note_path
from models.review.questions import Asking, ReferenceCard, ask
from models.review.queue import Question, enqueue, group_items
from models.review.sampling.marking import list_awaiting
from models.review.thumbnails import write_derivatives
from models.settings import Settings
from models.verdicts import Verdict
from tasks.judged import read_judged
from tasks.order import Desk, open_desk
from tasks.progress import report


@task(name="review", persist_result=False)
def enqueue_review(order: str, verdicts: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Ask reviewers about every asset that needs one, and withdraw what nobody asks any more.

    Returns:
        How many items are new, reopened, unchanged and superseded.
    """
    desk = open_desk(order)
    references = desk.detectors.index.references
    asking = Asking(
        dataset=desk.order.dataset,
        run=desk.order.run_id,
        policy=desk.policy.label,
        limits=desk.policy.motifs,
        references={r.id: ReferenceCard(r.id, r.label, r.category, r.owner) for r in references},
        review=desk.policy.review,
    )
    questions: list[Question] = []
    pictured: list[Asset] = []
    cleared: set[str] = set()
    for assets, table in read_judged(desk, verdicts):
        asked = list(ask(assets, table, asking))
        questions += asked
        clear = pc.equal(table["verdict"], Verdict.CLEAR.value)
        cleared.update(table.filter(clear)["asset_id"].to_pylist())
        wanted = {question.asset_id for question in asked}
        pictured += [asset for asset in assets if asset.asset_id in wanted]
    draw_derivatives(desk, pictured, references)
    representatives = read_representatives(desk.workspace, desk.order.dataset)
    with desk.database.transaction() as session:
        # A sample of cleared assets is asked about as long as they are clear.
        sampled = list_awaiting(session, desk.order.dataset) & cleared
        still_asked = sampled.union(question.asset_id for question in questions)
        report = enqueue(session, desk.order.dataset, questions, still_asked)
        if representatives is not None:
            group_items(session, desk.order.dataset, representatives)
        return asdict(report)


def draw_derivatives(desk: Desk, assets: Sequence[Asset], references: Iterable[Reference]) -> None:
    """Write the small copies that the review page shows, of assets and of references.

    A picture that cannot be drawn is no reason to stop: the page shows why it is not there.
    """
    folder, settings = desk.workspace / FOLDER, desk.settings

    def draw_asset(asset: Asset) -> None:
        draw_copies(folder, settings, asset.asset_id, asset.locations[0])
        report("thumbnails", 1)

    def draw_reference(reference: Reference) -> None:
        location = Location(reference.label, str(reference.path))
        draw_copies(folder, settings, reference.id, location)

    if assets:
        report("thumbnails", 0, len(assets))
        with ThreadPoolExecutor(settings.workers) as pool:
            list(pool.map(draw_asset, assets))
            list(pool.map(draw_reference, references))


def draw_copies(folder: Path, settings: Settings, picture_id: str, location: Location) -> None:
    """Write the small copies of one picture, or a note that says why there are none.

    Raises:
        WorkspaceError: they cannot be written.
    """
    try:
        try:
            data = read_location(location, settings.max_bytes)
            write_derivatives(data, picture_id, folder, settings.max_pixels)
        except FaultError as error:
            note_missing(folder, picture_id, error)
    except OSError as error:
        raise WorkspaceError(
            f"Small copies of pictures cannot be written to {folder}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def note_missing(folder: Path, asset_id: str, error: FaultError) -> None:
    """Leave a note for the page that says why there is no picture."""
    note = note_path(folder, asset_id)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{error.fault.reason.value}: {error.fault.detail}\n", encoding="utf-8")

"""Drawing the blind sample of a release: from its manifest to items with pictures.

Not a part of a run: a person calls it once a release is published.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from models.assets.asset import Asset
from models.errors import LedgerError, ReleaseError
from models.judged import read_last_judged
from models.ledger.log import UsageLedger
from models.releases.publishing import latest_release, read_facts, read_manifest
from models.releases.release import Release
from models.review.derivatives import FOLDER
from models.review.sampling.asking import Released, ask_sampled
from models.review.sampling.drawing import (
    Asked,
    Draft,
    draft_sample,
    find_drawn,
    list_priorities,
    store_sample,
)
from models.review.sampling.pace import measure_pace
from models.review.sampling.stored import Terms
from models.review.sampling.strata import part_cleared
from models.settings import Settings
from models.store.database import Database
from tasks.progress import report
from tasks.review import draw_copies


@dataclass(frozen=True, slots=True)
class Planned:
    """A sample before it is drawn.

    Attributes:
        draft: the sample.
        drawn_before: just this one was drawn before.
        seconds_each: what a ruling takes a reviewer.
        measured: that was measured here, and not assumed.
    """

    draft: Draft
    drawn_before: bool
    seconds_each: float
    measured: bool


def plan_sample(settings: Settings, database: Database, release: Release, terms: Terms) -> Planned:
    """Plan and draw a sample from a release's manifest, without storing or asking anything.

    Raises:
        LedgerError: the usage ledger does not hold the release yet.
        ReleaseError: its manifest is damaged, or there is a newer release.
        ReviewError: there is nothing to draw from, or another sample was drawn from it.
    """
    manifest = read_manifest(release, settings.workspace)
    if manifest is None:
        raise ReleaseError(
            f"The manifest in {release.path(settings.workspace)} is missing or damaged.",
            "Restore it from a backup.",
        )
    cleared = part_cleared(manifest, terms.parting)
    root = _find_root(settings, release)
    draft = draft_sample(release.id, release.dataset, cleared, terms, root)
    with database.snapshot() as session:
        drawn_before = find_drawn(session, draft)
        seconds, measured = measure_pace(session)
    newest = latest_release(database, release.dataset)
    if not drawn_before and newest is not None and newest.id != release.id:
        raise ReleaseError(
            f"Release {release.number} of {release.dataset} is not the newest one.",
            f"Draw from release {newest.number}: its assets are there to be looked at.",
        )
    return Planned(draft, drawn_before, seconds, measured)


def draw_planned(
    settings: Settings, database: Database, release: Release, planned: Planned
) -> Asked:
    """Store a planned sample and ask reviewers about it. Again, it changes nothing.

    Raises:
        ReviewError: the last run has not cleared what was drawn, or another sample was drawn.
        WorkspaceError: what the last run judged is gone.
    """
    draft = planned.draft
    facts = read_facts(release, settings.workspace)
    policy = facts.get("policy", {})
    with database.snapshot() as session:
        priorities = list_priorities(session, release.dataset)
    released = Released(
        dataset=release.dataset,
        run=str(facts.get("run", "")),
        policy=str(policy.get("label", "")),
        policy_sha256=str(policy.get("sha256", "")),
        seed=draft.seed,
        priorities=priorities,
    )
    asked = list(
        ask_sampled(
            read_last_judged(settings.workspace, release.dataset),
            draft.assets,
            released,
            all_of_them=not planned.drawn_before,
        )
    )
    _draw_pictures(settings, [asset for asset, _ in asked])
    with database.transaction() as session:
        return store_sample(session, draft, [question for _, question in asked])


def _find_root(settings: Settings, release: Release) -> str:
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    batch = ledger.batch(release.id)
    if batch is None:
        raise LedgerError(
            f"The usage ledger does not hold release {release.number} of {release.dataset}.",
            "Run `kiyome cleanse` again: it enters what is missing.",
        )
    return batch.root


def _draw_pictures(settings: Settings, assets: Iterable[Asset]) -> None:
    """The small copies that the page shows; where one cannot be drawn the page says why."""
    folder = settings.workspace / FOLDER

    def draw(asset: Asset) -> None:
        draw_copies(folder, settings, asset.asset_id, asset.locations[0])
        report("thumbnails", 1)

    chosen = list(assets)
    report("thumbnails", 0, len(chosen))
    with ThreadPoolExecutor(settings.workers) as pool:
        list(pool.map(draw, chosen))

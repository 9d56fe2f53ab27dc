"""The flow that draws the blind sample of a dataset's newest release."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger

from flows.opening import opened, settle
from models.errors import ReleaseError
from models.releases.publishing import latest_release
from models.review.quality.audit_sample import Aim
from models.review.sampling.stored import Terms
from models.review.sampling.strata import Parting
from tasks.assurance import draw_planned, plan_sample


@flow(name="draw-sample", persist_result=False)
def draw_sample(
    dataset: str,
    at_most: float = 0.01,
    confidence: float = 0.95,
    settings: dict[str, Any] | None = None,
) -> int:
    """Draw the sample, unless just this one was drawn; reviewers find it in their queue.

    Args:
        dataset: its name in the workspace.
        at_most: the share of violations that is to be claimed, 0 to 1.
        confidence: of the claim, 0 to 1.
        settings: overrides of the settings in force.

    Returns:
        How many assets it has.

    Raises:
        KiyomeError: there is no release, or another sample was drawn from it.
    """
    in_force = settle(settings)
    with opened(in_force) as database:
        release = latest_release(database, dataset)
        if release is None:
            raise ReleaseError(
                f"{dataset} has no release to draw from.", "Run `kiyome cleanse` first."
            )
        terms = Terms(Parting.REASON, Aim.OVERALL, at_most, confidence, 0, "")
        planned = plan_sample(in_force, database, release, terms)
        if planned.drawn_before:
            get_run_logger().info("Release %s has this sample already.", release.number)
        else:
            draw_planned(in_force, database, release, planned)
    return sum(map(len, planned.draft.drawn.values()))

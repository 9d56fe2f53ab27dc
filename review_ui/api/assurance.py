"""What the blind samples of cleared assets show."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from review_ui.api.callers import SeesAssurance
from review_ui.api.fields import clean
from review_ui.api.problems import describe
from review_ui.site import ThisSite

router = APIRouter(tags=["assurance"])


class Said(BaseModel):
    """A sentence in both languages."""

    en: str
    ja: str


class AssuranceReport(BaseModel):
    """What one sample shows so far, as `kiyome assurance` writes it."""

    model_config = ConfigDict(extra="allow")

    format: str = Field(examples=["kiyome/assurance/1"])
    release: str
    dataset: str
    standing: str
    claim: Said = Field(description="The sentence that may be published.")


@router.get("/assurance", responses=describe())
def list_reports(site: ThisSite, caller: SeesAssurance) -> list[AssuranceReport]:  # noqa: ARG001
    """Every sample, the newest first. Which assets were drawn is told once all are ruled on."""
    # Bounds take numpy and scipy, which nothing else here needs.
    from models.review.sampling.reporting import report_samples

    with site.database.snapshot() as session:
        reports = report_samples(session)
    return [AssuranceReport.model_validate(clean(report.as_dict())) for report in reports]

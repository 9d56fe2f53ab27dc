"""What is known of a release's review: how far reviewers agree, and the assurance figure."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.compliance.decisions import Ruled
from models.compliance.facts import Facts, Review
from models.errors import ReviewError
from models.releases.release import Release
from models.review.quality.agreement import Measure, Rating, measure_agreement
from models.review.quality.wording import Words
from models.review.reason_codes import RulingKind
from models.review.sampling.reporting import report_sample
from models.review.sampling.strata import Parting
from models.store.tables import ReviewItemRow, RulingRow

FILE: Final = "review.json"
FORMAT: Final = "kiyome/review/1"
_CATEGORIES: Final = tuple(
    kind.value for kind in (RulingKind.APPROVE, RulingKind.EXCLUDE, RulingKind.REWRITE)
)
NOTHING_SAMPLED: Final = Words(
    "No sample of the cleared assets was drawn: nothing can be said about what was overlooked.",
    "許可された画像からの標本抽出が行われていないため、見落としについては何も言えません。",
)


def read_rulings(session: Session, dataset: str) -> dict[str, Ruled]:
    """Every ruling on a dataset's assets, by ruling id."""
    columns = (RulingRow.id, RulingRow.ruling, RulingRow.reason_code, RulingRow.reviewer)
    query = select(*columns, RulingRow.ruled_ms).where(RulingRow.dataset == dataset)
    return {row[0]: Ruled(*row[1:]) for row in session.execute(query)}


def read_review(session: Session, release: Release) -> Review:
    """How far the rulings up to a release can be relied on, and its sample's figure."""
    counted = select(func.count()).where(
        RulingRow.dataset == release.dataset, RulingRow.ruled_ms <= release.created_ms
    )
    agreement = measure_agreement(read_ratings(session, release), categories=_CATEGORIES)
    assurance, claim = None, NOTHING_SAMPLED
    try:
        report = report_sample(session, release.id)
    except ReviewError:
        pass
    else:
        assurance, claim = report.as_dict(), report.claim
        assurance.pop("drawn", None)
        if report.sample.terms.parting is Parting.FOLDER:
            for number, stratum in enumerate(assurance["strata"], 1):
                stratum["name"] = f"folder {number}"
    return Review(session.scalar(counted) or 0, agreement, assurance, claim)


def read_ratings(session: Session, release: Release) -> list[Rating]:
    """The rulings by which agreement is measured: both of each item on which two persons ruled.

    ``Rating.reviewer`` is the account's name: to be counted with, and written nowhere.
    """
    item = ReviewItemRow
    items = session.execute(
        select(item.id, item.first_ruling, item.second_ruling).where(
            item.dataset == release.dataset, item.second_ruling != ""
        )
    ).all()
    wanted = {ruling: row.id for row in items for ruling in (row.first_ruling, row.second_ruling)}
    query = select(RulingRow.id, RulingRow.reviewer, RulingRow.ruling).where(
        RulingRow.dataset == release.dataset, RulingRow.ruled_ms <= release.created_ms
    )
    return [
        Rating(wanted[row.id], row.reviewer, row.ruling)
        for row in session.execute(query.order_by(RulingRow.id))
        if row.id in wanted and row.ruling in _CATEGORIES
    ]


def build_review(facts: Facts) -> dict[str, Any]:
    """``review.json``."""
    review, agreement = facts.review, facts.review.agreement
    measures = (agreement.raw, agreement.kappa, agreement.alpha, agreement.ac1)
    return {
        "format": FORMAT,
        "dataset": facts.release.dataset,
        "release": {"id": facts.release.id, "number": facts.release.number},
        "rulings": review.rulings,
        "agreement": {
            "about": "items on which two persons had to rule, each without knowing of the other",
            "reviewers": agreement.reviewers,
            "measures": [_tell(measure) for measure in measures],
        },
        "assurance": review.assurance,
        "claim": {"en": review.claim.en, "ja": review.claim.ja},
    }


def _tell(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "estimate": measure.estimate,
        "low": measure.low,
        "high": measure.high,
        "items": measure.items,
        "absence": measure.absence.value if measure.absence else None,
        "words": {"en": measure.words.en, "ja": measure.words.ja},
    }

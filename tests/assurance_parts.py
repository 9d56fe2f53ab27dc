"""A published release in an empty database, and samples drawn from it, without any run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from models.review.items import Question
from models.review.quality.audit_sample import Aim
from models.review.queue import decide, item_id_of, lease_item
from models.review.sampling.drawing import Asked, Draft, draft_sample, store_sample
from models.review.sampling.stored import Terms
from models.review.sampling.strata import Cleared, Parting
from models.store.database import Database
from models.store.tables import ReleaseRow
from tests.review_seed import make_evidence

DATASET = "foxes"
RELEASE = "5" * 64
TERMS = Terms(Parting.FOLDER, Aim.OVERALL, 0.2, 0.9, 0, "")


def asset(number: int) -> str:
    """The id of an asset."""
    return f"{number:064x}"


def put_release(database: Database, release_id: str = RELEASE, number: int = 1) -> None:
    """The row of a release; it has no folder."""
    with database.transaction() as session:
        session.add(
            ReleaseRow(
                id=release_id,
                dataset=DATASET,
                number=number,
                manifest_sha256="a" * 64,
                exclusions_sha256="b" * 64,
                folder=f"releases/{DATASET}/{number}",
                cleared=40,
                removed=0,
                created_ms=number,
            )
        )


def clear(count: int = 40, strata: Sequence[str] = ("cats", "dogs"), approved: int = 0) -> Cleared:
    """Assets by stratum, as many in each."""
    each = count // len(strata)
    return Cleared(
        {
            name: tuple(asset(n * each + m) for m in range(each))
            for n, name in enumerate(sorted(strata))
        },
        approved,
    )


def ask(assets: Iterable[str], salt: str = "") -> list[Question]:
    """The question of each asset; with the same salt it is the same."""
    return [
        Question(
            each,
            f"{salt}{each}"[:64].ljust(64, "0"),
            400,
            make_evidence(each, f"{each[-4:]}.png", dataset=DATASET, reasons=()),
        )
        for each in sorted(assets)
    ]


def draft(terms: Terms = TERMS, release_id: str = RELEASE, cleared: Cleared | None = None) -> Draft:
    """A sample that is not stored."""
    return draft_sample(release_id, DATASET, cleared or clear(), terms, "c" * 64)


def draw(database: Database, drafted: Draft | None = None, salt: str = "") -> tuple[Draft, Asked]:
    """Draw a sample into the queue."""
    drafted = drafted or draft()
    with database.transaction() as session:
        return drafted, store_sample(session, drafted, ask(drafted.assets, salt))


def rule(database: Database, rulings: Mapping[str, str], reviewer: str = "mika") -> None:
    """Rule on items by asset id: approve or exclude."""
    reasons = {"approve": "nothing_found", "exclude": "derived_motif"}
    for asset_id, ruling in rulings.items():
        with database.transaction() as session:
            item = lease_item(session, item_id_of(DATASET, asset_id), reviewer)
            given = (item.version, ruling, reasons[ruling], "", reviewer)
            decide(session, item.id, item.lease_token, *given)

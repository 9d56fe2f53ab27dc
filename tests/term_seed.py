"""Unknown terms for tests: as findings, as a list, and as items that hang on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from models.assets.asset import Asset, Caption, Location
from models.findings import Finding
from models.nouns.recognition import term_of
from models.nouns.terms.listing import replace_terms
from models.nouns.terms.tally import TermTally
from models.review.queue import Question, enqueue
from models.store.database import Database

DETECTOR = "vocabulary/1"


def asset_id_of(name: str) -> str:
    """An id for an asset of a test."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def make_asset(name: str, caption: str) -> Asset:
    """An asset with one caption."""
    return Asset(
        asset_id_of(name), (Location(name, f"/set/{name}"),), (Caption(caption, f"{name}.txt"),)
    )


def unknown(caption: str, surface: str, score: float = 0.7, category: str = "") -> Finding:
    """The finding of an unknown term in a caption."""
    start = caption.index(surface)
    return Finding(
        kind="unknown_term",
        detector=DETECTOR,
        score=score,
        explanation=f"{surface!r} is on no list of tags.",
        category=category,
        caption=0,
        start=start,
        end=start + len(surface),
        surface=surface,
        source="caption",
        term=term_of(surface),
    )


def store_terms(
    database: Database,
    dataset: str,
    captions: Mapping[str, tuple[str, Sequence[Finding]]],
    run: str = "run-1",
) -> int:
    """The terms of a dataset as a run would list them, from name to caption and findings."""
    with TermTally() as tally, database.transaction() as session:
        for name, (caption, findings) in captions.items():
            tally.add(make_asset(name, caption), findings)
        return replace_terms(session, dataset, tally.read(), run)


def ask_about(
    database: Database, dataset: str, asked: Mapping[str, Sequence[Finding]], *, other: str = ""
) -> None:
    """Items that ask about the findings of each asset, and about one more reason."""
    reasons = ["unknown_term", *([other] if other else [])]
    questions = [
        Question(
            asset_id=asset_id_of(name),
            digest=hashlib.sha256(
                repr([(f.kind, f.term) for f in findings] + reasons).encode()
            ).hexdigest(),
            priority=250,
            evidence={
                "asset": {"id": asset_id_of(name), "name": name, "names": [name]},
                "captions": [],
                "findings": [finding.as_dict() for finding in findings],
                "reasons": reasons,
            },
        )
        for name, findings in asked.items()
    ]
    with database.transaction() as session:
        enqueue(session, dataset, questions, None)

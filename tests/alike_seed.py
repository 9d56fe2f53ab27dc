"""Items about near-identical pictures, as a run would put them there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.findings import Finding
from models.review.queue import (
    Item,
    Question,
    enqueue,
    find_item,
    group_items,
    item_id_of,
    lease_item,
)
from models.store.database import Database
from tests.review_seed import DATASET, draw_mascot, make_evidence, put, store_picture

COAT, RIBBON = "#f1e3cc", "#5b7fb8"


def asset(number: int) -> str:
    return f"{number:064x}"


def resembles(label: str = "Kokoneko Mimi", score: float = 0.9) -> Finding:
    return Finding(
        kind="motif_resembles",
        detector="layout/1",
        score=score,
        explanation="It resembles the motif.",
        reference=hashlib.sha256(label.encode()).hexdigest(),
        label=label,
        category="character",
    )


def ask_alike(
    database: Database,
    numbers: Sequence[int],
    *,
    digest: str = "a",
    cluster: bool = True,
    dataset: str = "foxes",
    **evidence: Any,
) -> None:
    """Ask the same about some assets, which are one cluster; the lowest number represents it."""
    given = {"findings": [resembles()], "reasons": ["motif_resembles"], **evidence}
    questions = []
    for number in numbers:
        name = f"{number}.png"
        asked = make_evidence(asset(number), name, dataset=dataset, **given)
        digest_ = hashlib.sha256(f"{digest}{number}".encode()).hexdigest()
        questions.append(Question(asset(number), digest_, 0, asked))
    with database.transaction() as session:
        enqueue(session, dataset, questions, None)
    if cluster:
        regroup(database, numbers, dataset)


def regroup(database: Database, numbers: Sequence[int], dataset: str = "foxes") -> None:
    """Say that these assets, and no others, are near-identical."""
    representatives = {asset(number): asset(min(numbers)) for number in numbers}
    with database.transaction() as session:
        group_items(session, dataset, representatives)


def look(database: Database, number: int, dataset: str = "foxes") -> Item:
    with database.snapshot() as session:
        item = find_item(session, item_id_of(dataset, asset(number)))
    assert item is not None
    return item


def take(database: Database, number: int, reviewer: str = "mika") -> Item:
    with database.transaction() as session:
        return lease_item(session, item_id_of("foxes", asset(number)), reviewer)


def seed_cluster(database: Database, workspace: Path) -> list[str]:
    """A cluster of seven pictures for the review page, and one picture beside it.

    Of the seven the last but one has other captions, and about the last something else is asked.

    Returns:
        The asset ids, the representative first.
    """
    reference = store_picture(workspace, draw_mascot((320, 320), "#f4ead8", "#c8342c"))
    card = {"id": reference, "label": "Kokoneko Mimi", "category": "character", "owner": "Studio"}
    found = Finding(
        kind="motif_resembles",
        detector="layout/1",
        score=0.94,
        explanation="The head, its ears and the ribbon lie as in the registered motif.",
        reference=reference,
        label="Kokoneko Mimi",
        category="character",
        box=(0.13, 0.16, 0.57, 0.62),
    )
    named = Finding(
        kind="name_protected",
        detector="register/1",
        score=1.0,
        explanation="The caption says 'kokoneko_mimi', which is registered.",
        reference="n-1",
        label="Kokoneko Mimi",
        category="character",
        caption=0,
        start=0,
        end=13,
        surface="kokoneko_mimi",
    )
    ids = []
    for number in range(8):
        size = (450 - 30 * number, 300 - 20 * number)
        ids.append(store_picture(workspace, draw_mascot(size, COAT, RIBBON)))
        caption = "A cat with a blue ribbon sits before a hill"
        evidence = make_evidence(
            ids[-1],
            f"set/cat_{number:02d}.png",
            captions=[{5: "青いリボンの猫。", 6: "kokoneko_mimi, sitting"}.get(number, caption)],
            findings=[found, named] if number == 6 else [found],
            reasons=["motif_resembles", "name_protected"] if number == 6 else ["motif_resembles"],
            references=[card],
        )
        evidence["asset"]["width"], evidence["asset"]["height"] = size
        put(database, evidence, priority=700)
    with database.transaction() as session:
        group_items(session, DATASET, dict.fromkeys(ids[:7], ids[0]))
    return ids

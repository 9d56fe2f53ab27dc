"""The assurance figure from end to end: cleanse, draw, rule on the page, report, cleanse again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from models.nouns.register.storage import add_name
from models.releases.publishing import latest_release
from models.review.audit import verify_audit
from models.review.queue import list_items
from models.review.sampling.drawing import make_seed
from models.review.sampling.stored import find_sample, list_sampled
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import ReviewItemRow, RulingRow
from review_ui.app import create_app
from tests.integration.test_review_page import Reviewer
from tests.pipeline import POLICY, draw_dataset, draw_picture, run_kiyome

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]
PICTURES = 24
KIRARI = "Hoshino Kirari waves from the platform"


class Studio:
    """A workspace and a dataset, worked on with real commands."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.workspace = folder / "workspace"
        self.root = draw_dataset(folder / "set", PICTURES, {0: KIRARI})
        (self.root / "more").mkdir()
        draw_picture(self.root / "more" / "a.png", 200)
        (self.root / "more" / "a.txt").write_text("another drawing", encoding="utf-8")
        policy = folder / "policy.toml"
        policy.write_text(POLICY, encoding="utf-8")
        self.env = {
            "KIYOME_WORKSPACE": str(self.workspace),
            "KIYOME_POLICY": str(policy),
            "KIYOME_DATABASE_URL": database_url,
            "KIYOME_WORKERS": "2",
        }
        self.settings = Settings(workspace=self.workspace, policy=policy, database_url=database_url)
        self.database: Database = open_database(database_url)

    def say(self, *words: str | Path, code: int = 0) -> str:
        done = run_kiyome(*words, env=self.env)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def waiting(self) -> dict[str, str]:
        """Reasons of each waiting item, by name."""
        with self.database.snapshot() as session:
            items = list_items(session, dataset="set", limit=200).items
        return {item.name: ",".join(item.reasons) for item in items}

    def release(self) -> Any:
        found = latest_release(self.database, "set")
        assert found is not None
        return found

    def names(self) -> set[str]:
        folder = self.release().path(self.workspace)
        table = pq.read_table(folder / "manifest.parquet")
        return {name for names in table["names"].to_pylist() for name in names}


@pytest.fixture
def studio(tmp_path: Path, database_url: str) -> Iterator[Studio]:
    made = Studio(tmp_path, database_url)
    yield made
    made.database.dispose()


def test_a_violation_found_blind_is_counted_and_leaves_the_next_release(
    studio: Studio, tmp_path: Path
) -> None:
    with studio.database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
    studio.say("cleanse", studio.root, "--dataset", "set")
    flagged = studio.waiting()
    assert flagged == {"000.png": "name_protected"}
    first = studio.release()

    drawing = ("assurance", "draw", "1", "--at-most", "20%", "--by", "folder", "--allowed", "1")
    planned = studio.say(*drawing, "--dry-run")
    assert "24 assets that a machine cleared, by folder" in planned
    assert "Nothing was drawn" in planned
    assert studio.waiting() == flagged

    drawn = studio.say(*drawing)
    with studio.database.snapshot() as session:
        sample = find_sample(session, first.id)
        sampled = list_sampled(session, first.id)
        priorities = set(session.scalars(select(ReviewItemRow.priority)))
    assert sample is not None
    assert f"Drawn: {sample.total} items are in the review queue" in drawn
    assert sample.seed == make_seed(first.id, sample.ledger_root, "")
    assert len(priorities) == 1
    assert len(studio.waiting()) == sample.total + 1
    assert "drawn before" in studio.say(*drawing)
    assert "with other terms" in studio.say("assurance", "draw", "1", code=1)

    # A run in between leaves the sample in the queue.
    studio.say("cleanse", studio.root, "--dataset", "set", "--again")
    assert len(studio.waiting()) == sample.total + 1
    assert studio.release().id == first.id

    told = studio.say("assurance", "report", "1")
    assert f"Too few are ruled on for a final figure: 0 of {sample.total}" in told

    excluded = rule_on_all(studio, {each.asset_id for each in sampled})
    file = tmp_path / "assurance.json"
    told = studio.say("assurance", "report", "1", "--json", file)
    assert "violations found: 1." in told
    assert "The sample shows it." in told
    assert "抽出した" in studio.say("assurance", "report", "1", "--language", "ja")
    value = json.loads(file.read_text(encoding="utf-8"))
    assert (value["overall"]["violations"], value["overall"]["unruled"]) == (1, 0)
    violating = [e for each in value["drawn"].values() for e in each if e["violates"]]
    assert len(violating) == 1

    assert excluded in studio.names()
    said = studio.say("cleanse", studio.root, "--dataset", "set")
    assert "Assurance: With 95 % confidence" in said
    assert studio.release().number == 2
    assert excluded not in studio.names()
    removed = pq.read_table(studio.release().path(studio.workspace) / "removed.parquet")
    assert removed["names"].to_pylist() == [[excluded]]
    assert "violations found: 1." in studio.say("assurance", "report", "1")
    with studio.database.snapshot() as session:
        assert verify_audit(session).ok
    assert "ok" in studio.say("recount", "--dataset", "set")


def rule_on_all(studio: Studio, sampled: set[str]) -> str:
    """Rule over HTTP on everything that waits; exclude the first of the sample.

    Returns:
        The name of the excluded asset.
    """
    app = create_app(studio.settings, studio.database)
    mika = Reviewer(app, "mika")
    excluded = ""
    shapes = set()
    try:
        for _ in range(len(sampled) + 1):
            path, form = mika.take_next()
            page = mika.open(path)
            shapes.add(tuple(re.findall(r"<h2 id=\"(\w+)\"", page)))
            found = re.search(r"<dt>Asset id</dt><dd><code>(\w{64})|<code>(\w{64})</code>", page)
            assert found
            asset = found[1] or found[2]
            blind = asset in sampled
            assert "sample" not in page.lower()
            assert ("Protected name" in page or "Hoshino Kirari" in page) is not blind
            reasons = {"approve_reason": "nothing_found" if blind else "other_name"}
            if blind and not excluded:
                shown = re.search(r"<h1><bdi>([^<]+)</bdi>", page)
                assert shown
                excluded = shown[1]
                answer = mika.rule(path, form, "exclude", exclude_reason="derived_motif")
            else:
                answer = mika.rule(path, form, **reasons)
            assert answer.status_code == 303, answer.text
        assert len(shapes) == 1
        page = mika.open("/assurance")
        assert "violations found: 1." in page
        assert "set, release 1" in page
        assert "違反は1件" in Reviewer(app, "mika", "ja").open("/assurance")
    finally:
        mika.http.close()
    with studio.database.snapshot() as session:
        marked = set(session.scalars(select(RulingRow.asset_id).where(RulingRow.question != "")))
    assert sampled <= marked
    return excluded

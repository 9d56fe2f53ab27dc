"""Two persons, adjudication, questions and golden items on the page, without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from models.accounts.roles import Role
from models.review.golden_marking import measure_reviewers
from models.review.queue import Question as Asked
from models.review.queue import effective_rulings, enqueue, item_id_of
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.review_seed import CAPTIONS, DATASET, make_evidence, seed
from tests.rounds_seed import put_owner

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
STUDIO = "CN=Studio Tsukimachi"
"""Who speaks about the first seeded item."""


@pytest.fixture
def app(tmp_path: Path, sqlite_database: Database) -> Any:
    return open_app(tmp_path, sqlite_database)


def open_app(folder: Path, database: Database, count: int = 4, **settings: Any) -> Any:
    for name in ("mika", "jun"):
        put_account(database, name)
    put_account(database, "lead", Role.LEAD)
    app = create_app(Settings(workspace=folder / "workspace", **settings), database)
    app.state.assets = seed(database, app.state.site.workspace, count)
    return app


def need_two(database: Database, app: Any) -> None:
    """Let a policy ask for two persons on the first item."""
    from models.review.queue import find_item

    item_id = address(app)[7:]
    with database.transaction() as session:
        item = find_item(session, item_id)
        assert item is not None
        question = Asked(item.asset_id, item.question, 900, item.evidence, 2)
        enqueue(session, DATASET, [question], None)


def address(app: Any, number: int = 0) -> str:
    return f"/items/{item_id_of(DATASET, app.state.assets[number])}"


def fields_of(text: str) -> dict[str, str]:
    return dict(re.findall(r'name="(lease_token|item_version)" value="(\w+)"', text))


def rule(window: Window, path: str, ruling: str, **more: str) -> Any:
    window.send(f"{path}/lease")
    text = window.http.get(path).text
    reasons = {"approve_reason": "other_motif", "exclude_reason": "copied_motif"}
    return window.send(f"{path}/ruling", ruling=ruling, **fields_of(text), **reasons, **more)


def effective(database: Database) -> list[str]:
    with database.snapshot() as session:
        return [each.ruling for each in effective_rulings(session, DATASET).values()]


def test_scores_are_shown_to_neither_of_two(app: Any, sqlite_database: Database) -> None:
    mika = signed_in(app, "mika")
    assert "0.94" in mika.http.get(address(app)).text
    need_two(sqlite_database, app)
    text = mika.http.get(address(app)).text
    assert "0.94" not in text
    assert "risk-bar" not in text
    assert "Priority" not in text
    assert "Two persons rule on this item" in text


def test_the_second_page_is_the_first_but_for_tokens(app: Any, sqlite_database: Database) -> None:
    need_two(sqlite_database, app)
    pages = []
    for name in ("mika", "jun"):
        window = signed_in(app, name)
        window.send(f"{address(app)}/lease")
        text = window.http.get(address(app)).text
        pages.append(re.sub(r'value="\w+"|\d{4}-\d\d-\d\d \d\d:\d\d UTC|mika|jun', "", text))
        ruled = rule(window, address(app), "exclude", note="surely a copy")
        assert ruled.status_code == 303
        # What comes next is looked ahead to: it has to be free for both.
        following = ruled.headers["location"].split("?")[0]
        if following.startswith("/items/"):
            token = fields_of(window.http.get(following).text)["lease_token"]
            window.send(f"{following}/give-back", lease_token=token)
    assert pages[0] == pages[1]
    assert effective(sqlite_database) == ["exclude"]


def test_the_queue_and_the_audit_tell_nothing_before_it_is_decided(
    app: Any, sqlite_database: Database
) -> None:
    need_two(sqlite_database, app)
    mika, jun = signed_in(app, "mika"), signed_in(app, "jun")
    rule(mika, address(app), "exclude")
    assert "excluded by mika" not in jun.http.get("/?show=all").text
    audit = jun.http.get("/audit").text
    assert "not shown while others still rule" in audit
    assert "copied_motif" not in audit
    assert "copied_motif" in mika.http.get("/audit").text
    text = mika.http.get(address(app)).text
    assert "Your ruling is taken" in text


def test_a_lead_sees_both_sides_and_settles_it(app: Any, sqlite_database: Database) -> None:
    need_two(sqlite_database, app)
    rule(signed_in(app, "mika"), address(app), "approve", note="another ribbon")
    jun = signed_in(app, "jun")
    rule(jun, address(app), "exclude", note="the same ribbon")
    assert "another ribbon" not in jun.http.get(address(app)).text
    lead = signed_in(app, "lead")
    assert address(app) in lead.http.get("/adjudication").text
    assert lead.send(f"{address(app)}/lease", "/adjudication").status_code == 303
    text = lead.http.get(address(app)).text
    assert "another ribbon" in text
    assert "the same ribbon" in text
    assert "0.94" in text
    answer = rule(lead, address(app), "exclude", for_lead="on")
    assert answer.headers["location"] == "/adjudication"
    assert effective(sqlite_database) == ["exclude"]
    assert "another ribbon" in jun.http.get(address(app)).text


def test_an_item_goes_to_a_lead_and_back(app: Any) -> None:
    mika, lead = signed_in(app, "mika"), signed_in(app, "lead")
    mika.send(f"{address(app)}/lease")
    form = fields_of(mika.http.get(address(app)).text)
    assert mika.send(f"{address(app)}/escalate", words="", **form).status_code == 422
    assert mika.send(f"{address(app)}/escalate", words="whose is it?", **form).status_code == 303
    assert "A lead decides" in mika.http.get(address(app)).text
    lead.send(f"{address(app)}/lease", "/adjudication")
    text = lead.http.get(address(app)).text
    assert "whose is it?" in text
    answer = lead.send(f"{address(app)}/send-back", words="a fan's", **fields_of(text))
    assert answer.headers["location"] == "/adjudication"
    assert "a fan&#39;s" in mika.http.get(address(app)).text


def test_an_owner_is_asked_and_answers(app: Any, sqlite_database: Database) -> None:
    mika = signed_in(app, "mika")
    mika.send(f"{address(app)}/lease")
    text = mika.http.get(address(app)).text
    assert "no account is known for this owner" in text
    refused = mika.send(f"{address(app)}/ask", words="Yours?", identity=STUDIO, **fields_of(text))
    assert refused.status_code == 422
    owner = open_owner(app, sqlite_database)
    assert "Nobody is asking you anything" in owner.http.get("/questions").text
    text = mika.http.get(address(app)).text
    assert f'<option value="{STUDIO}">' in text
    asked = mika.send(f"{address(app)}/ask", words="Yours?", identity=STUDIO, **fields_of(text))
    assert asked.status_code == 303
    path = re.search(r'href="(/questions/\w+)"', owner.http.get("/questions").text)
    assert path
    shown = owner.http.get(path[1]).text
    assert CAPTIONS[0] in shown
    assert "mika" not in shown.replace(CAPTIONS[0], "")
    assert re.search(r"R-\w{5} asks", shown)
    assert owner.http.get(f"{path[1]}/picture").headers["content-type"] == "image/webp"
    assert owner.send(path[1], words=" ").status_code == 422
    assert owner.send(path[1], words="Mine, and no.").status_code == 303
    assert owner.send(path[1], words="Twice.").status_code == 409
    assert "Mine, and no." in mika.http.get(address(app)).text
    stranger = open_owner(app, sqlite_database, "stranger", "CN=Somebody")
    for there in (path[1], f"{path[1]}/picture"):
        assert stranger.http.get(there).status_code == 404


def open_owner(
    app: Any, database: Database, name: str = "studio", identity: str = STUDIO
) -> Window:
    from models.accounts.keeping import set_password_hash
    from models.accounts.passwords import hash_password
    from tests.account_parts import PASSWORD

    account = put_owner(database, name, identity)
    with database.transaction() as session:
        set_password_hash(session, account.id, hash_password(PASSWORD), "test")
    return signed_in(app, name)


def test_a_golden_item_is_given_and_measured(tmp_path: Path, sqlite_database: Database) -> None:
    app = open_app(tmp_path, sqlite_database, 3, golden_share=0.05)
    lead, mika = signed_in(app, "lead"), signed_in(app, "mika")
    for number in range(3, 120):
        asset = f"{number:064x}"
        evidence = make_evidence(asset, f"{number}.png", reasons=["name_possible"])
        with sqlite_database.transaction() as session:
            enqueue(session, DATASET, [Asked(asset, "e" * 64, 895, evidence)], None)
    rule(lead, address(app), "exclude")
    lead.send(f"{address(app)}/golden")
    assert "This item is golden" in lead.http.get(address(app)).text
    seen = ""
    for _ in range(100):
        at = mika.send("/next").headers["location"]
        seen = mika.http.get(at).text
        assert "Earlier rulings, if there are any" in seen
        assert rule(mika, at.split("?")[0], "approve").status_code == 303
        if at.startswith(address(app)):
            break
    else:
        raise AssertionError("no golden item in 100 places")
    assert "golden" not in seen
    assert "approved by mika" in mika.http.get(address(app)).text
    assert "excluded by lead" in lead.http.get(address(app)).text
    assert "0/1" in lead.http.get("/golden").text
    with sqlite_database.snapshot() as session:
        (accuracy,) = measure_reviewers(session)
    assert accuracy.missed.found == 1

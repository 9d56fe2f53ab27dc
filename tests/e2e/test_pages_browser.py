"""Pages that no other browser test opens: whether everybody can use them, and whether they fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.accounts.roles import Role
from models.review.queue import item_id_of
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import PASSWORD, cheap_passwords, put_account
from tests.alike_seed import ask_alike
from tests.alike_seed import asset as alike_asset
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.review_seed import seed
from tests.rounds_seed import ask, hand_golden_to_lead, make_question, take

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]
CLUSTER = f"/items/{item_id_of('foxes', alike_asset(1))}"
"""An item among near-identical ones, which the lead holds."""

PAGES = {
    Role.LEAD: (
        *("/", "/?show=decided", "/audit", "/help", "/motifs", "/motifs/add", "/terms"),
        *("/assurance", "/proposals", "/golden", "/captions", "/releases/proposed"),
        *("/adjudication", "/desk", CLUSTER),
    ),
    Role.OPS: ("/webhooks",),
}
SHOTS = os.environ.get("KIYOME_SCREENSHOTS", "")
"""A folder for pictures of every page, for a person to look at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ja", 360)])
def test_pages_are_accessible_and_fit(
    browser: Any, tmp_path: Path, sqlite_database: Database, language: str, width: int
) -> None:
    workspace = tmp_path / "workspace"
    seed(sqlite_database, workspace, 3)
    for role in PAGES:
        put_account(sqlite_database, role.value, role)
    ask_alike(sqlite_database, [1, 2, 3])
    take(sqlite_database, 1, "lead")
    ask(sqlite_database, make_question(8, persons=1))
    hand_golden_to_lead(sqlite_database, 8, "mika", "Is the ribbon enough?")
    with served(create_app(Settings(workspace=workspace), sqlite_database)) as address:
        for role, paths in PAGES.items():
            context = browser.new_context(
                viewport={"width": width, "height": 800}, locale=f"{language}-JP"
            )
            page = context.new_page()
            page.goto(f"{address}/sign-in")
            page.fill("#name", role.value)
            page.fill("#password", PASSWORD)
            page.click("main button.primary")
            page.wait_for_load_state()
            for path in paths:
                answer = page.goto(address + path)
                assert answer.status == 200, path
                if SHOTS:
                    name = path.strip("/").replace("/", "-").replace("?", "-") or "queue"
                    page.screenshot(path=f"{SHOTS}/{name}-{language}-{width}.png", full_page=True)
                assert find_violations(page) == [], path
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            context.close()

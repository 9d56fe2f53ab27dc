"""Owners' requests in a real browser: every page in both languages, on both screens, and axe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.accounts.records import Account
from models.accounts.roles import Role
from models.motifs.claims import Claim
from models.owners.identities import Basis, bind_identity
from models.owners.motif_requests import ask_for_motif
from models.owners.name_requests import NameClaim, ask_for_name
from models.owners.requests import Withdrawal, ask_takedown, withdraw
from models.owners.settling import settle_claim
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import PASSWORD, cheap_passwords, put_account
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.owner_request_parts import SETTER, form
from tests.reference_pictures import save, scene

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]
SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 360, "height": 740}}
SHOTS = os.environ.get("KIYOME_SCREENSHOTS", "")
"""A folder for pictures of every page, for a person to look at."""

WORK = "1" * 64


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def owner(sqlite_database: Database) -> Account:
    put_account(sqlite_database, "mika", Role.LEAD)
    account = put_account(sqlite_database, "aoi", Role.OWNER)
    with sqlite_database.transaction() as session:
        bind_identity(session, account.id, SETTER, Basis.VOUCHED, "test")
    return account


@pytest.fixture
def asked(tmp_path: Path, sqlite_database: Database, owner: Account) -> dict[str, str]:
    """A request of each kind, in various states, by a word for it."""
    ids = {word: form() for word in ("work", "whole", "takedown", "name", "held", "motif")}
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with sqlite_database.transaction() as session:
        withdraw(session, owner, ids["work"], Withdrawal([WORK]), "Please leave it out.")
        withdraw(session, owner, ids["whole"], Withdrawal([WORK], [SETTER]))
        ask_takedown(session, owner, ids["takedown"], [f"{n:064x}" for n in range(30)])
        claim = NameClaim("Kokoneko Mimi", "character", (), ("ここねこミミ",), "copyright", "No. 1")
        ask_for_name(session, workspace, owner, ids["name"], claim)
        held = NameClaim("Smile", "work", right="trademark")
        ask_for_name(session, workspace, owner, ids["held"], held)
        settle_claim(session, ids["held"], confirm=False, actor="mika", reason="It is a word.")
    pictures = [(f"{n}.png", save(scene(n))) for n in (1, 2)]
    ask_for_motif(
        sqlite_database,
        workspace,
        owner,
        ids["motif"],
        Claim("Fox", "character", right="copyright"),
        pictures,
        max_pixels=10**8,
    )
    return ids


@pytest.fixture
def address(tmp_path: Path, sqlite_database: Database, asked: dict[str, str]) -> Iterator[str]:
    settings = Settings(workspace=tmp_path / "workspace")
    with served(create_app(settings, sqlite_database)) as found:
        yield found


def enter(browser: Any, address: str, name: str, language: str, size: str) -> Any:
    context = browser.new_context(
        locale="ja-JP" if language == "ja" else "en-US", viewport=SIZES[size]
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_load_state()
    return page


def examine(page: Any, name: str) -> None:
    """A page on both screens, last on that on which it was opened."""
    opened = page.viewport_size
    for size, viewport in sorted(SIZES.items(), key=lambda each: each[1] == opened):
        page.set_viewport_size(viewport)
        assert find_violations(page) == [], f"{name}-{size}"
        overflow = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not overflow, f"{name} is wider than the {size} screen"
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            shot = Path(SHOTS) / f"requests-{name}-{size}.png"
            page.screenshot(path=str(shot), full_page=True)


@pytest.mark.parametrize(("language", "size"), [("en", "wide"), ("ja", "narrow")])
@pytest.mark.timeout(400)
def test_every_page_is_usable_by_everybody(
    browser: Any, address: str, asked: dict[str, str], language: str, size: str
) -> None:
    page = enter(browser, address, "aoi", language, size)
    paths = {
        "list": "/requests",
        "new": "/requests/new",
        "withdraw": f"/requests/withdraw?asset={WORK}",
        "withdraw-whole": "/requests/withdraw?whole=yes",
        "takedown": "/requests/takedown",
        "takedown-look": f"/requests/takedown?asset={WORK}",
        "name-form": "/requests/new/name",
        "motif-form": "/requests/new/motif",
        **{word: f"/requests/{request_id}" for word, request_id in asked.items()},
    }
    for name, path in paths.items():
        assert page.goto(address + path).status == 200, path
        examine(page, f"{name}-{language}")
    page.goto(f"{address}/requests/new/name")
    page.fill("#name", "Sky")
    page.select_option("#category", "work")
    page.select_option("#right", "trademark")
    page.click("main form button.primary")
    page.wait_for_load_state()
    assert page.locator("input[name=sure]").count() == 1
    examine(page, f"name-preview-{language}")
    page = enter(browser, address, "mika", language, size)
    for name, path in {
        "lead-list": "/owners/requests",
        "lead-name": f"/owners/requests/{asked['name']}",
        "lead-motif": f"/owners/requests/{asked['motif']}",
        "lead-takedown": f"/owners/requests/{asked['takedown']}",
    }.items():
        assert page.goto(address + path).status == 200, path
        examine(page, f"{name}-{language}")


def test_a_motif_is_claimed_with_a_box_drawn_on_the_picture(
    browser: Any, address: str, tmp_path: Path
) -> None:
    page = enter(browser, address, "aoi", "en", "wide")
    page.goto(f"{address}/requests/new/motif")
    file = tmp_path / "three.png"
    file.write_bytes(save(scene(3)))
    page.set_input_files("#files", str(file))
    page.fill("input[name=label]", "Three")
    page.select_option("select[name=right]", "character")
    frame = page.locator("[data-drawing]")
    frame.wait_for()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9)
    page.mouse.up()
    page.click("form#upload button.primary")
    page.wait_for_url("**/requests/*?done=yes")
    assert "Three" in page.inner_text("main")
    assert page.locator(".request-pictures img").count() == 1


def test_a_withdrawal_is_made_with_two_clicks_and_given_back_with_two(
    browser: Any, address: str
) -> None:
    page = enter(browser, address, "aoi", "en", "wide")
    page.goto(f"{address}/requests/withdraw?asset={'2' * 64}")
    page.click("form[action='/requests/withdraw'] button.primary")
    page.wait_for_url("**/requests/*?done=yes")
    assert "In no dataset" in page.inner_text("h1")
    page.check("input[name=sure]")
    page.click("form[action$='/renew'] button")
    page.wait_for_load_state()
    assert "Ended" in page.inner_text("h1")

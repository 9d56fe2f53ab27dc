"""Signing in with a wallet in a real browser: with one that the browser has, and by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from models.accounts.records import Account
from models.accounts.roles import Role
from models.owners.identities import Basis, bind_identity, identities_of
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import PASSWORD, cheap_passwords, put_account
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.wallet_parts import (
    ADDRESS,
    KEY,
    OTHER,
    OTHER_KEY,
    THIRD,
    address_of_key,
    sign_text,
)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
SHOTS = os.environ.get("KIYOME_SCREENSHOTS", "")
"""A folder for pictures of every page, for a person to look at."""

PROVIDER = """
window.ethereum = {
  request: async ({method, params}) => {
    const answer = await window.askWallet(method, params ?? []);
    if (answer.code) throw answer;
    return answer.result;
  },
};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def owner(sqlite_database: Database) -> Account:
    put_account(sqlite_database, "ops", Role.OPS)
    account = put_account(sqlite_database, "kumo", Role.OWNER, password=None)
    with sqlite_database.transaction() as session:
        bind_identity(session, account.id, ADDRESS, Basis.VOUCHED, "ops")
    return account


@pytest.fixture
def address(tmp_path: Path, sqlite_database: Database, owner: Account) -> Iterator[str]:
    settings = Settings(workspace=tmp_path / "workspace")
    with served(create_app(settings, sqlite_database)) as found:
        yield found


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[..., Any]]:
    contexts: list[Any] = []

    def open_window(**options: Any) -> Any:
        contexts.append(browser.new_context(**{**DESKTOP, "locale": "en-US", **options}))
        return contexts[-1].new_page()

    yield open_window
    for context in contexts:
        context.close()


class PythonWallet:
    """A wallet with one key, in Python, behind the interface of those in browsers (EIP-1193)."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.refuses = False
        self.asked: list[str] = []

    def put_into(self, page: Any) -> None:
        page.expose_function("askWallet", self.answer)
        page.add_init_script(PROVIDER)

    def answer(self, method: str, params: list[str]) -> dict[str, Any]:
        self.asked.append(method)
        if self.refuses:
            return {"code": 4001, "message": "User rejected the request."}
        if method == "eth_requestAccounts":
            return {"result": [address_of_key(self.key)]}
        if method == "eth_chainId":
            return {"result": "0x1"}
        if method == "personal_sign" and params[1].lower() == address_of_key(self.key).lower():
            text = bytes.fromhex(params[0].removeprefix("0x")).decode()
            return {"result": sign_text(text, self.key)}
        return {"code": -32601, "message": f"{method} is not known."}


def shoot(page: Any, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def bound_to(database: Database, account: Account) -> set[str]:
    with database.snapshot() as session:
        return set(identities_of(session, account.id))


def sign_by_hand(page: Any, key: str) -> None:
    page.fill("#wallet-address", address_of_key(key))
    page.click("#wallet-go")
    page.wait_for_selector("#wallet-message")
    page.fill("#wallet-signature", sign_text(page.input_value("#wallet-message"), key))
    page.click("#wallet-answer button")
    page.wait_for_load_state()


def test_one_click_signs_in_with_the_wallet_of_the_browser(
    window: Callable[..., Any], address: str
) -> None:
    page, wallet = window(), PythonWallet(KEY)
    wallet.put_into(page)
    page.goto(f"{address}/sign-in")
    page.click("text=sign in with a wallet")
    page.click("#wallet-connect")
    page.wait_for_selector(".reviewer")
    assert page.inner_text(".reviewer") == "kumo"
    expected = ["eth_requestAccounts", "eth_chainId", "eth_requestAccounts", "personal_sign"]
    assert wallet.asked == expected


def test_without_a_wallet_in_the_browser_the_message_is_signed_elsewhere(
    window: Callable[..., Any], address: str
) -> None:
    page = window()
    page.goto(f"{address}/sign-in/wallet")
    assert not page.is_visible("#wallet-connect")
    sign_by_hand(page, KEY)
    assert page.inner_text(".reviewer") == "kumo"


def test_signing_in_needs_no_script(window: Callable[..., Any], address: str) -> None:
    page = window(java_script_enabled=False)
    page.goto(f"{address}/sign-in/wallet")
    sign_by_hand(page, KEY)
    assert page.inner_text(".reviewer") == "kumo"


def test_whoever_says_no_in_the_wallet_can_try_again(
    window: Callable[..., Any], address: str
) -> None:
    page, wallet = window(), PythonWallet(KEY)
    wallet.put_into(page)
    wallet.refuses = True
    page.goto(f"{address}/sign-in/wallet")
    page.click("#wallet-connect")
    page.wait_for_selector("#wallet-problem:visible")
    assert "told not to" in page.inner_text("#wallet-problem")
    shoot(page, "wallet-refused")
    wallet.refuses = False
    page.click("#wallet-connect")
    page.wait_for_selector(".reviewer")


def test_a_wallet_with_another_address_is_not_asked_to_sign(
    window: Callable[..., Any], address: str
) -> None:
    page, wallet = window(), PythonWallet(OTHER_KEY)
    wallet.put_into(page)
    page.goto(f"{address}/sign-in/wallet")
    page.fill("#wallet-address", ADDRESS)
    page.click("#wallet-go")
    page.click("#wallet-sign")
    page.wait_for_selector("#wallet-problem:visible")
    assert ADDRESS in page.inner_text("#wallet-problem")
    assert "personal_sign" not in wallet.asked


def test_a_wallet_that_comes_late_is_offered_too(window: Callable[..., Any], address: str) -> None:
    page, wallet = window(), PythonWallet(KEY)
    page.expose_function("askWallet", wallet.answer)
    page.goto(f"{address}/sign-in/wallet")
    page.evaluate(PROVIDER + "window.dispatchEvent(new Event('ethereum#initialized')); 0")
    page.click("#wallet-connect")
    page.wait_for_selector("#wallet-message")


def test_a_further_wallet_is_bound_and_one_is_ended(
    window: Callable[..., Any], address: str, sqlite_database: Database, owner: Account
) -> None:
    page, wallet = window(), PythonWallet(KEY)
    wallet.put_into(page)
    page.goto(f"{address}/sign-in/wallet")
    page.click("#wallet-connect")
    page.wait_for_selector(".reviewer")
    wallet.key = OTHER_KEY
    page.goto(f"{address}/identities")
    page.click("#wallet-connect")
    page.wait_for_selector("[role=status]")
    assert bound_to(sqlite_database, owner) == {ADDRESS, OTHER}
    page.click(f"[aria-label='End {ADDRESS}']")
    page.wait_for_selector(f"[aria-label='End {ADDRESS}']", state="detached")
    assert bound_to(sqlite_database, owner) == {OTHER}


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_pages_of_wallets_are_accessible_and_fit(
    window: Callable[..., Any],
    address: str,
    sqlite_database: Database,
    owner: Account,
    language: str,
    size: str,
) -> None:
    options = {**(PHONE if size == "phone" else DESKTOP), "locale": f"{language}-JP"}
    page, wallet = window(**options), PythonWallet(KEY)
    width = options["viewport"]["width"]  # type: ignore[index]

    def look(name: str) -> None:
        shoot(page, f"{name}-{language}-{size}")
        assert find_violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name

    page.goto(f"{address}/sign-in")
    look("sign-in")
    page.goto(f"{address}/sign-in/wallet")
    page.fill("#wallet-address", THIRD[:-1])
    page.click("#wallet-go")
    page.wait_for_selector("[role=alert]:visible")
    look("wallet-address-refused")
    wallet.put_into(page)
    page.goto(f"{address}/sign-in/wallet")
    look("wallet")
    page.fill("#wallet-address", ADDRESS)
    page.click("#wallet-go")
    page.wait_for_selector("#wallet-message")
    look("wallet-message")
    page.fill("#wallet-signature", "0x12")
    page.click("#wallet-answer button")
    page.wait_for_selector("[role=alert]:visible")
    look("wallet-failed")
    with sqlite_database.transaction() as session:
        for identity in ("Kumo Illustration 株式会社", "ab" * 32, f"{OTHER}/{THIRD}"):
            bind_identity(session, owner.id, identity, Basis.VOUCHED, "ops")
    sign_by_hand(page, KEY)
    page.goto(f"{address}/identities")
    look("identities")
    page.click(f"li:has(bdi:text-is('{ADDRESS}')) button")
    page.wait_for_selector("[role=alert]:visible")
    look("identities-last")
    ops = window(**options)
    ops.goto(f"{address}/sign-in")
    ops.fill("#name", "ops")
    ops.fill("#password", PASSWORD)
    ops.click("main button.primary")
    ops.goto(f"{address}/accounts")
    page = ops
    page.click("details.identity-add summary")
    look("accounts-identities")
    assert urlsplit(page.url).path == "/accounts"

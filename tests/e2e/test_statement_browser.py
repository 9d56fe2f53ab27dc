"""A statement's page in Chromium: nothing is fetched, it fits a telephone, and it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browsers import launched_browser
from tests.compensation_parts import write_rules
from tests.statement_parts import make_used_ledger, pay_q3, state

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_page_opens_alone_fits_a_telephone_and_prints(tmp_path: Path, language: Any) -> None:
    ledger, rules = make_used_ledger(tmp_path), write_rules(tmp_path)
    pay_q3(ledger, rules)
    state(ledger, rules, tmp_path / "to", language)
    address = (tmp_path / "to" / "statement.html").as_uri()
    with launched_browser() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 780})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        assert asked == [address]
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert "480,916 JPY" in page.locator("#amount").inner_text()
        assert page.locator("h1").count() == 1
        unnamed = "table:not([aria-labelledby])"
        assert page.locator(unnamed).count() == 0
        for name in page.eval_on_selector_all(
            "[aria-labelledby]", "all => all.map(one => one.getAttribute('aria-labelledby'))"
        ):
            assert page.locator(f"#{name}").count() == 1
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#amount"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")

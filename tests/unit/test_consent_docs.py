"""The examples of docs/consent.md run as they stand, and its tables name real reasons."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from models.consent.carriers import carriers
from models.reasons import Reason

PAGE = Path(__file__).resolve().parents[2] / "docs" / "consent.md"


def test_the_examples_give_what_the_page_shows() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0
    assert tried > 10


def test_every_reason_on_the_page_exists_and_every_consent_reason_is_on_it() -> None:
    named = set(re.findall(r"`((?:consent|grant)_[a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    known = {r.value for r in Reason if r.value.startswith(("consent_", "grant_"))}
    assert named - {"grant_days"} == known


def test_every_carrier_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{carrier.name}` |" in page for carrier in carriers())

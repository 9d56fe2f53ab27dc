"""Words that people type."""

from __future__ import annotations

import pytest

from models.words import read_words


def test_space_around_words_is_left_out() -> None:
    assert read_words("  two words \n") == "two words"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u200b", "\u202e\u200b", "\u200b\u2063", "\u3164", "\u2800 ", "\t\x01"],
    ids=["nothing", "space", "zero", "bidi", "separator", "filler", "braille", "control"],
)
def test_what_nobody_can_see_is_nothing(text: str) -> None:
    assert read_words(text) == ""


@pytest.mark.parametrize("text", ["a\u200db", "はい", "👩‍🎨", "…"])
def test_what_can_be_seen_stays_as_it_was_typed(text: str) -> None:
    assert read_words(text) == text


def test_what_no_database_keeps_is_replaced() -> None:
    assert read_words("a\0b\ud800") == "a\ufffdb?"

"""The English dictionary: what is a word, what is a slip of the pen, what always has a capital."""

from pathlib import Path

import pytest

from models.nouns.english import words as english_words
from models.nouns.english.words import is_english_word, shipped_english_words

ENGLISH = shipped_english_words()


@pytest.mark.parametrize("word", ["dog", "dogs", "running", "colour", "color", "japanese", "a"])
def test_ordinary_words_are_words(word: str) -> None:
    assert is_english_word(word)


@pytest.mark.parametrize("word", ["miku", "akira", "sylvain", "asuka", "pikachu", "ghibli"])
def test_names_are_no_words(word: str) -> None:
    assert not is_english_word(word)


def test_what_is_left_of_a_contraction_is_a_word() -> None:
    assert {"don", "ll", "isn"} <= ENGLISH.words


@pytest.mark.parametrize("word", ["monday", "october", "german", "cubans", "muslim", "viennese"])
def test_days_peoples_and_faiths_always_have_a_capital(word: str) -> None:
    assert word in ENGLISH.capitalised


@pytest.mark.parametrize("word", ["dylan", "julian", "frisbee", "jeep", "dog"])
def test_names_brands_and_common_nouns_do_not_always_have_a_capital(word: str) -> None:
    assert word not in ENGLISH.capitalised


@pytest.mark.parametrize("word", ["facepaint", "kayakers", "wheelies"])
def test_a_word_formed_from_common_ones_is_formed(word: str) -> None:
    assert ENGLISH.is_formed(word)


@pytest.mark.parametrize("word", ["gundam", "mikasa", "x" * 1000])
def test_a_name_is_not_formed_from_common_words(word: str) -> None:
    assert not ENGLISH.is_formed(word)


@pytest.mark.parametrize("word", ["carying", "somthing", "holdding", "wieghts", "mountaim"])
def test_a_letter_lost_doubled_swapped_or_wrong_is_a_slip(word: str) -> None:
    assert ENGLISH.is_misspelt(word)


@pytest.mark.parametrize(
    "word", ["mikasa", "hatsune", "teemo", "shrek", "初音ミク", "x" * 1000, ""]
)
def test_a_name_is_no_slip(word: str) -> None:
    assert not ENGLISH.is_misspelt(word)


def test_a_short_word_is_a_slip_only_of_an_expected_word() -> None:
    assert not ENGLISH.is_misspelt("gren")
    assert not ENGLISH.is_misspelt("woamn")
    assert ENGLISH.is_misspelt("woamn", frozenset(["woman"]))


def test_the_notice_of_the_source_lies_beside_the_list() -> None:
    notice = Path(english_words.__file__).parents[1] / "data" / "english_words.NOTICE"
    text = notice.read_text(encoding="utf-8")
    assert "Copyright 2000-2011 by Kevin Atkinson" in text
    assert "Permission to use, copy, modify, distribute and sell these word" in text

"""The Japanese analyser: what is ordinary language, and texts of any length."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import KiyomeError
from models.nouns.japanese import analysis as japanese
from models.nouns.japanese.analysis import FAMILY, GIVEN, NEW, analyse, cut_blocks, is_common_noun


@pytest.mark.parametrize("word", ["少女", "走る", "綺麗", "ツインテール", "魔法少女", "ニコニコ"])
def test_ordinary_words_are_common(word: str) -> None:
    assert is_common_noun(word)


@pytest.mark.parametrize("word", ["さくら", "サクラ", "桜"])
def test_a_word_is_common_in_any_kana_spelling(word: str) -> None:
    assert is_common_noun(word)


def test_a_word_that_is_a_title_too_is_common() -> None:
    assert is_common_noun("ワンピース")


@pytest.mark.parametrize("name", ["初音ミク", "ルカ", "高坂桐乃", "ハグリットデュオ"])
def test_names_are_not_common(name: str) -> None:
    assert not is_common_noun(name)


def test_a_name_that_is_cut_into_single_characters_is_not_common() -> None:
    assert not is_common_noun("赤蛮奇")


@pytest.mark.parametrize("text", ["", " ", "girl", "123", "少" * 100, "\ud800"])
def test_what_is_no_japanese_word_is_not_common(text: str) -> None:
    assert not is_common_noun(text)


def test_a_full_name_is_a_family_and_a_given_name() -> None:
    assert analyse("初音ミク").kinds == FAMILY + GIVEN


def test_a_word_in_no_dictionary_has_a_kind_of_its_own() -> None:
    assert analyse("ハグリットデュオ").kinds == NEW


def test_a_text_longer_than_the_analyser_takes_is_analysed_to_its_end() -> None:
    analysis = analyse("制服を着た少女。" * 8000 + "初音ミク")
    assert analysis.kinds.endswith(FAMILY + GIVEN)


def test_a_text_that_grows_when_normalised_is_analysed() -> None:
    text = "\ufdfa" * 6000
    assert analyse(text).bounds[-1] == len(text)


@given(st.text(alphabet="あ初ア。、\n \ud800\u200bA", max_size=60), st.integers(1, 200))
@settings(max_examples=100, deadline=None)
def test_blocks_make_up_the_text(piece: str, times: int) -> None:
    text = piece * times
    blocks = list(cut_blocks(text))
    assert "".join(block for _, block in blocks) == text
    assert all(text.startswith(block, start) for start, block in blocks)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_bounds_of_any_text_rise(text: str) -> None:
    analysis = analyse(text)
    assert list(analysis.bounds) == sorted(set(analysis.bounds))
    assert len(analysis.bounds) == len(analysis.kinds) + 1
    assert analysis.bounds[-1] == len(text)


def test_every_thread_has_its_own_tokenizer() -> None:
    with ThreadPoolExecutor(4) as pool:
        kinds = list(pool.map(lambda _: analyse("制服を着た初音ミクが立つ。").kinds, range(200)))
    assert len(set(kinds)) == 1


def test_without_the_analyser_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sudachipy", None)
    with pytest.raises(KiyomeError, match="pip install sudachipy sudachidict-core"):
        japanese.open_dictionary.__wrapped__()

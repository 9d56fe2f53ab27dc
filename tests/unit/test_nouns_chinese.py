"""Chinese among Japanese: which sentences are Chinese, and what is found in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.japanese.chinese import cut_by_language, is_chinese
from models.nouns.recognisers.morphology import Morphology
from models.nouns.recognition import prepare

MORPHOLOGY = Morphology()


def surfaces(text: str) -> list[str]:
    return [sighting.surface for sighting in MORPHOLOGY.recognise([prepare(text)])[0]]


@pytest.mark.parametrize(
    "text",
    [
        "一个女孩在公园里",
        "一個女孩在公園裡",
        "穿着白色裙子的少女站在窗前。",
        "男人骑自行车",
        "她在笑",
        "美丽的日落",
    ],
)
def test_chinese_is_told_and_left_to_the_register(text: str) -> None:
    assert is_chinese(text)
    assert surfaces(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "少女、銀髪、青眼、制服",
        "現在時刻表示、目的地、日本国憲法第九条",
        "頭部拡大図、黄色帽子、和服、和傘",
        "存在意義上、個性的女性、自動車整備士",
        "女の子が公園にいる。",
    ],
)
def test_japanese_in_kanji_alone_is_no_chinese(text: str) -> None:
    assert not is_chinese(text)


def test_the_marks_of_titles_and_foreign_names_tell_in_chinese() -> None:
    assert surfaces("她在看《终末之诗》的角色。") == ["终末之诗"]
    assert surfaces("她和阿尔托·潘德拉。") != []


def test_the_japanese_half_of_a_caption_in_two_languages_is_searched() -> None:
    assert surfaces("一个女孩在公园里。女の子は初音ミクのコスプレ。") == ["初音ミク"]


@given(st.text(alphabet="一个女孩在公园里。！？\n《》·あア的了a \ud800", max_size=60))
def test_the_parts_of_a_text_make_it_up(text: str) -> None:
    parts = list(cut_by_language(text))
    assert "".join(part for _, part, _ in parts) == text
    assert all(text.startswith(part, start) for start, part, _ in parts)

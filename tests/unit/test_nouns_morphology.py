"""The morphology recogniser: names in Japanese that no register knows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.nouns.recognisers.morphology import Morphology
from models.nouns.recognition import Certainty, Sighting, prepare, term_of

MORPHOLOGY = Morphology()


def see(text: str) -> list[Sighting]:
    return MORPHOLOGY.recognise([prepare(text)])[0]


def surfaces(text: str) -> list[str]:
    return [sighting.surface for sighting in see(text)]


def test_a_personal_name_is_seen_whole() -> None:
    (seen,) = see("剣を構えた高坂桐乃の後ろ姿。")
    assert (seen.start, seen.end, seen.surface) == (5, 9, "高坂桐乃")
    assert seen.category == "person"
    assert "personal name" in seen.explanation


def test_a_sighting_is_an_unknown_term() -> None:
    (seen,) = see("ゾルミェラが立っている。")
    assert seen.certainty is Certainty.UNKNOWN
    assert seen.term == term_of("ゾルミェラ")
    assert seen.explanation == "'ゾルミェラ' is in no Japanese dictionary."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("青い目をしたアスカ・ラングレーのアップ。", "アスカ・ラングレー"),
        ("長い髪のブラック★ロックシューターがこちらを見ている。", "ブラック★ロックシューター"),
        ("制服姿の赤蛮奇がベンチに座っている。", "赤蛮奇"),
        ("ノースカロライナが窓際に立っている。", "ノースカロライナ"),
        ("王立宇宙軍のコスプレをした人物。", "王立宇宙軍"),
        ("龍虎の拳の二次創作。", "龍虎の拳"),
        ("学生が歩いている、「白猫プロジェクト」より。", "白猫プロジェクト"),
        ("『終末のハーレム』のポスター。", "終末のハーレム"),
        ("少女が笑っている、Luminariaが背景にいる。", "Luminaria"),
        ("古明地さとりが泣いている。", "古明地さとり"),
        ("白い帽子をかぶったケイトが花束を持っている。", "ケイト"),
    ],
)
def test_a_name_is_seen_by_its_spelling_or_by_what_stands_around_it(text: str, name: str) -> None:
    assert name in surfaces(text)


@pytest.mark.parametrize(
    "text",
    [
        "ミニスカートにニーソックスを履いたツインテールの少女が振り返っている",
        "セーラーワンピースを着た女の子、麦わら帽子、ひまわり畑",
        "DVDとCDが積まれた棚の前で眠る猫",
        "もふもふした子犬がごろんと寝転がっている",
        "めっちゃかわいい女の子がたこ焼きを食べとる",
        "京都の街を歩く着物姿の女性、昭和55年",
        "水彩画風の画風で描かれた森",
        "ナースのコスプレをした女性、バニーガールのコスプレ",
        "「おかえり」と言って笑う母親、『いただきます』と手を合わせる子供",
        "お母さんと赤ちゃん、おばあちゃん",
        "約3万5000人、4K、1920年代、二階の窓",
        "フランス語の本とグレゴリオ暦",
        "議員連盟の会合、地下鉄駅の入口、衝突事故の写真、画像の境界線",
        "アルツハイマー型の図とガウス分布、ベジェ曲線",
        "リストをクリックする、体重63グラムの小鳥",
        "高山植物の花と中長距離バス",
        "オフィスビルの前、メキシコペソの硬貨",
    ],
)
def test_ordinary_japanese_is_left_alone(text: str) -> None:
    assert surfaces(text) == []


def test_a_place_is_seen_only_where_it_acts() -> None:
    assert surfaces("横浜の夜景、背景は東京。") == []
    assert surfaces("浴衣を着た陸奥が花火を見上げている。") == ["陸奥"]


def test_the_describing_words_before_a_name_are_left_out() -> None:
    assert surfaces("猫を抱いている初音ミクのイラスト。") == ["初音ミク"]


def test_japanese_in_a_list_of_english_tags_is_searched() -> None:
    text = "1girl, long hair, blue eyes, smile, outdoors, school uniform, 初音ミク"
    assert surfaces(text) == ["初音ミク"]


def test_english_is_left_alone() -> None:
    assert surfaces("A portrait of Lumina Vex in a café.") == []


def test_a_long_text_is_searched_to_its_end() -> None:
    assert surfaces("制服を着た少女。" * 9000 + "初音ミク")[-1] == "初音ミク"


@given(
    st.text(alphabet="あアー・の「」『』初音ミ人A1 、。\ud800\u200b\u3099😀가ﷺ\n★=(", max_size=50)
)
@settings(max_examples=300, deadline=None)
def test_any_text_gives_spans_of_itself(text: str) -> None:
    for seen in see(text):
        assert text[seen.start : seen.end] == seen.surface
        assert seen.surface == seen.surface.strip()
        assert seen.term


def test_sightings_do_not_overlap() -> None:
    seen = see("『初音ミクの消失』のファンアート、初音ミクと巡音ルカ、アスカ・ラングレー")
    assert len(seen) > 2
    assert all(one.end <= other.start for one, other in pairwise(seen))


def test_the_fingerprint_is_the_same_for_the_same_words() -> None:
    assert Morphology().fingerprint == MORPHOLOGY.fingerprint

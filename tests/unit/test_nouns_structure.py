"""Names that the wording around them gives away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.recognisers.structure import Structure
from models.nouns.recognition import Certainty, Sighting, prepare
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import shipped_lexicon

RECOGNISER = Structure(shipped_lexicon())


def look(text: str) -> list[Sighting]:
    return RECOGNISER.recognise([prepare(text)])[0]


def seen_in(text: str) -> list[tuple[str, str]]:
    return [(seen.surface, seen.category) for seen in look(text)]


@pytest.mark.parametrize(
    ("text", "name", "category"),
    [
        ("a girl on a bench, art by Kukiha", "Kukiha", "artist"),
        ("a girl on a bench, drawn by vanilla.", "vanilla", "artist"),
        ("masterpiece, by greg rutkowski, highly detailed", "greg rutkowski", "artist"),
        ("a cat in the style of Van Gogh paintings", "Van Gogh", "artist"),
        ("ghibli style landscape", "ghibli", "artist"),
        ("a boy turns around, from mega man.", "mega man", "work"),
        ("a boy, a character from The Legend of Zelda", "The Legend of Zelda", "work"),
        ("rocket girls fan art of a girl", "rocket girls", "work"),
        ("Hatsune Miku cosplay at a convention", "Hatsune Miku", "character"),
        ("a person dressed as pikachu", "pikachu", "character"),
        ("a cat called Tama", "Tama", ""),
        ("1girl, artist:greg_rutkowski, smile", "greg_rutkowski", "artist"),
        ("(artist:wlop:1.2), 1girl", "wlop", "artist"),
        ("a cat, copyright: cover corp", "cover corp", "work"),
        ("drawn for @miku_39 in May", "@miku_39", "artist"),
        ("from https://twitter.com/sakimichan/status/1", "sakimichan", "artist"),
        ("https://www.pixiv.net/en/users/12345", "pixiv.net/en/users/12345", "artist"),
        ("pixiv id 1234567", "pixiv id 1234567", "artist"),
        ("a mug, ©2016 COVER Corp. all rights reserved", "COVER Corp", "brand"),
        ("a mug with a LEGO® logo", "LEGO", "brand"),
        ("ジブリ風の風景", "ジブリ", "artist"),
        ("鳥山明の画風で描かれた猫", "鳥山明", "artist"),
        ("初音ミクのコスプレをした女性", "初音ミク", "character"),
        ("長い髪の少女、「鬼滅の刃」より。", "鬼滅の刃", "work"),
        ("佐倉綾音さんが笑う", "佐倉綾音", "person"),
        ("猫の絵、画:鈴木花子", "鈴木花子", "artist"),
        ("猫の絵 ©車田正美", "車田正美", "brand"),
    ],
)
def test_a_name_is_told_by_what_stands_around_it(text: str, name: str, category: str) -> None:
    assert seen_in(text) == [(name, category)]


@pytest.mark.parametrize(
    "text",
    [
        "in the style of a watercolor painting",
        "a landscape, in the style of impressionism",
        "a cat, drawn by a child",
        "a house by the sea",
        "a vase painted by hand",
        "Art By Hand",
        "A cart drawn by horses on a road",
        "a girl in anime style",
        "Italian style buildings",
        "men dressed as pirates",
        "a robot, from above",
        "a man, from the side",
        "a frame from the book",
        "character: blonde girl",
        "artist: unknown",
        "honkai: star rail, 1girl",
        "1girl, @_@, :d, smile",
        "mail me at someone@example.org",
        "see https://twitter.com/home",
        "アニメ風のイラスト",
        "油絵風の風景",
        "ロリータ風の服",
        "メイドさんが立っている",
        "お母さんと子供",
        "メイドのコスプレ",
        "たくさんの猫",
        "女の先生",
        "",
    ],
)
def test_what_describes_is_left_alone(text: str) -> None:
    assert seen_in(text) == []


def test_two_artists_in_one_credit_are_both_seen() -> None:
    assert seen_in("a cat, art by artgerm and greg rutkowski") == [
        ("artgerm", "artist"),
        ("greg rutkowski", "artist"),
    ]


def test_a_label_between_spaces_ends_at_the_space() -> None:
    assert seen_in("artist:foo_bar long_hair character:abc_def") == [
        ("foo_bar", "artist"),
        ("abc_def", "character"),
    ]


def test_a_title_may_hold_a_colon_after_a_label() -> None:
    assert seen_in("series: Fate Zero: Extra, 1girl") == [("Fate Zero: Extra", "work")]


def test_width_and_case_make_no_difference() -> None:
    assert seen_in("a cat, ＡＲＴ ＢＹ Kukiha") == [("Kukiha", "artist")]


def test_a_name_of_ordinary_words_scores_low() -> None:
    assert look("a cat, drawn by vanilla")[0].score < look("a cat, drawn by kukiha")[0].score


def test_a_sighting_is_an_unknown_term_with_its_key_and_reason() -> None:
    (seen,) = look("1girl, art by Foo_Barbaz")
    assert (seen.certainty, seen.term) == (Certainty.UNKNOWN, "foo barbaz")
    assert seen.explanation == (
        "'Foo_Barbaz' stands after 'art by', as the name of an artist does."
    )


def test_a_tag_of_the_vocabulary_is_no_name() -> None:
    text = prepare("a cat, a scene from cheongsam")
    recogniser = Structure(shipped_lexicon(), Vocabulary(frozenset(["cheongsam"])))
    assert recogniser.recognise([text]) == [[]]
    assert recogniser.fingerprint != RECOGNISER.fingerprint


def test_a_japanese_dictionary_decides_what_is_a_common_noun() -> None:
    text = prepare("鬼滅のコスプレ")
    recogniser = Structure(
        shipped_lexicon(), is_common_noun={"鬼滅"}.__contains__, common_nouns="of a test"
    )
    assert [seen.surface for seen in RECOGNISER.recognise([text])[0]] == ["鬼滅"]
    assert recogniser.recognise([text]) == [[]]
    assert recogniser.fingerprint != RECOGNISER.fingerprint


SIGNS = [
    "art by ",
    "@",
    "©",
    "®",
    "artist:",
    "x.com/",
    "の画風",
    "「",
    "」より",
    "fan art",
    ", from ",
]


@given(st.lists(st.sampled_from([*SIGNS, "Miku", " ", ",", "ミク", "\ud800", "a"])).map("".join))
def test_any_string_gives_sightings_that_lie_in_it(text: str) -> None:
    for seen in look(text):
        assert seen.surface == text[seen.start : seen.end] != ""
        assert seen.surface == seen.surface.strip()
        assert seen.term
        assert 0 <= seen.score <= 1

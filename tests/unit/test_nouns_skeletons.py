"""Skeletons: what spellings of one name have in common, and where each letter stood."""

from __future__ import annotations

import pytest

from models.nouns.disguise.lookalikes import LOOKALIKES
from models.nouns.disguise.skeletons import (
    Disguise,
    Gap,
    cut_pieces,
    skeleton_of,
    skeleton_of_unspaced,
)
from models.nouns.disguise.typos import TypoIndex, is_one_slip
from models.nouns.normalisation import normalise


def letters_of(text: str) -> list[str]:
    return [piece.letters for piece in cut_pieces(text, 0, len(text))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shoujo", "shojo"),
        ("yuuki", "yuki"),
        ("tsubasa", "tubasa"),
        ("shinji", "sinzi"),
        ("coooool", "cool"),
        ("senpai", "sempai"),
        ("セーラー", "セラ"),
        ("みく", "ミク"),
        ("ヴァイオリン", "バイオリン"),
        ("キャッツ", "キヤツツ"),
    ],
)
def test_spellings_of_one_name_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton_of(one) == skeleton_of(other)


def test_different_names_keep_different_skeletons() -> None:
    names = ["miku", "rin", "asuka", "ミク", "リン", "ココア", "コア"]
    assert len({skeleton_of(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("text", "disguise"),
    [
        ("miku", Disguise.NONE),
        ("ｍｉｋｕ", Disguise.STYLED),
        ("𝐦𝐢𝐤𝐮", Disguise.STYLED),
        ("mi\u200bku", Disguise.INVISIBLE),
        ("mіku", Disguise.LOOKALIKE),
        ("🅜🅘🅚🅤", Disguise.LOOKALIKE),
    ],
)
def test_a_disguise_is_told_and_taken_away(text: str, disguise: Disguise) -> None:
    (piece,) = cut_pieces(text, 0, len(text))
    assert (piece.letters, piece.disguise) == ("miku", disguise)


def test_signs_and_digits_are_offered_as_letters() -> None:
    (piece,) = cut_pieces("h@tsun3", 0, 7)
    assert piece.letters == "htsun3"
    assert "hatsune" in piece.readings


def test_one_may_be_read_as_either_letter() -> None:
    (piece,) = cut_pieces("p1ne11i", 0, 7)
    assert "pinelli" in piece.readings


def test_a_piece_knows_where_it_stands_and_what_stands_before_it() -> None:
    pieces = cut_pieces("saber-alter (fate), rin", 0, 23)
    assert [(piece.start, piece.end, piece.gap) for piece in pieces] == [
        (0, 5, Gap.BREAK),
        (6, 11, Gap.POINT),
        (13, 17, Gap.BRACKET),
        (20, 23, Gap.BREAK),
    ]


def test_an_exclamation_mark_after_a_word_is_no_letter() -> None:
    assert cut_pieces("miku!", 0, 5)[0].readings == ()


def test_every_look_alike_stands_for_a_small_latin_letter() -> None:
    assert all(plain.isascii() and plain.islower() for plain in LOOKALIKES.values())


def test_a_skeleton_of_kana_maps_back_to_the_text() -> None:
    normal = normalise("赤いヴァーチャ・ローラ")
    skeleton, places = skeleton_of_unspaced(normal)
    assert skeleton.strip() == "赤イバチヤロラ"
    assert [normal.text[place] for place in places][1:-1] == list("赤いヴチャロラ")


@pytest.mark.parametrize(
    ("word", "slip"),
    [
        ("hatsune", "hatsne"),
        ("hatsune", "hatsunne"),
        ("hatsune", "hatzune"),
        ("hatsune", "hastune"),
    ],
)
def test_a_slip_is_one_letter_or_one_swap(word: str, slip: str) -> None:
    assert is_one_slip(word, slip)
    assert is_one_slip(slip, word)


@pytest.mark.parametrize("other", ["hatsune", "hasuen", "atsunee", "hatsuneko"])
def test_the_same_word_and_two_slips_are_no_slip(other: str) -> None:
    assert not is_one_slip("hatsune", other)


def test_the_typo_index_finds_every_word_one_slip_away() -> None:
    index = TypoIndex.of([(0, "hatsune"), (1, "kagamine"), (2, "megurine")])
    assert 1 in index.candidates("kagmaine")
    assert 2 in index.candidates("megurinne")
    assert index.candidates("unrelated") == set()


def test_pieces_of_words_only_are_their_words() -> None:
    assert letters_of("Hatsune Miku, Fateのセイバー") == ["hatsune", "miku", "fate", "のセイバー"]

"""What the normal form makes of the ways in which captions are written."""

from __future__ import annotations

import pytest

from models.nouns.forms import Form, route
from models.nouns.normalisation import fold_kana, normalise
from models.nouns.words import shipped_lexicon


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Hatsune_Miku", "hatsune miku"),
        ("hatsune-miku", "hatsune miku"),
        ("ｈａｔｓｕｎｅ　ｍｉｋｕ", "hatsune miku"),
        ("hat\u200bsune \u202emiku", "hatsune miku"),
        ("Pokémon", "pokemon"),
        ("Straße", "strasse"),
        (r"saber \(fate\)", "saber ( fate )"),
        ("(hatsune miku:1.2)", "( hatsune miku )"),
        ("<lora:hatsune_miku:0.8>", ", lora hatsune miku 0 8 ,"),
        ("ﾊﾂﾈﾐｸ", "ハツネミク"),
        ("リグル・ナイトバグ", "リグル ナイトバグ"),
        ("Fateのセイバー", "fate のセイバー"),
        ("a cat. A dog", "a cat , a dog"),
        ("d.va", "d va"),
        ("hat\ud800sune", "hatsune"),
        ("", ""),
    ],
)
def test_writing_conventions_fold_to_one_form(text: str, normal: str) -> None:
    assert normalise(text).text.strip() == normal


def test_a_span_covers_the_invisible_characters_inside_it() -> None:
    text = "x hat\u200bsune y"
    normal = normalise(text)
    start = normal.text.index("hatsune")
    assert normal.span(start, start + 7) == (2, 10)


def test_kana_are_folded_in_the_key_only() -> None:
    normal = normalise("みく")
    assert (normal.text, normal.key) == (" みく ", " ミク ")
    assert fold_kana("ゞ") == "ヾ"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1girl, solo, long hair", Form.BOORU),
        ("1girl solo long_hair blue_eyes", Form.BOORU),
        ("hatsune_miku", Form.BOORU),
        ("A woman, a man, and a child play.", Form.ENGLISH),
        ("Two dogs run.", Form.ENGLISH),
        ("長い髪の少女がこちらを見ている。", Form.JAPANESE),
        ("", Form.ENGLISH),
    ],
)
def test_a_caption_is_routed_by_how_it_is_written(text: str, form: Form) -> None:
    assert route(text) is form


@pytest.mark.parametrize(
    "word", ["run", "running", "babies", "1girl", "2nd", "raincoat", "赤い帽子", "猫の耳", "x"]
)
def test_listed_words_and_their_inflections_are_ordinary(word: str) -> None:
    assert shipped_lexicon().is_ordinary(word)


@pytest.mark.parametrize("word", ["pikachu", "batman", "初音ミク", "zelda"])
def test_names_are_not_ordinary(word: str) -> None:
    assert not shipped_lexicon().is_ordinary(word)

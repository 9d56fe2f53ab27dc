"""The script of a name, read from its letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.register.scripts import NO_LETTERS, UNKNOWN, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Pikachu", "Latn"),
        ("Ｐｉｋａｃｈｕ", "Latn"),
        ("Pokémon №1", "Latn"),
        ("ピカチュウ", "Jpan"),
        ("ﾋﾟｶﾁｭｳ", "Jpan"),
        ("初音ミク", "Jpan"),
        ("Fateのセイバー", "Jpan"),
        ("原神", "Hani"),
        ("瓶MIKU", "Hani"),
        ("원신", "Hang"),
        ("金하나", "Kore"),
        ("Пикачу", "Cyrl"),
        ("Πίκατσου", "Grek"),
        ("بيكاتشو", "Arab"),
        ("พิคาชู", "Thai"),
        ("पिकाचु", "Deva"),
        ("39", NO_LETTERS),
        ("🐱!", NO_LETTERS),
        ("", NO_LETTERS),
        ("\U00010900", UNKNOWN),
    ],
)
def test_the_letters_tell_the_script(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("language", "script"), [("ja", "Jpan"), ("JA-JP", "Jpan"), ("ko", "Kore"), ("zh", "Hani")]
)
def test_the_language_tells_whose_han_characters_they_are(language: str, script: str) -> None:
    assert script_of("東京", language) == script


def test_the_script_of_most_letters_counts_and_of_equals_the_first() -> None:
    assert script_of("Аniya") == "Latn"
    assert script_of("Аn") == "Cyrl"


@given(st.text(st.characters()), st.text(max_size=5))
def test_every_text_has_a_script_of_four_letters(text: str, language: str) -> None:
    assert len(script_of(text, language)) == 4

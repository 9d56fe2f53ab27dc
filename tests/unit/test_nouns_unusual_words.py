"""Words that may be names in English prose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.forms import Form
from models.nouns.recognisers.unusual_words import UnusualWords
from models.nouns.recognition import Certainty, Sighting, Source, prepare
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import shipped_lexicon

RECOGNISER = UnusualWords(shipped_lexicon())


def look(text: str) -> list[Sighting]:
    return RECOGNISER.recognise([prepare(text, form=Form.ENGLISH)])[0]


def surfaces(text: str) -> list[str]:
    return [seen.surface for seen in look(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sylvain Jose Gautier rides a horse.", "Sylvain Jose Gautier"),
        ("kashuu kiyomitsu in a red shirt", "kashuu kiyomitsu"),
        ("A poster of Penny Polendina on a wall", "Penny Polendina"),
        ("Penny Polendina stands on a wall.", "Penny Polendina"),
        ("A statue of Ludwig von Beethoven in a park", "Ludwig von Beethoven"),
        ("A man with K-On! stickers on his bag", "K-On"),
        ("a game of .hack//sign on a screen", ".hack//sign"),
        ("a girl and ryu160303 on a bench", "ryu160303"),
        ("Two men talk in Mr. Bean masks.", "Mr. Bean"),
        ("a picture of Kenji's dog", "Kenji"),
        ("A girl with pokémon cards", "pokémon"),
        ("ol-chan swims in a pool", "ol-chan"),
    ],
)
def test_a_whole_name_is_one_sighting(text: str, name: str) -> None:
    assert surfaces(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "A little girl in a pink dress is climbing the stairs.",
        "A Japanese man and an African-American woman in T-shirts on a Monday in May",
        "I think he's a TV reporter from the USA with an LED lamp.",
        "A German Shepherd and a Golden Labrador run.",
        "Two Native American dancers",
        "THE DOG RUNS TO A STOP SIGN",
        "A Girl In A Red Dress By The Sea",
        'A man holds a sign that says "Free Hugs" and smiles.',
        "A boy is carying a wieght past somthing.",
        "A man doesn't hold the 2nd of 12 balls at 3pm.",
        "The dog runs. Children laugh: Water splashes! Snow lies",
        "kayakers wear facepaint",
        "Football players walk in the rain",
        "",
        "... !!! 12 34",
    ],
)
def test_ordinary_language_is_left_alone(text: str) -> None:
    assert surfaces(text) == []


def test_a_capital_inside_a_sentence_makes_an_ordinary_word_a_name() -> None:
    assert surfaces("A boy dressed like Batman in a park with Rose") == ["Batman", "Rose"]
    assert surfaces("Roses in a park") == []


def test_a_rare_word_as_a_subject_without_an_article_may_be_a_name() -> None:
    assert surfaces("Muse carries a teenager on his back.") == ["Muse"]
    assert surfaces("A muse carries a teenager on his back.") == []


def test_foreign_prose_is_not_read_as_a_row_of_names() -> None:
    assert surfaces("Un homme marche dans la rue avec son chien et sa femme") == []


def test_addresses_are_not_read_as_words() -> None:
    assert surfaces("see https://example.org/qwxz and mail qwxz@example.org") == []


def test_words_of_the_vocabulary_are_ordinary() -> None:
    text = prepare("a girl with a qwxzu", form=Form.ENGLISH)
    recogniser = UnusualWords(shipped_lexicon(), Vocabulary(frozenset(["qwxzu"])))
    assert [seen.surface for seen in RECOGNISER.recognise([text])[0]] == ["qwxzu"]
    assert recogniser.recognise([text]) == [[]]
    assert recogniser.fingerprint != RECOGNISER.fingerprint


def test_more_words_and_capitals_score_higher() -> None:
    whole, single, lower, described = (
        look(text)[0].score
        for text in (
            "a picture of Kashuu Kiyomitsu",
            "a picture of Kashuu",
            "a picture of kashuu",
            "a kashuu in a park",
        )
    )
    assert whole > single > lower > described


def test_a_sighting_is_an_unknown_term_with_its_key_and_reason() -> None:
    (seen,) = look("A picture of Abe Nanako.")
    assert (seen.certainty, seen.term, seen.category) == (Certainty.UNKNOWN, "abe nanako", "")
    assert "no dictionary" in seen.explanation


@pytest.mark.parametrize("form", [Form.BOORU, Form.JAPANESE])
def test_other_forms_are_left_to_other_recognisers(form: Form) -> None:
    assert RECOGNISER.recognise([prepare("kashuu kiyomitsu", form=form)]) == [[]]


def test_file_names_are_left_alone() -> None:
    text = prepare("kashuu kiyomitsu", Source.FILE_NAME, Form.ENGLISH)
    assert RECOGNISER.recognise([text]) == [[]]


@given(st.text())
def test_any_string_gives_sightings_that_lie_in_it(text: str) -> None:
    for seen in look(text):
        assert seen.surface == text[seen.start : seen.end] != ""
        assert seen.term
        assert 0 <= seen.score <= 1


@given(st.lists(st.sampled_from(["a", "Miku", "dog", "Dog", ".", "qwxz", "of", "\n", "é", '"'])))
def test_what_was_seen_before_changes_nothing(words: list[str]) -> None:
    text = prepare(" ".join(words), form=Form.ENGLISH)
    fresh = UnusualWords(shipped_lexicon())
    assert fresh.recognise([text]) == RECOGNISER.recognise([text])

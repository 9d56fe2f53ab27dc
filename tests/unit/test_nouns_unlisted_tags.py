"""Tags that the vocabulary does not know, and how a list is cut into tags."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.forms import Form
from models.nouns.recognisers.unlisted_tags import UnlistedTags
from models.nouns.recognition import Certainty, Sighting, Source, prepare, term_of
from models.nouns.tags.cutting import cut_tags, split_pieces, split_term
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import shipped_lexicon

COLOURS = ["red", "blue", "green", "black", "white", "pink", "purple", "brown", "grey", "orange"]
THINGS = [
    *("hair", "eyes", "dress", "skirt", "shirt", "jacket", "hat", "gloves", "boots", "shoes"),
    *("socks", "ribbon", "bow", "scarf", "coat", "pants", "shorts", "flower", "umbrella", "bag"),
    *("wings", "tail", "horns", "bikini", "leotard", "kimono", "necktie", "belt", "cape", "hood"),
]
KINDS = ["striped", "plaid", "frilled", "torn", "long", "short"]
PLAIN = ["1girl", "2girls", "3boys", "solo", "smile", "st._gloriana's_school_uniform", "long_hair"]
TAGS = [
    *PLAIN,
    *(f"{colour}_{thing}" for colour, thing in product([*COLOURS, *KINDS], THINGS)),
    *(f"holding_{thing}" for thing in THINGS),
    *(f"{thing}_on_head" for thing in THINGS),
    *(f"{kind}_{colour}_{thing}" for kind, colour, thing in product(KINDS, COLOURS[:4], THINGS)),
    "konata_(cosplay)",
    "red_hair_(cosplay)",
]
VOCABULARY = Vocabulary(frozenset(map(term_of, TAGS)))


@pytest.fixture(scope="module")
def closed() -> UnlistedTags:
    return UnlistedTags(VOCABULARY, shipped_lexicon())


@pytest.fixture(scope="module")
def without_vocabulary() -> UnlistedTags:
    return UnlistedTags(Vocabulary(), shipped_lexicon())


def look(recogniser: UnlistedTags, text: str, source: Source = Source.CAPTION) -> list[Sighting]:
    return recogniser.recognise([prepare(text, source, Form.BOORU)])[0]


def surfaces(recogniser: UnlistedTags, text: str) -> list[str]:
    return [seen.surface for seen in look(recogniser, text)]


def test_the_vocabulary_is_large_enough_to_be_closed() -> None:
    assert len(VOCABULARY.tags) >= 1000


def test_a_tag_that_no_list_knows_is_an_unknown_term(closed: UnlistedTags) -> None:
    (seen,) = look(closed, "1girl, umbreon, solo")
    assert (seen.start, seen.end, seen.surface) == (7, 14, "umbreon")
    assert seen.certainty is Certainty.UNKNOWN
    assert seen.term == "umbreon"
    assert seen.entry_id == ""
    assert "umbreon" in seen.explanation


def test_listed_tags_say_nothing_in_any_spelling(closed: UnlistedTags) -> None:
    assert surfaces(closed, "1girl, Red Hair, blue-eyes, (black_dress:1.2), ((solo))") == []


def test_a_full_stop_makes_no_other_tag(closed: UnlistedTags) -> None:
    assert surfaces(closed, "solo, st. gloriana's school uniform") == []


def test_another_number_or_a_plural_makes_no_other_tag(closed: UnlistedTags) -> None:
    assert surfaces(closed, "5girls, 12boys, red hats, blue dresses") == []


def test_what_is_put_together_as_listed_tags_are_is_a_description(closed: UnlistedTags) -> None:
    assert surfaces(closed, "solo, striped purple umbrella, holding red scarf") == []


def test_a_name_keeps_its_qualifier_and_loses_weight_and_brackets(closed: UnlistedTags) -> None:
    text = r"solo, (alicia \(granblue fantasy\):1.2), smile"
    (seen,) = look(closed, text)
    assert seen.surface == r"alicia \(granblue fantasy\)" == text[seen.start : seen.end]
    assert seen.term == term_of("alicia_(granblue_fantasy)")


@pytest.mark.parametrize(
    ("tag", "category"),
    [
        ("kagami_(cosplay)", "character"),
        ("togashi_(style)", "artist"),
        ("ame_(artist)", "artist"),
        ("zorblax_(series)", "work"),
        ("artist:zorblax", "artist"),
        ("by zorblax", "artist"),
        ("zorblax", ""),
    ],
)
def test_the_category_is_what_the_tag_itself_says(
    closed: UnlistedTags, tag: str, category: str
) -> None:
    (seen,) = look(closed, f"solo, {tag}")
    assert seen.category == category


def test_a_listed_cosplay_counts_for_the_name_before_it(closed: UnlistedTags) -> None:
    assert surfaces(closed, "solo, konata_(cosplay)") == ["konata_(cosplay)"]


def test_a_cosplay_of_a_description_is_none_of_a_name(closed: UnlistedTags) -> None:
    assert surfaces(closed, "solo, red_hair_(cosplay)") == []


def test_what_steers_a_generator_is_no_name(closed: UnlistedTags) -> None:
    text = (
        "masterpiece, best quality, score_8_up, rating:safe, year 2019, 8k, Steps: 20, BREAK, solo"
    )
    assert look(closed, text, Source.PROMPT) == []


def test_the_name_of_a_network_is_looked_at_without_its_version(closed: UnlistedTags) -> None:
    assert surfaces(closed, "solo <lora:chars/umbreon_v2.0:0.8>, smile") == ["umbreon"]


def test_only_lists_of_tags_in_captions_and_prompts_are_looked_at(closed: UnlistedTags) -> None:
    prose = prepare("An umbreon sits on a chair.", form=Form.ENGLISH)
    file_name = prepare("umbreon, solo", Source.FILE_NAME, Form.BOORU)
    assert closed.recognise([prose, file_name]) == [[], []]


def test_long_prose_between_commas_is_no_tag(closed: UnlistedTags) -> None:
    assert surfaces(closed, "solo, " + "zorblax goes to town and " * 4) == []


def test_without_a_vocabulary_a_qualifier_or_a_strange_word_counts(
    without_vocabulary: UnlistedTags,
) -> None:
    found = surfaces(
        without_vocabulary, "1girl, saber (fate), zorblax, paper lantern, star (symbol)"
    )
    assert found == ["saber (fate)", "zorblax"]


def test_a_qualifier_ranks_above_an_ordinary_word(closed: UnlistedTags) -> None:
    named, plain = look(closed, "saber (fate), operator")
    assert named.score > plain.score


def test_a_list_between_spaces_is_cut_at_spaces(closed: UnlistedTags) -> None:
    found = look(closed, "1girl red_hair saber_(fate) blue_eyes long_hair")
    assert [(seen.start, seen.surface) for seen in found] == [(15, "saber_(fate)")]


def test_every_place_of_a_repeated_tag_is_seen(closed: UnlistedTags) -> None:
    assert [seen.start for seen in look(closed, "umbreon,umbreon\numbreon")] == [0, 8, 16]


def test_many_threads_see_the_same(closed: UnlistedTags) -> None:
    texts = [prepare(f"solo, zorblax{n % 7}, (umbreon:1.{n % 3})") for n in range(200)]
    alone = closed.recognise(texts)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(closed.recognise, [texts] * 8)) == [alone] * 8


def test_the_fingerprint_follows_the_vocabulary() -> None:
    more = Vocabulary(VOCABULARY.tags | {"umbreon"})
    one, same, other = (UnlistedTags(v, shipped_lexicon()) for v in (VOCABULARY, VOCABULARY, more))
    assert one.fingerprint == same.fingerprint != other.fingerprint


PIECES = st.sampled_from(
    [*"(),:\\<>[]_|; \n.{}", "lora:", ":1.2)", "BREAK", "artist:", "\ud800", "制服"]
)


@given(st.lists(st.one_of(st.text(max_size=8), PIECES), max_size=30).map("".join))
def test_any_text_gives_sightings_that_lie_in_it(closed: UnlistedTags, text: str) -> None:
    for seen in look(closed, text):
        assert seen.surface == text[seen.start : seen.end] == seen.surface.strip()
        assert seen.term == term_of(seen.surface) != ""
        assert 0.0 <= seen.score <= 1.0
        assert seen.explanation


@pytest.mark.parametrize("unit", ["(", ")", "a_1.", ":", "<lora:", " ", "\\)", "x:1.2)", "\ud800"])
def test_a_large_text_of_one_sign_is_survived(closed: UnlistedTags, unit: str) -> None:
    look(closed, unit * (200_000 // len(unit)))
    look(closed, (unit * (180 // len(unit)) + ",") * 200)


@given(st.text(max_size=60))
def test_pieces_and_separators_make_up_the_text(text: str) -> None:
    pieces = split_pieces(text)
    assert sum(map(len, pieces)) + len(pieces) - 1 == len(text)


@pytest.mark.parametrize(
    ("piece", "tags"),
    [
        ("((x y))", ["x y"]),
        ("(foo", ["foo"]),
        ("foo:1.2)", ["foo"]),
        ("foo:1.2", ["foo"]),
        ("re:zero", ["re:zero"]),
        ("(re:zero:1.1)", ["re:zero"]),
        (r"{a \(b\) \(c\)}", [r"a \(b\) \(c\)"]),
        ("1girl AND cat BREAK dog", ["1girl", "cat", "dog"]),
        ("ALICE AND BOB", ["ALICE AND BOB"]),
        ("<lora:x:1><lora:y_v2:0.5> z", ["x", "y", "z"]),
        ("rating:explicit", []),
        ("^_^", []),
        ("", []),
    ],
)
def test_prompt_notation_is_taken_off(piece: str, tags: list[str]) -> None:
    assert [tag.surface for tag in cut_tags(piece)] == tags


def test_a_term_is_split_into_words_and_qualifiers() -> None:
    assert split_term(term_of("ch'en_the_2nd_(elite_ii)_(arknights)")) == (
        ["ch", "en", "the", "2nd"],
        ["elite ii", "arknights"],
    )

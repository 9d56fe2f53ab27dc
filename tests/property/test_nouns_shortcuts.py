"""What makes the recognisers quick changes nothing of what they find."""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.nouns.english.words import EnglishWords
from models.nouns.forms import Form, route
from models.nouns.matching import searching as searching
from models.nouns.matching.finding import _judge, find_matches
from models.nouns.matching.patterns import CompiledNames, compile_patterns
from models.nouns.merging import settle
from models.nouns.normalisation import normalise
from models.nouns.recognisers.registered import RegisteredNames
from models.nouns.recognisers.structure import Structure
from models.nouns.recognisers.structure_signs import read_signs
from models.nouns.recognisers.unlisted_tags import UnlistedTags
from models.nouns.recognisers.unusual_words import UnusualWords
from models.nouns.recognition import Certainty, Recogniser, Sighting, prepare
from models.nouns.register.storage import make_entry, make_register
from models.nouns.tags import quiet as quiet_pieces
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import shipped_lexicon

REGISTER = make_register(
    [
        make_entry("hatsune_miku", "character", ["初音ミク"]),
        make_entry("saber_(fate)", "character", ["セイバー"]),
        make_entry("rose", "character"),
        make_entry("rose_(steins;gate)", "character"),
        make_entry("steins;gate", "work"),
        make_entry("long_hair_long_road", "work"),
        make_entry("black_cat", "work"),
        make_entry("kantoku", "artist"),
    ]
)
LEXICON = shipped_lexicon()
VOCABULARY = Vocabulary(frozenset({"black cat", "long hair", "arrow ( symbol )", "1girl"}))
TABLE = compile_patterns(REGISTER, LEXICON)
PARTS = [
    *("hatsune", "miku", "saber", "fate", "rose", "steins", "gate", "long", "hair", "black", "cat"),
    *("long road", "1girl", "arrow", "symbol", "cosplay", "style", "art by ", "artist:", "fan art"),
    *("(", ")", "\\(", ":1.2)", '"', ":", "@", ";", ".", "_", " ", ", ", ",", "\n", "!", "風", "é"),
]
TAG_LISTS = st.lists(st.sampled_from(PARTS), max_size=14).map(" ".join) | st.lists(
    st.sampled_from(PARTS), max_size=14
).map("".join)
ENGLISH = EnglishWords(
    frozenset({"abcabc", "bcabca", "ccabba", "aabbccab", "abcabcabc"}),
    frozenset({"abcabc", "bcabca", "ccabba", "aabbccab", "abcabcabc", "cabcabcaab"}),
    frozenset(),
    "",
)
EXPECTED = frozenset({"abcab", "bcbcbcb", "abccba"})
SAMPLE = [
    "1girl, hatsune miku, long hair, steins;gate, qwertzu",
    "a drawing of Hatsune Miku by Zorvanna Kelm in the style of mirbek",
    "初音ミクのコスプレをした人、ミルベク先生の絵",
    "artist: zorvanna, © Mirbek Ltd, Floogle™ shoes",
    "saber (fate) \\(cosplay\\), rose, black cat, @zorvanna",
    "Gandor carries a carying basket of roses",
]


def make_names() -> CompiledNames:
    return CompiledNames(REGISTER, LEXICON, TABLE, VOCABULARY)


NAMES = make_names()


@given(TAG_LISTS)
@example("1girl, a steins, gate, solo")
@example("1girl, rose (steins, gate), solo")
@example("1girl, rose (symbol, gate), solo")
def test_pieces_that_are_known_to_be_quiet_hide_no_name(text: str) -> None:
    searched = prepare(text, form=Form.BOORU)
    if "," in text.strip(","):
        expected = _judge(NAMES.search(searched.normal), searched, NAMES, None)
        assert find_matches(searched, NAMES) == expected
        assert find_matches(searched, NAMES) == expected


@given(TAG_LISTS)
def test_the_form_is_the_same_with_and_without_the_normal_form(text: str) -> None:
    assert route(text) is route(text, normalise(text))


@given(st.lists(TAG_LISTS, max_size=5))
def test_forgetting_changes_nothing(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "_MOST_REMEMBERED", 2)
        patch.setattr(quiet_pieces, "_MOST_REMEMBERED", 2)
        forgetful = make_names()
        for text in texts:
            searched = prepare(text)
            assert find_matches(searched, forgetful) == find_matches(searched, NAMES)


def slips_of(word: str) -> Iterator[tuple[bool, str]]:
    """(whether short words may be meant so, the word without the slip)."""
    for cut in range(1, len(word) + 1):
        for letter in string.ascii_lowercase:
            if len(word) >= 5:
                yield True, word[:cut] + letter + word[cut:]
            if len(word) >= 7 and cut < len(word):
                yield False, word[:cut] + letter + word[cut + 1 :]
        if cut < len(word):
            yield False, word[:cut] + word[cut + 1 :]
        if cut + 1 < len(word):
            yield True, word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]


@given(st.text("abc", min_size=4, max_size=10) | st.sampled_from(sorted(ENGLISH.frequent)))
def test_a_slip_is_one_letter_away_wherever_it_lies(word: str) -> None:
    expected = any(
        (expects and meant in EXPECTED) or (len(word) >= 6 and meant in ENGLISH.frequent)
        for expects, meant in slips_of(word)
    )
    assert ENGLISH.is_misspelt(word, EXPECTED) == expected


SPANS = st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(list(Certainty)))


@given(st.lists(st.tuples(SPANS, st.sampled_from([0.3, 0.5, 0.9])), max_size=9))
def test_an_unknown_term_stands_where_nothing_surer_does(
    made: list[tuple[tuple[int, int, Certainty], float]],
) -> None:
    seen = [
        Sighting(start, start + size, "x" * size, certainty, "", "test/1", score, "")
        for (start, size, certainty), score in made
    ]
    standing = settle(seen)
    certain = [one for one in seen if one.certainty is Certainty.CERTAIN]
    # One that gives way itself covers nothing any more.
    possible = [one for one in standing if one.certainty is Certainty.POSSIBLE]
    unknown = [one for one in standing if one.certainty is Certainty.UNKNOWN]
    for one in seen:
        if one.certainty is not Certainty.UNKNOWN or one in standing:
            continue
        assert (
            any(touches(one, other) for other in certain)
            or any(covers(other, one) for other in possible)
            or any(touches(one, other) and other.score >= one.score for other in unknown)
        )
    for one in unknown:
        assert not any(touches(one, other) for other in certain)
        assert not any(covers(other, one) for other in possible)
        assert not any(touches(one, other) for other in unknown if other is not one)


def touches(one: Sighting, other: Sighting) -> bool:
    return one.start < other.end and other.start < one.end


def covers(other: Sighting, one: Sighting) -> bool:
    return other.start <= one.start and one.end <= other.end


FORWARD = re.compile(r"(?P<name>(?:[A-Z][\w'’&.-]{0,40} ){0,3}[\w'’&.-]{1,60}) ?\Z")


@given(st.text("aB ™-!", max_size=90) | st.text("aB ", max_size=90).map(lambda text: text + "™"))
def test_a_trade_mark_is_the_longest_name_before_its_sign(text: str) -> None:
    expected = []
    for sign in re.finditer("™", text):
        begin = max(0, sign.start() - 80)
        found = FORWARD.search(text[begin : sign.start()])
        if found and any(map(str.isalnum, found["name"])):
            expected.append((begin + found.start("name"), begin + found.end("name")))
    signs = read_signs(prepare(text), lambda _: False, lambda _: False)
    assert [(sign.start, sign.end) for sign in signs] == expected


def make_recognisers() -> list[Recogniser]:
    return [
        RegisteredNames(make_names()),
        Structure(LEXICON, VOCABULARY),
        UnlistedTags(VOCABULARY, LEXICON, REGISTER),
        UnusualWords(LEXICON, VOCABULARY),
    ]


def test_threads_that_share_recognisers_find_what_one_finds_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [prepare(f"{text} {number % 7}") for number in range(120) for text in SAMPLE]
    expected = [recogniser.recognise(texts) for recogniser in make_recognisers()]
    monkeypatch.setattr(searching, "_MOST_REMEMBERED", 8)
    monkeypatch.setattr(quiet_pieces, "_MOST_REMEMBERED", 8)
    shared = make_recognisers()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            runs = [
                threads.submit(lambda: [each.recognise(texts) for each in shared]) for _ in range(4)
            ]
            answers = [run.result() for run in runs]
    finally:
        sys.setswitchinterval(before)
    assert any(map(any, expected))
    assert all(answer == expected for answer in answers)

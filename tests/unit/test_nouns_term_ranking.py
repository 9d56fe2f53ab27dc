"""The ranking of unknown terms, trained from a register and a vocabulary."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from models.nouns.english.words import shipped_english_words
from models.nouns.recognisers.unlisted_tags import UnlistedTags
from models.nouns.recognition import prepare, term_of
from models.nouns.register.entries import make_entry
from models.nouns.register.storage import NameRegister, make_register
from models.nouns.tags.features import FEATURES, TagCounts, describes
from models.nouns.tags.ranking import (
    FEWEST_NAMES,
    TermRanking,
    names_of,
    rank_terms,
    train_ranking,
)
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import shipped_lexicon

WORKS = ("star_saga", "moon_knights", "zeruda", "kantai_story")
FAMILY = [
    a + b + c
    for a, b, c in product(("ka", "shi", "mo", "ta"), ("na", "ri", "zu"), ("moto", "gawa"))
]
GIVEN = [a + b for a, b in product(("yu", "ha", "ren", "ai", "mi", "so"), ("ko", "mi", "ra", "to"))]
COLOURS = ["red", "blue", "green", "black", "white", "pink", "purple", "brown", "grey", "orange"]
THINGS = [
    *("hair", "eyes", "dress", "skirt", "shirt", "jacket", "hat", "gloves", "boots", "shoes"),
    *("socks", "ribbon", "bow", "scarf", "coat", "pants", "shorts", "flower", "umbrella", "bag"),
    *("wings", "tail", "horns", "bikini", "leotard", "kimono", "necktie", "belt", "cape", "hood"),
]
KINDS = ["striped", "plaid", "frilled", "torn", "long", "short"]
TAGS = frozenset(
    term_of(tag)
    for tag in [
        *(f"{colour}_{thing}" for colour, thing in product([*COLOURS, *KINDS], THINGS)),
        *(f"{k}_{c}_{thing}" for k, c, thing in product(KINDS, COLOURS[:4], THINGS)),
        "kanamoto_yuko_(cosplay)",
    ]
)


def names() -> list[str]:
    people = [f"{family}_{given}" for family, given in product(FAMILY, GIVEN)]
    roles = [f"{given}_({work})" for given, work in product(FAMILY + GIVEN, WORKS)]
    return [*people, *roles, *(f"{f}{number}" for f, number in product(FAMILY, range(20)))]


@pytest.fixture(scope="module")
def register() -> NameRegister:
    return make_register(make_entry(name, "character") for name in names())


@pytest.fixture(scope="module")
def counts() -> TagCounts:
    return TagCounts(TAGS, shipped_lexicon(), shipped_english_words())


@pytest.fixture(scope="module")
def ranking(counts: TagCounts, register: NameRegister) -> TermRanking:
    return train_ranking(counts, names_of(register, counts.tags))


@pytest.mark.parametrize("name", ["tazugawa sorami", "renko", "haruhi ( star saga )", "zurimoto9"])
@pytest.mark.parametrize("tag", ["torn grey cape", "orange striped hood", "green horns and tail"])
def test_a_name_ranks_above_a_description(ranking: TermRanking, name: str, tag: str) -> None:
    assert ranking.score(name) > ranking.score(tag)


def test_a_name_that_it_never_saw_reaches_the_cut(ranking: TermRanking) -> None:
    assert ranking.score("tanamoto soyu") >= ranking.cut > 0.0


def test_training_again_gives_the_same_weights(
    ranking: TermRanking, counts: TagCounts, register: NameRegister
) -> None:
    fresh = TagCounts(sorted(TAGS, reverse=True), shipped_lexicon(), shipped_english_words())
    again = train_ranking(fresh, names_of(register, counts.tags))
    assert again.weights.tobytes() == ranking.weights.tobytes()
    assert again.cut == ranking.cut


def test_too_few_names_or_tags_give_no_ranking(counts: TagCounts, register: NameRegister) -> None:
    few_names = make_register(register.entries[: FEWEST_NAMES - 1])
    few_tags = TagCounts(["red hair"], shipped_lexicon(), shipped_english_words())
    assert rank_terms(counts, few_names, "a") is None
    assert rank_terms(few_tags, register, "b") is None


def test_what_is_kept_is_what_was_trained(
    tmp_path: Path, counts: TagCounts, register: NameRegister
) -> None:
    trained = rank_terms(counts, register, "key", tmp_path)
    kept = rank_terms(counts, register, "key", tmp_path)
    assert trained is not None
    assert kept is not None
    assert kept.cut == trained.cut
    assert kept.weights.tobytes() == trained.weights.tobytes()


def test_a_damaged_cache_is_trained_anew(
    tmp_path: Path, counts: TagCounts, register: NameRegister, ranking: TermRanking
) -> None:
    rank_terms(counts, register, "key", tmp_path)
    for file in tmp_path.rglob("weights"):
        file.write_bytes(b"\0" * 2 * FEATURES)
    again = rank_terms(counts, register, "key", tmp_path)
    assert again is not None
    assert again.weights.tobytes() == ranking.weights.tobytes()


def test_a_tag_is_looked_at_as_if_it_were_not_listed(counts: TagCounts) -> None:
    lone = TagCounts([*TAGS, "zorblax"], shipped_lexicon(), shipped_english_words())
    assert lone.features("zorblax", listed=True) == counts.features("zorblax")
    assert lone.features("zorblax") != counts.features("zorblax")


def test_a_tag_that_holds_a_name_is_no_example_of_a_description(counts: TagCounts) -> None:
    assert not describes("kanamoto yuko ( cosplay )")
    assert counts.words["yuko"] == 0


def test_a_tag_of_the_vocabulary_is_no_example_of_a_name() -> None:
    both = make_register([make_entry("red_hair", "work"), make_entry("renko", "character")])
    assert names_of(both, TAGS) == ["renko"]


@pytest.mark.parametrize("term", ["", ", (", "( x )", "\ud800", "制服", "a " * 5000])
def test_any_key_has_a_score(ranking: TermRanking, term: str) -> None:
    assert 0.0 <= ranking.score(term) <= 1.0


def test_with_a_register_the_recogniser_ranks(register: NameRegister) -> None:
    recogniser = UnlistedTags(Vocabulary(TAGS), shipped_lexicon(), register)
    (found,) = recogniser.recognise([prepare("red hair, tazugawa sorami, torn grey cape")])
    assert [seen.surface for seen in found] == ["tazugawa sorami"]
    without = UnlistedTags(Vocabulary(TAGS), shipped_lexicon())
    assert recogniser.fingerprint != without.fingerprint

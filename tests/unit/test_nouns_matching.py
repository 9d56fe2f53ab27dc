"""Which registered names are found in a caption, and which ordinary words are left alone."""

from __future__ import annotations

import pytest

from models.nouns.matching.ambiguity import Ordinary
from models.nouns.matching.finding import NameMatch, find_names
from models.nouns.matching.patterns import CompiledNames, compile_patterns
from models.nouns.register.storage import NameEntry, make_entry, make_register
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import shipped_lexicon

ENTRIES = [
    make_entry("hatsune_miku", "character", ["初音ミク"]),
    make_entry("saber_(fate)", "character", ["セイバー"]),
    make_entry("karen_(kin-iro_mosaic)", "character"),
    make_entry("sword_(fatezero)", "character"),
    make_entry("fatezero", "work"),
    make_entry("rose", "character"),
    make_entry("black_cat", "work"),
    make_entry("kantoku", "artist"),
    make_entry("kantoku_ga_yobu", "work"),
    make_entry("momo", "artist", ["もも"]),
    make_entry("twins", "character", ["tsuinzu"]),
    make_entry("tsuinzu", "artist"),
    make_entry("リグル・ナイトバグ", "character"),
]


def compiled(entries: list[NameEntry]) -> CompiledNames:
    register = make_register(entries)
    return CompiledNames(register, shipped_lexicon(), compile_patterns(register, shipped_lexicon()))


NAMES = compiled(ENTRIES)


def found(text: str) -> list[tuple[str, str, bool]]:
    return [(m.surface, m.entry.name, m.certain) for m in find_names(text, NAMES)]


def only(text: str) -> NameMatch:
    (match,) = find_names(text, NAMES)
    return match


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        ("1girl, hatsune miku, solo", "hatsune miku"),
        ("1girl hatsune_miku long_hair", "hatsune_miku"),
        ("1girl, (hatsune miku:1.2), solo", "hatsune miku"),
        ("Hatsune Miku sings on a stage.", "Hatsune Miku"),
        ("Miku Hatsune sings on a stage.", "Miku Hatsune"),
        ("ステージで歌う初音ミク。", "初音ミク"),
        ("solo, <lora:hatsune_miku:0.8>", "hatsune_miku"),
        (r"1girl, saber \(fate\), sword", r"saber \(fate\)"),
        ("リグルナイトバグが笑っている。", "リグルナイトバグ"),
    ],
)
def test_a_registered_name_is_found_at_its_exact_place(text: str, surface: str) -> None:
    match = only(text)
    assert match.surface == surface
    assert text[match.start : match.end] == surface
    assert match.certain


@pytest.mark.parametrize(
    "text",
    [
        "A rose lies on the table.",
        "Rose petals cover the floor.",
        "1girl, rose, hair flower",
        "A black cat sleeps.",
        "shatsune mikuro walks home.",
        "1girl, sharp saber, sword",
        "もものような夕焼け。",
        "セイバーズの試合。",
    ],
)
def test_ordinary_words_and_parts_of_words_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ('A girl called "rose" smiles.', "quotation marks"),
        ("A girl looks at Rose in the garden.", "capital"),
        ("a painting, drawn by rose", "announce"),
        ("1girl, rose (kin-iro mosaic), solo", "qualifier"),
        ("1girl, black cat, solo", "whole tag"),
        ("1girl, sword, fatezero, solo", "nearby"),
        ("ももちゃんが笑っている。", "address"),
    ],
)
def test_an_ambiguous_name_counts_with_evidence_and_is_only_possible(
    text: str, evidence: str
) -> None:
    doubtful = [match for match in find_names(text, NAMES) if match.evidence]
    assert len(doubtful) == 1
    assert evidence in doubtful[0].evidence
    assert not doubtful[0].certain


def test_a_given_name_without_its_qualifier_is_only_possible() -> None:
    assert found("Karen rides a horse.") == [("Karen", "karen_(kin-iro_mosaic)", False)]


def test_of_overlapping_names_the_longest_stands() -> None:
    assert found("1girl, kantoku ga yobu") == [("kantoku ga yobu", "kantoku_ga_yobu", True)]


def test_a_spelling_of_several_categories_gives_one_match_for_each() -> None:
    matches = find_names("1girl, tsuinzu, solo", NAMES)
    assert [match.entry.category for match in matches] == ["artist", "character"]


def test_names_do_not_reach_over_the_space_between_tags() -> None:
    assert found("long_hair hatsune miku_doll blue_eyes") == []


VOCABULARY = Vocabulary(
    frozenset({"arrow (symbol)", "black cat", "heather", *(f"tag {n}" for n in range(1000))})
)


def found_with_vocabulary(text: str) -> list[str]:
    entries = [
        *ENTRIES,
        make_entry("arrow_(someone)", "character"),
        make_entry("heather_(game)", "character"),
        make_entry("qo", "artist"),
    ]
    register = make_register(entries)
    ordinary = Ordinary(shipped_lexicon(), VOCABULARY)
    table = compile_patterns(register, ordinary)
    names = CompiledNames(register, ordinary.lexicon, table, VOCABULARY)
    return [match.surface for match in find_names(text, names)]


@pytest.mark.parametrize(
    "text",
    [
        "1girl, black cat, solo",
        "1girl, arrow (symbol), solo",
        "1girl, heather, solo",
        "1girl, rose, solo",
        "A field of heather in bloom.",
    ],
)
def test_a_registered_name_that_is_a_descriptive_tag_is_no_evidence(text: str) -> None:
    assert found_with_vocabulary(text) == []


def test_a_whole_tag_that_describes_nothing_counts_even_if_it_is_short() -> None:
    assert found_with_vocabulary("1girl, qo, solo") == ["qo"]
    assert found("1girl, qo, solo") == []


def test_a_dictionary_word_needs_a_capital_in_english() -> None:
    register = make_register([make_entry("phantom_(game)", "character")])
    ordinary = Ordinary(shipped_lexicon(), english=frozenset({"phantom"}))
    names = CompiledNames(register, ordinary.lexicon, compile_patterns(register, ordinary))
    assert find_names("a phantom in the rain", names) == []
    (match,) = find_names("Phantom waits in the rain.", names)
    assert not match.certain


def test_a_japanese_common_noun_in_a_compound_is_no_name() -> None:
    register = make_register([make_entry("alpha_(game)", "character", ["アルファ"])])
    ordinary = Ordinary(
        shipped_lexicon(), is_common_noun=lambda word: word == "アルファ", dictionary="test"
    )
    names = CompiledNames(register, ordinary.lexicon, compile_patterns(register, ordinary))
    assert find_names("脳ではアルファ波が優勢になる。", names) == []
    (match,) = find_names("海辺で微笑むアルファ。", names)
    assert not match.certain


def test_a_word_in_a_row_of_capitals_is_part_of_another_name() -> None:
    assert found("A woman looks at Rose Parade floats.") == []


def test_a_megabyte_of_capitals_is_searched() -> None:
    text = "two girls walk up and meet Rose again. " * 26_000
    assert len(find_names(text, NAMES)) == 26_000

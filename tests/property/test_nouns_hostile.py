"""The whole search for names, given any string: it ends, it is exact, and it is always the same."""

from __future__ import annotations

import random
import threading
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.nouns.forms import Form
from models.nouns.knowledge import NounKnowledge
from models.nouns.merging import settle
from models.nouns.recognition import Certainty, Sighting, Source, prepare, term_of
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.nouns.vocabulary import Vocabulary
from models.unicode import replace_surrogates

REGISTER = make_register(
    [
        make_entry("hatsune_miku", "character", ["初音ミク", "하츠네 미쿠"]),
        make_entry("saber_(fate)", "character", ["セイバー"]),
        make_entry("kantoku", "artist", ["カントク"]),
        make_entry("髙橋留美子", "artist"),
        make_entry("佐々木", "person"),
        make_entry("straße_weiß", "brand", ["ΣΟΦΟΣ"]),
        make_entry("rose", "character", ["ローズ"]),
    ]
)
TAGS = ["1girl", "solo", "smile", "long_hair", "blue_eyes", "standing", "cosplay"]
STAGE = NounsStage(NounKnowledge(REGISTER, Vocabulary(frozenset(map(term_of, TAGS)))))

PIECES = st.sampled_from(
    [
        *("hatsune", "miku", "Hatsune Miku", "h4tsune", "hаtsune", "HATSUNE_MIKU", "初音ミク"),
        *("ﾊﾂﾈﾐｸ", "カントク", "ｶﾝﾄｸ", "佐々木", "高橋", "髙橋留美子", "ΣΟΦΟΣ", "σοφος", "STRASSE"),
        *("saber", r"\(fate\)", "(fate)", "<lora:miku:0.8>", "artist:", "by ", "in the style of "),
        *(":1.2)", "((", "))", "[a:b:0.5]", "{a|b}", "__x__", " BREAK ", " AND ", ",", ", ", "、"),
        *("。", "\n", "\r\n", " ", "　", "「", "」", "『", '"', "“", "”", "'", "’s", "™", "®", "©"),
        *("@", "@@", "#", "$", "!", "|", "_", "-", "・", "ー", "゛", "ﾞ", "風", "さん", "の", "と"),
        *("\u202e", "\u2066", "\u200b", "\u200d", "\u00ad", "\ufe0f", "\ufeff", "\U000e0061"),
        *("\u0301", "\u0489", "\u3099", "\u20dd", "\ud800", "\udfff", "\x00", "\x1c", "\x85"),
        *("\ufdfa", "㍿", "㌖", "ﷲ", "ﬁ", "İ", "ı", "ß", "ς", "ᄒ", "\u1161", "\u11ab", "하츠네"),
        *("🇯🇵", "👩\u200d👧", "🎀", "𝔥", "ⓗ", "🅷", "⒜", "１", "ก็", "أ", "𠮟", "🀄", "\U0010ffff"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=25).map("".join),
    st.text(alphabet=st.characters(), max_size=40),
    st.tuples(st.text(max_size=10), PIECES, st.text(max_size=10)).map("".join),
)
SOURCES = st.sampled_from(Source)


@given(TEXTS, SOURCES, st.none() | st.sampled_from(Form))
@settings(max_examples=300, deadline=None)
def test_every_sighting_is_a_piece_of_the_text(
    text: str, source: Source, form: Form | None
) -> None:
    (seen,) = STAGE.find_in([prepare(text, source, form)])
    for sighting in seen:
        assert 0 <= sighting.start < sighting.end <= len(text)
        surface = text[sighting.start : sighting.end]
        assert replace_surrogates(surface) == replace_surrogates(sighting.surface)
        assert 0.0 <= sighting.score <= 1.0
        assert sighting.explanation
        assert bool(sighting.term) == (sighting.certainty is Certainty.UNKNOWN)
        assert bool(sighting.entry_id) == (sighting.certainty is not Certainty.UNKNOWN)
        if sighting.term:
            assert sighting.term == sighting.term.strip()


@given(st.lists(TEXTS, min_size=1, max_size=8), SOURCES)
@settings(max_examples=150, deadline=None)
def test_a_text_is_searched_alike_alone_and_among_others(texts: list[str], source: Source) -> None:
    together = STAGE.find_in([prepare(text, source) for text in texts])
    alone = [STAGE.find_in([prepare(text, source)])[0] for text in texts]
    assert together == alone


@given(st.lists(TEXTS, min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_two_threads_see_what_one_sees(texts: list[str]) -> None:
    expected = STAGE.find_in([prepare(text) for text in texts])
    results: list[object] = []

    def look() -> None:
        results.append(STAGE.find_in([prepare(text) for text in texts]))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected, expected]


@st.composite
def sightings(draw: st.DrawFn) -> list[Sighting]:
    made = []
    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, 20))
        end = draw(st.integers(start + 1, 22))
        certainty = draw(st.sampled_from(Certainty))
        made.append(
            Sighting(
                start,
                end,
                "x" * (end - start),
                certainty,
                draw(st.sampled_from(["", "character", "work"])),
                draw(st.sampled_from(["a/1", "b/1"])),
                draw(st.sampled_from([0.2, 0.5, 0.9])),
                "Because.",
                entry_id="" if certainty is Certainty.UNKNOWN else "e",
                term=f"t{start}" if certainty is Certainty.UNKNOWN else "",
            )
        )
    return made


@given(sightings())
def test_what_was_certain_stands_whatever_else_was_seen(seen: list[Sighting]) -> None:
    standing = settle(seen)
    kept = {(each.start, each.end, each.category) for each in standing}
    for each in seen:
        if each.certainty is Certainty.CERTAIN:
            assert (each.start, each.end, each.category) in kept


@given(sightings())
def test_settling_again_changes_nothing(seen: list[Sighting]) -> None:
    once = settle(seen)
    assert settle(once) == once


@given(sightings())
def test_no_place_of_the_text_that_was_seen_goes_without_any_sighting(
    seen: list[Sighting],
) -> None:
    standing = settle(seen)
    for each in seen:
        assert any(one.start < each.end and each.start < one.end for one in standing)


@given(sightings(), st.randoms(use_true_random=False))
def test_the_places_that_stand_do_not_hang_on_the_order_of_recognisers(
    seen: list[Sighting], chance: random.Random
) -> None:
    shuffled = list(seen)
    chance.shuffle(shuffled)

    def places(standing: tuple[Sighting, ...]) -> set[tuple[int, int, Certainty]]:
        return {(each.start, each.end, each.certainty) for each in standing}

    assert places(settle(shuffled)) == places(settle(seen))


@given(
    st.lists(
        st.sampled_from(["solo", "smile", "long hair", "blue eyes", "standing", "qwxz vbk"]),
        max_size=12,
    ),
    st.sampled_from(["hatsune miku", "HATSUNE_MIKU", "(hatsune miku:1.2)", r"saber \(fate\)"]),
    st.integers(0, 12),
)
@settings(max_examples=150, deadline=None)
def test_other_tags_do_not_hide_a_certain_name(others: list[str], name: str, place: int) -> None:
    tags = [*others[:place], name, *others[place:], "solo", "smile"]
    (seen,) = STAGE.find_in([prepare(", ".join(tags))])
    assert any(each.certainty is Certainty.CERTAIN for each in seen)


@given(
    st.sampled_from(
        ["A dog sleeps. ", "It is raining, and the street is wet. ", "Two people talk.\n", ""]
    ),
    st.sampled_from([" A cat runs away.", "\nThe end of the day.", ""]),
)
def test_other_sentences_do_not_hide_a_certain_name(before: str, after: str) -> None:
    (seen,) = STAGE.find_in([prepare(f"{before}Hatsune Miku sings on a stage.{after}")])
    assert [each.entry_name for each in seen if each.certainty is Certainty.CERTAIN] == [
        "hatsune_miku"
    ]


SEPARATES = [
    chr(code)
    for code in range(0x10000)
    if unicodedata.category(chr(code)) in ("Zs", "Pd", "Pc", "Sk", "Po", "Mn", "Cf", "So")
    and not any(
        char.isalnum() or char in ",;|<>()[]{}" for char in unicodedata.normalize("NFKC", chr(code))
    )
    and chr(code) not in "、。，；｜"
    and unicodedata.normalize("NFKC", chr(code)) not in ("、", "。")
]


@given(st.sampled_from(SEPARATES))
@settings(max_examples=400, deadline=None)
def test_no_separator_between_two_words_hides_a_name(separator: str) -> None:
    (seen,) = STAGE.find_in([prepare(f"solo, hatsune{separator}miku, smile")])
    assert "hatsune_miku" in {each.entry_name for each in seen}


@given(
    st.sampled_from(
        [
            *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066"),
            *("\u0301", "\u0336", "\u0489", "\ufe0f", "\u034f", "\U000e0061", "\ud800", "\x00"),
        ]
    ),
    st.integers(1, 40),
    st.integers(1, 11),
)
def test_nothing_invisible_inside_a_name_hides_it(char: str, times: int, place: int) -> None:
    name = "hatsune miku"
    (seen,) = STAGE.find_in([prepare(f"solo, {name[:place]}{char * times}{name[place:]}, smile")])
    assert "hatsune_miku" in {each.entry_name for each in seen}


@pytest.mark.parametrize(
    "text",
    [
        "STRASSE WEISS shoes on a table",
        "straße weiß, solo, smile",
        "σοφος, solo, smile",
        "σοφοσ, solo, smile",
        "HATSUNE MİKU, solo, smile",
        "初音ﾐｸ、笑顔",
        "﹁初音ミク﹂が歌う",
        "初⾳ミクが歌う",
        unicodedata.normalize("NFD", "하츠네 미쿠") + ", solo",
        "髙\ufe00橋留美子の絵だ",
        "高橋留美子の絵だ",
        "solo, h" + "\u0301" * 10_000 + "atsune miku, smile",
        "solo, 🅷🅰🆃🆂🆄🅽🅴 🅼🅸🅺🆄, smile",
        "solo, 🇭🇦🇹🇸🇺🇳🇪 🇲🇮🇰🇺, smile",
    ],
)
def test_another_spelling_of_the_same_letters_is_the_same_name(text: str) -> None:
    (seen,) = STAGE.find_in([prepare(text)])
    assert any(each.entry_id for each in seen)


@pytest.mark.parametrize(
    "text",
    [
        "A girl is Hatsune Miku™ in the park.",
        "solo, hatsune miku™, smile",
        "solo, hatsune miku℠, smile",
        "STRASSE WEISS™ shoes on a table",
        "№hatsune miku, solo, smile",
    ],
)
def test_a_sign_after_a_name_does_not_hide_it(text: str) -> None:
    (seen,) = STAGE.find_in([prepare(text)])
    assert any(each.entry_id for each in seen)


@pytest.mark.parametrize("text", ["初音ミク可愛い", "歌う初音ミク歌う", "初音ミク初音ミク初音"])
def test_the_last_katakana_of_a_name_may_meet_a_kanji(text: str) -> None:
    (seen,) = STAGE.find_in([prepare(text)])
    assert len([each for each in seen if each.entry_id]) == text.count("初音ミク")

"""The variants recogniser on a small register."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.nouns.japanese.analysis import analyser_version, has_ordinary_entry
from models.nouns.matching.ambiguity import Ordinary
from models.nouns.recognisers.variants import Variants
from models.nouns.recognition import Certainty, Sighting, Source, prepare
from models.nouns.register.storage import make_entry, make_register
from models.nouns.vocabulary import Vocabulary

REGISTER = make_register(
    [
        make_entry("hatsune_miku", "character", ["初音ミク"]),
        make_entry("kagamine_rin", "character"),
        make_entry("saber_(fate)", "character", ["セイバー"]),
        make_entry("mandarin", "character"),
        make_entry("megurine_luka", "character", ["巡音ルカ", "セーラームーン"]),
        make_entry("shoujo_kageki", "work"),
        make_entry("articuno", "character"),
        make_entry("rose", "character"),
        make_entry("アンナ・デマラ", "character"),
    ]
)


KANA_REGISTER = make_register(
    [
        make_entry("perrine", "character", ["ペリーヌ"]),
        make_entry("milfa", "character", ["ミルファ"]),
        make_entry("fio", "character", ["フィオ"]),
        make_entry("kagurazuka_runa", "character", ["神楽塚ルナ"]),
        make_entry("megurine_luka", "character", ["巡音ルカ"]),
        make_entry("ruukoto", "character", ["る~こと"]),
        make_entry("cutter", "character", ["カッター", "カッタ"]),
        make_entry("macau", "character", ["マカオ"]),
    ]
)
WITH_ANALYSER = Variants(
    KANA_REGISTER, Ordinary(is_common_noun=has_ordinary_entry, dictionary=analyser_version())
)


@pytest.fixture(scope="module")
def variants() -> Variants:
    vocabulary = Vocabulary(frozenset({"1girl", "long hair", "t shirt", "looking at viewer"}))
    return Variants(REGISTER, Ordinary(vocabulary=vocabulary))


def see(variants: Variants, text: str, source: Source = Source.CAPTION) -> list[Sighting]:
    return variants.recognise([prepare(text, source)])[0]


@pytest.mark.parametrize(
    ("written", "trick"),
    [
        ("h4tsune m1ku", "digits or symbols"),
        ("h@t$une miku", "digits or symbols"),
        ("hаtsune mіku", "look-alike"),
        ("🅷🅰🆃🆂🆄🅽🅴 🅼🅸🅺🆄", "look-alike"),
        ("h.a.t.s.u.n.e m.i.k.u", "set apart"),
        ("ha_tsu_ne_mi_ku", "set apart"),
        ("h a t s u n e m i k u", "set apart"),
        ("hatsunemiku", "without spaces"),
        ("hatsu nemiku", "spaces in other places"),
        ("haatsune miku", "romanisation or with doubled"),
        ("hatune miku", "romanisation"),
        ("hatsnue miku", "one letter wrong"),
        ("hatsunemikku", "without spaces"),
        ("rin kagamine", "other way round"),
        ("5aber (fate)", "digits or symbols"),
        ("artlcuno", "one letter wrong"),
        ("shojo kageki", "romanisation"),
    ],
)
@pytest.mark.parametrize("frame", ["1girl, {}, long hair", "A picture of {} at the beach."])
def test_a_variant_is_found_and_its_trick_is_named(
    variants: Variants, written: str, trick: str, frame: str
) -> None:
    seen = see(variants, frame.format(written))
    assert [sighting.surface for sighting in seen] == [written]
    assert trick in seen[0].explanation


@pytest.mark.parametrize(
    "written",
    ["初音みく", "セラムン", "セーラムーン", "セェラームーン", "デマラ・アンナ", "せーらーむーん"],
)
def test_a_japanese_variant_is_found(variants: Variants, written: str) -> None:
    seen = see(variants, f"公園で{written}が歌っている。")
    assert [sighting.surface for sighting in seen] == [written]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("剣を構えたみるふぁの後ろ姿。", "みるふぁ"),
        ("公園でふぃおが泣いている。", "ふぃお"),
        ("長い髪のペリヌがこちらを見ている。", "ペリヌ"),
        ("神楽塚ナルが歌う。", "神楽塚ナル"),
        ("巡音ルカではなくペリ ーヌが歌う。", "ペリ ーヌ"),
    ],
)
def test_a_short_japanese_name_is_found_where_the_sentence_has_room_for_one(
    text: str, name: str
) -> None:
    assert name in [sighting.surface for sighting in see(WITH_ANALYSER, text)]


@pytest.mark.parametrize(
    "text",
    [
        "女の子が公園で遊んでいることがわかった。",
        "映画を見たかったが、時間がなかった。",
        "画面のカッターを選び、マーカーをつけている。",
        "ペリーヌが歌っている。",
        "街のガイドが旗を持っている。",
    ],
)
def test_endings_and_ordinary_words_are_no_names_in_other_kana(text: str) -> None:
    assert see(WITH_ANALYSER, text) == []


def test_a_text_full_of_strange_words_is_not_passed_over_in_silence(variants: Variants) -> None:
    text = " ".join(f"qu{number}xz" for number in range(30_000))
    last = see(variants, text)[-1]
    assert last.certainty is Certainty.UNKNOWN
    assert last.term
    assert "was not searched" in last.explanation
    assert text[last.start : last.end] == last.surface


def test_what_stands_before_the_end_of_the_search_is_found(variants: Variants) -> None:
    text = "h4tsune m1ku, " + ", ".join(f"qu{number}xz" for number in range(30_000))
    assert see(variants, text)[0].surface == "h4tsune m1ku"


@pytest.mark.parametrize(
    "text",
    [
        "A man dar in the shop.",
        "1girl, long hair, t-shirt, :d, looking at viewer",
        "A woman with a r0se in her hand.",
        "a b c d e f g",
        "公園で女の子が歌っている。",
        "",
        "!!! @ $",
    ],
)
def test_ordinary_text_is_left_alone(variants: Variants, text: str) -> None:
    assert see(variants, text) == []


@pytest.mark.parametrize(
    "text", ["hatsune miku", "a picture of Hatsune-Miku", "1girl, kagamine_rin"]
)
def test_what_the_register_finds_is_left_to_it(variants: Variants, text: str) -> None:
    assert see(variants, text) == []


def test_only_what_cannot_be_anything_else_is_certain(variants: Variants) -> None:
    certain = ["hаtsune mіku", "h.a.t.s.u.n.e m.i.k.u"]
    possible = ["h4tsune miku", "hatsnue miku", "hatsunemiku"]
    assert {see(variants, text)[0].certainty for text in certain} == {Certainty.CERTAIN}
    assert {see(variants, text)[0].certainty for text in possible} == {Certainty.POSSIBLE}


def test_nothing_is_certain_in_a_file_name(variants: Variants) -> None:
    (seen,) = see(variants, "hаtsune mіku", Source.FILE_NAME)
    assert seen.certainty is Certainty.POSSIBLE


def test_tags_between_spaces_are_not_joined(variants: Variants) -> None:
    assert see(variants, "long_hair hatsu nemiku t_shirt") == []


def test_an_explanation_stands_by_itself(variants: Variants) -> None:
    (seen,) = see(variants, "h4tsune m1ku")
    assert seen.explanation == (
        "'h4tsune m1ku' is registered as a character, 'hatsune_miku', "
        "with digits or symbols for letters."
    )


def test_the_index_is_kept_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    Variants(REGISTER, Ordinary(), cache=tmp_path)
    (folder,) = tmp_path.iterdir()
    for file in folder.iterdir():
        file.write_bytes(b"damaged" + file.read_bytes()[7:])
    again = Variants(REGISTER, Ordinary(), cache=tmp_path)
    assert see(again, "h4tsune m1ku")
    assert see(Variants(REGISTER, Ordinary(), cache=tmp_path), "h4tsune m1ku")


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert see(Variants(REGISTER, Ordinary(), cache=blocked), "h4tsune m1ku")


def test_an_empty_register_finds_nothing() -> None:
    assert see(Variants(make_register([]), Ordinary()), "h4tsune m1ku, 初音みく") == []


def test_the_fingerprint_tells_registers_and_dictionaries_apart() -> None:
    one = Variants(REGISTER, Ordinary())
    other = Variants(make_register([]), Ordinary())
    third = Variants(REGISTER, Ordinary(), word_list="another")
    assert len({one.fingerprint, other.fingerprint, third.fingerprint}) == 3

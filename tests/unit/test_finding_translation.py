"""Explanations of findings in Japanese: none is missing, and nothing that was seen is lost."""

from __future__ import annotations

import re
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decisions import Decision
from models.findings import Finding
from models.motifs.fingerprints import ORIENTATIONS
from models.motifs.views import VIEWS
from models.nouns.disguise.rules import Trick
from models.nouns.embedded.iptc import _DATASETS
from models.nouns.register.storage import CATEGORIES
from models.reasons import Reason
from models.translation.findings import explain_in_japanese, find_japanese_explanation
from models.translation.japanese import PARTS, PLACES, SENTENCES
from models.translation.templates import Kind, parse_template
from models.verdicts import Verdict
from review_ui.language import Words, load_words
from tests.explanations_in_code import (
    GAP,
    NO_EXPLANATIONS,
    Found,
    find_unseen,
    read_explanations,
    read_words,
)

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
"""Two words in a row: names and technical words stand alone in Japanese."""

CATALOGUE = "models/translation/japanese"
FOUND = read_explanations()

QUOTED = "ζ"
"""Stands in quotes."""

FRAMES = (
    "{}",
    "{}.",
    "'ζ' is registered as a character.{}",
    "'ζ' {}.",
    "'ζ' is registered as a character{}.",
    "'ζ' is registered as a character, {}.",
    "'ζ' is registered as a character, 'ζ', {}.",
    "'ζ' is registered as a character, {}, in styled letters.",
    "It can be an ordinary word, but counts here because {}.",
    "{} written the same.",
    "'ζ' may be a name: {}.",
    "{}: 'ζ' is in no dictionary.",
    "The model 'ζ' takes 'ζ' for {} (it says ζ).",
    "The component 'ζ' marks 'ζ'{}.",
    "This is the same file as {}.",
    "It has {} frames.",
    "The IPTC {}: 'ζ' is in no dictionary.",
)
"""Where a part of an explanation may stand."""

SAMPLES = (
    *("a character", "a", "character", "", "17", "ζ", "'ζ'", "the reference 'ζ'", "0.91"),
    *("in styled letters", "it stands in quotation marks", "1 other entry is", "keywords"),
    *("no dictionary has it", "the name of an artist", "artist"),
)
"""What may stand in a gap without quotes."""

_MOST_TRIES = 60_000


def is_japanese(text: str) -> bool:
    """Whether a text is, once what stands in quotes is taken away."""
    text = re.sub("「[^」]*」", "", text)
    return bool(JAPANESE.search(text)) and not ENGLISH.search(text)


def comes_out_in_japanese(text: str) -> bool:
    """Whether a text does, in one of the places where it may stand, with values in its gaps."""
    text = text.replace(f"'{GAP}'", f"'{QUOTED}'")
    text = text[:1].upper() + text[1:] if text.startswith("the ") else text
    pieces = text.split(GAP)
    fillings = product(SAMPLES, repeat=len(pieces) - 1)
    for frame, values in islice(product(FRAMES, fillings), _MOST_TRIES):
        filled = pieces[0] + "".join(
            value + piece for value, piece in zip(values, pieces[1:], strict=True)
        )
        for whole in dict.fromkeys((filled, filled[:1].lower() + filled[1:])):
            english = frame.format(whole)
            shown = find_japanese_explanation(english)
            if shown and is_japanese(shown) and shown.count("「ζ」") >= english.count("'ζ'"):
                return True
    return False


class TestCompleteness:
    @pytest.mark.parametrize(
        "found",
        [each for each in FOUND if each.text not in NO_EXPLANATIONS],
        ids=lambda found: found.where,
    )
    def test_every_explanation_in_the_code_has_its_japanese(self, found: Found) -> None:
        assert comes_out_in_japanese(found.text), (
            f"Add {found.text!r} ({found.where}) with its Japanese to a module in {CATALOGUE}, or "
            "say in tests/explanations_in_code.py why it is none."
        )

    def test_every_explanation_is_made_in_a_way_that_is_read_here(self) -> None:
        assert find_unseen() == [], "Make it with an f-string, a table or a function beside it."

    def test_the_code_is_read_at_all(self) -> None:
        texts = {found.text for found in FOUND}
        assert len(texts) > 80
        assert {
            "'Ω' is no descriptive tag that the vocabulary knows.",
            "stands after 'Ω', as the name of an artist does",
            "with one letter wrong",
            "the file name 'Ω'",
            "It has Ω frames.",
        } <= texts

    def test_no_exception_is_left_over(self) -> None:
        assert set(NO_EXPLANATIONS) - {found.text for found in FOUND} == set()

    @pytest.mark.parametrize("category", sorted(CATEGORIES))
    def test_every_category_has_its_japanese(self, category: str) -> None:
        kind = f"{'an' if category[0] in 'aeiou' else 'a'} {category}"
        assert is_japanese(explain_in_japanese(f"'ζ' is registered as {kind}."))

    @pytest.mark.parametrize("trick", list(Trick))
    def test_every_disguise_has_its_japanese(self, trick: Trick) -> None:
        explanation = f"'ζ' is registered as a work, 'η', in styled letters and {trick.value}."
        assert is_japanese(explain_in_japanese(explanation))

    @pytest.mark.parametrize("view", [*VIEWS[1:], *ORIENTATIONS[1:]])
    def test_every_view_of_a_motif_has_its_japanese(self, view: str) -> None:
        explanation = f"This is the same file as the reference 'ζ' ({view})."
        assert is_japanese(explain_in_japanese(explanation))

    @pytest.mark.parametrize("dataset", list(_DATASETS.values()))
    def test_every_place_in_iptc_has_its_japanese(self, dataset: str) -> None:
        assert is_japanese(explain_in_japanese(f"The IPTC {dataset}: 'ζ' is in no dictionary."))


class TestCatalogue:
    def test_no_line_stands_twice(self) -> None:
        for lines in (SENTENCES, PARTS, PLACES):
            spelled = [english for english, _ in lines]
            assert [text for text in spelled if spelled.count(text) > 1] == []

    @pytest.mark.parametrize(("english", "japanese"), [*SENTENCES, *PARTS, *PLACES])
    def test_a_line_has_the_same_gaps_and_quotes_on_both_sides(
        self, english: str, japanese: str
    ) -> None:
        gaps = [gap.name for gap in parse_template(english).gaps]
        assert sorted(set(gaps)) == sorted(gaps)
        assert sorted(gap.name for gap in parse_template(japanese).gaps) == sorted(gaps)
        quoted = re.findall(r"'\{(\w+)\}'", english)
        assert sorted(re.findall(r"「\{(\w+)\}」", japanese)) == sorted(quoted)
        assert "'" not in re.sub(r"'\{\w+\}'|(?<=\w)'(?=\w)", "", english)

    @pytest.mark.parametrize(("english", "japanese"), [*SENTENCES, *PARTS, *PLACES])
    def test_a_line_is_plain_japanese_without_a_full_stop(
        self, english: str, japanese: str
    ) -> None:
        assert not japanese.endswith("。")
        assert not english.endswith(".")
        only_a_gap = re.fullmatch(r"\{\w+\}|[\w ]*\{\w+\}", japanese)
        assert is_japanese(japanese) or only_a_gap

    @pytest.mark.parametrize(("english", "japanese"), SENTENCES)
    def test_a_line_is_found_and_no_other_in_its_place(self, english: str, japanese: str) -> None:
        known = {"reference": ("the reference 'r'", "登録モチーフ「r」"), "why": PARTS_OF["why"]}
        chosen: dict[str, tuple[str, str]] = {}
        for number, gap in enumerate(parse_template(english).gaps):
            chosen[gap.name] = {
                Kind.TEXT: (f"q{number}", f"q{number}"),
                Kind.WORD: (f"0.{number}", f"0.{number}"),
                Kind.NUMBER: (f"{number}", f"{number}"),
                Kind.KNOWN: known.get(gap.name, ("an artist", "作家")),
                Kind.LIST: PARTS_OF["list"],
            }[gap.kind]
        text = parse_template(english).fill({name: en for name, (en, _) in chosen.items()})
        wanted = parse_template(japanese).fill({name: ja for name, (_, ja) in chosen.items()})
        assert find_japanese_explanation(f"{text}.") == f"{wanted}。"

    def test_a_line_is_still_written_somewhere(self) -> None:
        words = read_words()
        lines = [*SENTENCES, *PARTS, *((f"{en[:1].lower()}{en[1:]}", ja) for en, ja in PLACES)]
        longest = {max(parse_template(en).words, key=len).strip(" ,.:;()'") for en, _ in lines}
        assert {text for text in longest if text not in words} == PUT_TOGETHER


PARTS_OF = {
    "why": ("it stands in quotation marks", "引用符で囲まれている"),
    "list": ("in styled letters and with other kana", "装飾文字の使用、仮名の違い"),
}

PUT_TOGETHER = {
    # A table and what stands around it
    *("the IPTC object name", "the IPTC keywords", "the IPTC headline", "the IPTC caption"),
    *("1 other entry is written the same", "others are written the same", "It has at least"),
}
"""Lines whose words do not stand in the code in one piece."""


class TestExplanations:
    @pytest.mark.parametrize(
        ("english", "japanese"),
        [
            (
                (
                    "'rose' is registered as a character. It can be an ordinary word, but counts "
                    "here because it stands in quotation marks. 2 others are written the same."
                ),
                (
                    "「rose」はキャラクターとして登録されています。普通の語としても使われますが、"
                    "引用符で囲まれているため、名称とみなしています。"
                    "同じ表記の登録がほかに 2 件あります。"
                ),
            ),
            (
                (
                    "'hаtsune m1ku' is registered as a character, 'Hatsune Miku', with look-alike "
                    "letters of another script and with digits or symbols for letters."
                ),
                (
                    "「hаtsune m1ku」は、登録済みのキャラクター「Hatsune Miku」を変形した表記です"
                    "（ほかの文字体系の似た文字の使用、数字や記号による文字の置き換え）。"
                ),
            ),
            (
                (
                    "The PNG text 'parameters': 'umbreon_x' is no descriptive tag that the "
                    "vocabulary knows. 'umbreon' is in no dictionary."
                ),
                (
                    "PNG のテキスト「parameters」：「umbreon_x」は説明用タグの語彙にありません。"
                    "「umbreon」は辞書にない語です。"
                ),
            ),
            (
                "'vanilla' stands after 'art by', as the name of an artist does.",
                "「vanilla」は「art by」の後にあり、作家の名称とみられます。",
            ),
            (
                (
                    "The risk that this picture shows the reference 'Mimi' is 0.97. "
                    "31 matched points agree on one place of it mirrored. "
                    "The fingerprints differ in 12 of 256 bits (turned by 90 degrees). "
                    "open_clip:ViT-B-32/a.b gives a part of this picture a likeness of 0.81."
                ),
                (
                    "この画像が登録モチーフ「Mimi」を示すリスクは 0.97 です。"
                    "対応点 31 個が、左右反転したときの同じ位置を指しています。"
                    "指紋の差は 256 ビット中 12 ビットです（90 度回転）。"
                    "open_clip:ViT-B-32/a.b によるこの画像の一部の類似度は 0.81 です。"
                ),
            ),
            ("It has at least 1,000 frames.", "フレームが少なくとも 1,000 枚あります。"),
            (
                "The model 'm' takes 'x' for the name of an artist (it says WORK_OF_ART).",
                "モデル「m」は「x」を作家の名称と判断しました（ラベル：WORK_OF_ART）。",
            ),
        ],
    )
    def test_a_reviewer_reads_why(self, english: str, japanese: str) -> None:
        assert explain_in_japanese(english) == japanese

    @given(st.text(), st.text())
    def test_what_a_stranger_wrote_is_kept(self, surface: str, name: str) -> None:
        shown = explain_in_japanese(
            f"{surface!r} is registered as an artist, another name of {name!r}."
        )
        said = [re.sub(r"\\(['\"\\])", r"\1", repr(text)[1:-1]) for text in (surface, name)]
        assert shown == f"「{said[0]}」は、登録済みの作家「{said[1]}」の別名です。"

    def test_a_name_is_shown_as_it_stands_in_the_caption(self) -> None:
        surface = r"""saber \(fate\) "it's" 「X」"""
        shown = explain_in_japanese(f"{surface!r} is in no dictionary.")
        assert shown == f"「{surface}」は辞書にない語です。"

    def test_what_cannot_be_seen_in_a_name_stays_spelled_out(self) -> None:
        surface = "a\u200bb"
        shown = explain_in_japanese(f"{surface!r} is in no dictionary.")
        assert shown == r"「a\u200bb」は辞書にない語です。"

    @pytest.mark.parametrize(
        "explanation",
        [
            *("", ".", "'", "'x'", "My component likes it.", "'x' is odd.", "a: b", "\ue000"),
            "The file name 'x': it is odd.",
            "'x' is in no dictionary. It is odd.",
            "'x' is registered as a planet.",
            "'x is in no dictionary.",
            "'\ue0000' is in no dictionary.",
            "'x' is in no " + "very " * 1_000 + "dictionary.",
        ],
    )
    def test_what_is_not_known_stays_in_english_as_a_whole(self, explanation: str) -> None:
        assert explain_in_japanese(explanation) == explanation
        assert find_japanese_explanation(explanation) is None

    @given(st.text(st.characters() | st.sampled_from(list("'\"\\.:,「」\ue0000 ")), max_size=300))
    def test_nothing_is_too_odd_to_be_shown(self, text: str) -> None:
        assert explain_in_japanese(text) or not text

    def test_quotes_in_unquoted_texts_stay_as_they_are(self) -> None:
        explanation = "The component 'c' marks 'x' and calls it the 'best' name."
        assert explain_in_japanese(explanation).endswith("（ラベル：the 'best' name）。")


def decision() -> Decision:
    findings = tuple(
        Finding(kind="unknown_term", detector="d/1", score=0.5, explanation=text)
        for text in ("'umbreon' is in no dictionary.", "Somebody's component likes it.")
    )
    return Decision(Verdict.REVIEW, (Reason.UNKNOWN_TERM,), findings=findings)


class TestWhereTheyAreShown:
    def test_a_verdict_is_explained_in_japanese(self) -> None:
        explained = decision().explain(None, "ja")
        assert "「umbreon」は辞書にない語です。 Somebody's component likes it." in explained
        assert "'umbreon'" not in explained

    def test_english_is_as_it_was(self) -> None:
        assert "'umbreon' is in no dictionary. Somebody's" in decision().explain(None, "en")

    def test_the_review_page_says_which_explanations_stay_in_english(self) -> None:
        japanese, english = Words("ja"), Words("en")
        known = "'umbreon' is in no dictionary."
        assert japanese.explanation(known) == ("「umbreon」は辞書にない語です。", True)
        assert japanese.explanation("It is odd.") == ("It is odd.", False)
        assert english.explanation(known) == (known, True)
        assert japanese.explanation(7) == ("7", False)

    def test_kinds_of_names_are_called_as_on_the_review_page(self) -> None:
        words = load_words("ja")
        shown = dict(PARTS)
        for category in CATEGORIES:
            kind = f"{'an' if category[0] in 'aeiou' else 'a'} {category}"
            assert shown[kind] == words[f"category.{category}"]

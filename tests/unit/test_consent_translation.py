"""Notes, carriers and sources in Japanese: nothing is missing, nothing is lost, nothing is slow."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assets.reading import _WHAT_TO_DO
from models.consent.explanation import write_chain
from models.consent.ipfs.files import _KINDS
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.consent.terms import ConsentPolicy
from models.consent.translation.japanese import NOTES
from models.consent.translation.names import CARRIERS, PLACES
from models.consent.translation.translate import (
    find_japanese,
    name_carrier,
    translate_note,
    translate_source,
)
from models.consent.web.robots_agents import Role
from models.fetching.fetched import Failure
from models.reasons import Reason
from models.translation.templates import Gap, Kind, parse_template
from review_ui.language import LANGUAGES, Words, load_words
from tests.notes_in_code import GAP, JOINED, NO_SENTENCES, read_code, read_words

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
"""Two words in a row: names and technical words stand alone in Japanese."""

SAMPLES = (GAP, "17", "it is cut short", "owner of the token")
"""What may stand in a gap: a word, a number, a note, a role."""

CATALOGUE = "models/consent/translation/japanese"
FOUND = read_code()


def is_japanese(text: str) -> bool:
    text = re.sub(r"`[^`]*`", "", text)  # a command
    return bool(JAPANESE.search(text)) and not ENGLISH.search(text)


def comes_out_in_japanese(text: str) -> bool:
    """Whether a text does, for one of the values that may stand in its gaps, and keeps them."""
    pieces = text.split(GAP)
    for values in product(SAMPLES, repeat=min(len(pieces) - 1, 6)):
        filled = pieces[0] + "".join(
            value + piece for value, piece in zip(values, pieces[1:], strict=True)
        )
        kept = [value for value in values if value in (GAP, "17")]
        for shown in (translate_note(filled, "ja"), translate_source(filled, "ja")):
            if is_japanese(shown) and all(shown.count(v) >= kept.count(v) for v in set(kept)):
                return True
    return False


def fill(text: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """A line of the catalogue with values, and each value in English and Japanese by gap."""
    known = {
        "purpose": ("inference", "推論"),
        "preference": ("allowed", "許可"),
        "kind": ("symbolic link", "シンボリックリンク"),
        "what": ("an address", "アドレス"),
    }
    values = {
        Kind.TEXT: ("'a, b'", "'a, b'"),
        Kind.WORD: ("0xab", "0xab"),
        Kind.NUMBER: ("1,234", "1,234"),
        Kind.NOTE: ("it is cut short", "途中で切れています"),
        Kind.LIST: ("payment, a key", "支払い、復号鍵"),
    }

    def value_of(gap: Gap) -> tuple[str, str]:
        if gap.kind is Kind.KNOWN:
            return known.get(gap.name, ("owner of the token", "トークンの所有者"))
        return values[gap.kind]

    template = parse_template(text)
    chosen = {gap.name: value_of(gap) for gap in template.gaps}
    return template.fill({name: english for name, (english, _) in chosen.items()}), chosen


class TestCompleteness:
    def test_every_note_in_the_code_has_its_japanese(self) -> None:
        missing = [
            f"{found.where}: {found.text!r}"
            for found in FOUND
            if found.text not in JOINED
            and not any(part in found.text for part in NO_SENTENCES)
            and not comes_out_in_japanese(found.text)
        ]
        assert not missing, (
            f"Add these notes and their Japanese to a module in {CATALOGUE} (or say in "
            "tests/notes_in_code.py why they never become a note):\n" + "\n".join(missing)
        )

    @pytest.mark.parametrize("whole", sorted({each for each in JOINED.values() if each}))
    def test_a_note_that_is_put_together_has_its_japanese(self, whole: str) -> None:
        assert is_japanese(translate_note(whole, "ja"))

    def test_the_code_is_read_at_all(self) -> None:
        texts = {found.text for found in FOUND}
        assert len(texts) > 500
        assert f"{GAP} has the unknown value {GAP}: read as notAllowed" in texts
        assert "robots.txt asks not to fetch it" in texts
        assert "Give another node." in texts  # what to do, where a note holds it

    def test_no_exception_is_left_over(self) -> None:
        texts = {found.text for found in FOUND}
        assert {piece for piece in JOINED if piece not in texts} == set()
        assert {p for p in NO_SENTENCES if not any(p in text for text in texts)} == set()

    @pytest.mark.parametrize(
        "word",
        [
            *(failure.value for failure in Failure),
            *(failure.value.replace("_", " ") for failure in Failure),
            *(purpose.value for purpose in ALL_PURPOSES),
            *(preference.value for preference in Preference),
            *(role.value for role in (Role.TRAINING, Role.ASSISTANT, Role.SEARCH)),
            *_KINDS.values(),
            *_WHAT_TO_DO.values(),
        ],
    )
    def test_words_that_stand_in_notes_have_their_japanese(self, word: str) -> None:
        assert is_japanese(translate_note(word, "ja"))


class TestCatalogue:
    def test_no_line_stands_twice(self) -> None:
        spelled = [english for english, _ in NOTES]
        assert [text for text in spelled if spelled.count(text) > 1] == []

    def test_a_line_has_the_same_gaps_on_both_sides(self) -> None:
        for english, japanese in (*NOTES, *PLACES):
            gaps = [gap.name for gap in parse_template(english).gaps]
            shown = [gap.name for gap in parse_template(japanese).gaps]
            assert sorted(set(gaps)) == sorted(gaps), english
            assert sorted(shown) == sorted(gaps), english

    def test_a_line_is_plain_japanese_without_a_full_stop(self) -> None:
        assert [ja for _, ja in NOTES if not is_japanese(ja) or ja.endswith("。")] == []
        assert [en for en, _ in NOTES if en.endswith(".")] == []

    def test_a_line_is_found_and_no_other_in_its_place(self) -> None:
        for english, japanese in NOTES:
            text, values = fill(english)
            wanted = parse_template(japanese).fill({name: ja for name, (_, ja) in values.items()})
            assert find_japanese(text) == wanted, english

    def test_a_line_is_still_written_somewhere(self) -> None:
        words = read_words()
        whole = "\n".join(JOINED.values())
        longest = {max(parse_template(en).words, key=len).strip(" :;(),") for en, _ in NOTES}
        assert {t for t in longest if t not in words and t not in whole} == PUT_TOGETHER


PUT_TOGETHER = {
    # What Python's readers of JSON and XML say
    *("Expecting value", "Expecting property name enclosed in double quotes", "Extra data"),
    *("Expecting ',' delimiter", "Expecting ':' delimiter", "Invalid \\escape"),
    *("not well-formed (invalid token", "mismatched tag", "no element found", "unclosed token"),
    *("syntax error", "junk after document element", "unbound prefix", "undefined entity"),
    "duplicate attribute",
    # What the system says
    *("[Errno", "Connection refused", "Connection reset by peer", "Network is unreachable"),
    "No route to host",
    # Kinds of failure with spaces in their names
    *("forbidden address", "forbidden scheme", "server error", "too many redirects"),
    # "it", "the file" and what something is are put into these
    *("it is a device, not a file", "it is a named pipe, not a file"),
    *("it is a socket, not a file", "it is not a JSON object", "the file has no"),
    *("the file is not an object", "a key stands more than once in the file"),
    "it names no ISCC and no preference",
    "it names no ISCC that can be compared; it refuses",
}
"""Lines whose words do not stand in the code in one piece."""


class TestNotes:
    @pytest.mark.parametrize(
        ("english", "japanese"),
        [
            (
                "aiTraining has the unknown value 'maybe': read as notAllowed",
                "aiTraining の値 'maybe' は未定義のため、不許可として扱います",
            ),
            (
                "the sidecar cannot be read: it is not JSON: Expecting value (line 3)",
                (
                    "画像に添えられたファイルを読み取れません：JSON として読めません（3 行目）："
                    "値がありません"
                ),
            ),
            (
                "it could not be fetched: status 403, a.example is at a private address, 10.0.0.1",
                (
                    "取得できませんでした：ステータス 403、a.example はプライベートのアドレス "
                    "10.0.0.1 です"
                ),
            ),
            (
                "2 of 9 requests failed: https://a/x: the server answers 503; https://b/: timeout",
                (
                    "9 件中 2 件の取得に失敗しました：https://a/x：サーバーの応答は 503 です；"
                    "https://b/：時間切れ"
                ),
            ),
            (
                (
                    "The node at n serves eip155:5, not eip155:1. Give the address of a node for "
                    "eip155:1."
                ),
                (
                    "ノード n は eip155:1 ではなく eip155:5 のものです。"
                    "eip155:1 のノードのアドレスを指定してください"
                ),
            ),
            (
                "ipfs://b cannot be fetched: https://g: A block is malformed: it is cut short.",
                (
                    "ipfs://b を取得できません：https://g：ブロックの形式が不正です："
                    "途中で切れています"
                ),
            ),
            (
                "The signed statement cannot be read: the file has no statement.",
                "署名付きの意思表示を読み取れません：ファイルに statement がありません",
            ),
            ("ask for a licence: Studio Aoi Inc.", "ライセンスの問い合わせ先：Studio Aoi Inc."),
            (
                "1 of 5 requests failed: https://a/: ' b' is not an absolute http(s) address",
                (
                    "5 件中 1 件の取得に失敗しました："
                    "https://a/: ' b' は http(s) の絶対アドレスではありません"
                ),
            ),
            (
                (
                    "the XMP packet cannot be read: it is not well-formed XML: mismatched tag: "
                    "line 1, column 413"
                ),
                (
                    "XMP パケットを読み取れません：XML として正しくありません："
                    "タグの対応が正しくありません（1 行目、413 文字目）"
                ),
            ),
            (
                "takes the place of the collection's default: inference notAllowed",
                "コレクションの既定値に優先します：推論は不許可",
            ),
            (
                "0xab is the delegate of the owner of the token",
                "0xab はトークンの所有者から委任を受けた者です",
            ),
        ],
    )
    def test_notes_within_notes_are_translated(self, english: str, japanese: str) -> None:
        assert find_japanese(english) == japanese

    def test_english_is_shown_as_it_is_stored(self) -> None:
        for english, _ in NOTES:
            assert translate_note(english, "en") == english

    @pytest.mark.parametrize("text", ["", ".", "; ", "hello there", "noai", "権利者", "a: b", "�"])
    def test_what_is_not_known_stays_as_it_is(self, text: str) -> None:
        assert translate_note(text, "ja") == text
        assert find_japanese(text) is None

    def test_what_is_not_known_inside_a_note_stays_as_it_is(self) -> None:
        shown = translate_note("the content credentials cannot be read: Odd: 7", "ja")
        assert shown == "コンテンツ来歴情報を読み取れません：Odd: 7"

    @given(st.text())
    def test_what_a_stranger_wrote_is_kept_letter_for_letter(self, text: str) -> None:
        note = f"{text!r} is not an official spelling: only a refusal in it counts"
        shown = translate_note(note, "ja")
        assert repr(text) in shown
        assert is_japanese(shown.replace(repr(text), "")) or len(note) > 2_000

    @given(st.text(st.characters() | st.sampled_from(list(".;:, ")), max_size=400))
    def test_nothing_is_too_odd_to_be_shown(self, text: str) -> None:
        assert translate_note(text, "ja") or not text
        assert translate_source(text, "ja") or not text

    @pytest.mark.parametrize(
        "piece",
        [
            *("a: ", ", ", "; ", ". ", "a to ", "it names ", "delegate of the ", "(", "it is "),
            *("the licence asks for: it names ; ", "it is not JSON: it could not be read: "),
            *("declaration 1 names ", " names ", "{why:note}", "x is the ", "a, it is cut short; "),
        ],
    )
    def test_a_hostile_note_costs_no_time(self, piece: str) -> None:
        text = (piece * 2_000)[:2_000]
        started = time.monotonic()
        find_japanese(text)
        translate_source(text + ")", "ja")
        assert time.monotonic() - started < 0.5

    def test_many_notes_cost_little(self) -> None:
        notes = [f"{n} has the unknown value 'x': read as notAllowed" for n in range(1_000)]
        started = time.monotonic()
        assert all(find_japanese(note) for note in notes)
        assert time.monotonic() - started < 1


class TestNames:
    def test_the_review_page_calls_carriers_by_the_same_names(self) -> None:
        for index, language in enumerate(LANGUAGES):
            words = load_words(language)
            shown = {key.removeprefix("carrier."): word for key, word in words.items()}
            shown = {name: word for name, word in shown.items() if f"carrier.{name}" in words}
            assert shown == {name: names[index] for name, names in CARRIERS.items()}

    def test_a_new_carrier_is_called_by_its_own_word(self) -> None:
        assert name_carrier("telepathy", "ja") == "telepathy"

    @pytest.mark.parametrize(
        ("source", "japanese"),
        [
            ("a.png (ingredient, c2pa.training-mining)", "a.png（素材、c2pa.training-mining）"),
            (
                "https://a/robots.txt (for the page https://b) (kept in a.json)",
                "https://a/robots.txt（ページ https://b について）（a.json に記録）",
            ),
            ("https://a/ (x-robots-tag header)", "https://a/（x-robots-tag ヘッダー）"),
            ("script element of the page", "ページの script 要素"),
            ("the feed (kept in a.json)", "フィード（a.json に記録）"),
            ("copy (1).png", "copy (1).png"),
            ("holiday (2).png (XMP)", "holiday (2).png (XMP)"),
            ("a (b)", "a (b)"),
            (")", ")"),
            (" ()", " ()"),
        ],
    )
    def test_where_a_statement_stood_is_told(self, source: str, japanese: str) -> None:
        assert translate_source(source, "ja") == japanese
        assert translate_source(source, "en") == source


SAID = Statement(
    carrier="c2pa",
    source="a.png (no training-mining assertion)",
    preferences={Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED},
    condition=Condition.TAMPERED,
    trust=Trust(integrity=True),
    notes=("not valid: assertion.dataHash.mismatch", "odd", "covers the whole dataset", "more"),
)
POLICY = ConsentPolicy(purposes=(Purpose.GENERATIVE_TRAINING,))


class TestExplanations:
    def test_a_reader_of_japanese_sees_why(self) -> None:
        chain = write_chain([SAID], [0], [Reason.CONSENT_TAMPERED], POLICY, "ja")
        assert chain.splitlines()[0] == (
            "▶ 1. a.png（training-mining アサーションなし）（コンテンツ来歴情報 (C2PA)、L1）："
            "改変あり；生成AIの学習: 不許可；検証に失敗しました：assertion.dataHash.mismatch；odd；"
            "データセット全体を対象とする契約です。"
        )

    def test_english_is_as_it_was(self) -> None:
        chain = write_chain([SAID], [], [], POLICY, "en")
        assert chain == (
            "  1. a.png (no training-mining assertion) (c2pa, L1): tampered with; generative "
            "training: not allowed; not valid: assertion.dataHash.mismatch; odd; covers the whole "
            "dataset."
        )

    def test_the_review_page_says_which_notes_stay_in_english(self) -> None:
        japanese, english = Words("ja"), Words("en")
        assert japanese.note("covers the whole dataset") == (
            "データセット全体を対象とする契約です",
            True,
        )
        assert japanese.note("odd") == ("odd", False)
        assert english.note("odd") == ("odd", True)
        assert japanese.note(7) == ("7", False)
        assert japanese.source("the feed") == "フィード"

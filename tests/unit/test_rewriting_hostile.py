"""Rewriting captions that are written to be misread: nothing but the name may go."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assets.asset import Asset, Caption, Location
from models.assets.rewording import reword_text, reword_values, strip_keys
from models.assets.sidecars import keep_places
from models.canonical import canonical_json
from models.editing import CaptionEditor
from models.nouns.forms import Form
from models.nouns.knowledge import NounKnowledge
from models.nouns.recognition import prepare, term_of
from models.nouns.register.storage import make_entry, make_register
from models.nouns.rewriting.captions import Cut, RewrittenCaption
from models.nouns.rewriting.rewrite import rewrite
from models.nouns.stage import NounsStage
from models.nouns.vocabulary import Vocabulary
from models.policy import Policy, parse_policy

REGISTER = make_register(
    [
        make_entry("hatsune_miku", "character", ["初音ミク"]),
        make_entry("saber_(fate)", "character"),
        make_entry("mika_(artist)", "artist"),
        make_entry("link", "character"),
        make_entry("kantoku", "artist", ["カントク"]),
        make_entry("vocaloid", "work", ["ボーカロイド"]),
    ]
)
DESCRIPTIVE = ["1girl", "solo", "smile", "long_hair", "blue_eyes", "standing", "cosplay"]
KNOWLEDGE = NounKnowledge(REGISTER, Vocabulary(frozenset(map(term_of, DESCRIPTIVE))))
CATEGORIES = ("character", "work", "artist", "studio", "brand", "person", "place")


def _policy() -> Policy:
    rewritten = (*CATEGORIES, "possible", "unknown_term")
    lines = "".join(f'{key} = "rewrite"\n' for key in rewritten)
    return parse_policy(f'name = "t"\nversion = "1"\n[nouns]\n{lines}')


STAGE = NounsStage(KNOWLEDGE)
EDITOR = CaptionEditor(STAGE, _policy())


def edit(text: str) -> RewrittenCaption | None:
    """What a release would get for a caption, or None where a person has to look at it."""
    asset = Asset("0" * 64, (Location("a.png", "/a.png"),), (Caption(text, "a.txt"),))
    findings = [found for found in STAGE.find([asset])[0] if found.caption >= 0]
    edited = EDITOR.edit(asset, findings, (), {}, 0)
    return edited[0] if edited else None


def _without(text: str, name: str, category: str, form: Form | None = None) -> str:
    start = text.index(name)
    return rewrite(prepare(text, form=form), [Cut(start, start + len(name), category, name)]).text


def _is_balanced(text: str) -> bool:
    opened: list[str] = []
    pairs = {"(": ")", "[": "]", "{": "}", "「": "」", "『": "』", "（": "）"}
    for char in text.replace("\\(", "").replace("\\)", ""):
        if char in pairs:
            opened.append(pairs[char])
        elif char in pairs.values() and (not opened or opened.pop() != char):
            return False
    return not opened and text.count('"') % 2 == 0


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("solo, {hatsune miku|smile}, standing", "hatsune miku", "solo, {smile}, standing"),
        ("solo, ((hatsune miku:1.2), smile:1.1)", "hatsune miku", "solo, (smile:1.1)"),
        ("solo, [hatsune miku:smile:0.5]", "hatsune miku", "solo"),
        ("1girl hatsune_miku long_hair", "hatsune_miku", "1girl long_hair"),
        ("solo, <lora:hatsune_miku:0.8>, smile", "hatsune_miku", "solo, smile"),
        (r"solo, saber \(fate\), smile", r"saber \(fate\)", "solo, smile"),
    ],
)
def test_a_tag_goes_with_the_notation_that_is_its_own(text: str, name: str, expected: str) -> None:
    assert _without(text, name, "character", Form.BOORU) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("solo BREAK hatsune miku BREAK smile, standing", "solo BREAK smile, standing"),
        ("solo; hatsune miku; smile, standing", "solo; smile, standing"),
        ("solo, smile <lora:hatsune_miku:0.8>, standing", "solo, smile, standing"),
        ("hatsune miku\x0bsolo, smile, standing", "solo, smile, standing"),
        ("solo｜hatsune miku｜smile, standing", "solo｜smile, standing"),
        ("solo；hatsune miku；smile, standing", "solo；smile, standing"),
    ],
)
def test_a_tag_next_to_the_name_stays_whatever_parts_the_two(text: str, expected: str) -> None:
    edited = edit(text)
    assert edited is not None
    assert edited.text == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "solo, {smile|hatsune miku}, standing",
            id="last of alternatives",
        ),
        "solo, (hatsune miku, smile:1.2), standing",
        "solo, (smile, hatsune miku:1.2), standing",
        "solo, [(hatsune miku), smile], standing",
        'A girl called "Hatsune Miku" smiles.',
        "A girl (drawn by Kantoku) smiles.",
        "少女「初音ミク」が歌う。",
    ],
)
def test_brackets_stay_balanced(text: str) -> None:
    edited = edit(text)
    assert edited is not None
    assert _is_balanced(edited.text)


@pytest.mark.parametrize(
    "text",
    [
        "solo, {hatsune miku|kantoku}, smile",
        "solo, smile, [hatsune miku|Hatsune Miku]",
        "solo, (hatsune miku, kantoku:1.2), smile",
    ],
)
def test_brackets_stay_balanced_where_all_that_they_hold_goes(text: str) -> None:
    edited = edit(text)
    assert edited is not None
    assert _is_balanced(edited.text)


@pytest.mark.parametrize(
    ("text", "name", "category"),
    [
        ('A girl called "saber (fate)" smiles.', "saber (fate)", "character"),
        ("A girl, art by mika (artist), smiles.", "mika (artist)", "artist"),
        ("A girl in the style of mika (artist).", "mika (artist)", "artist"),
        (r"A girl by mika \(artist\).", r"mika \(artist\)", "artist"),
    ],
)
def test_a_name_with_a_qualifier_goes_whole_with_its_clause(
    text: str, name: str, category: str
) -> None:
    left = _without(text, name, category, Form.ENGLISH)
    assert name.split()[0] not in left
    assert _is_balanced(left)


@pytest.mark.parametrize(
    "value",
    [
        {"caption": "hatsune miku, solo", "tags": ["smile"]},
        "hatsune miku, solo, smile",
        ["smile", "solo, hatsune miku"],
    ],
)
def test_a_caption_that_is_json_stays_json_or_goes_to_a_person(value: object) -> None:
    edited = edit(json.dumps(value))
    assert edited is None or json.loads(edited.text)


def test_a_word_of_the_line_before_is_no_article_of_the_name() -> None:
    assert _without("a dog\nHatsune Miku sleeps", "Hatsune Miku", "character", Form.ENGLISH) == (
        "a dog\nA character sleeps"
    )


@pytest.mark.parametrize("original", ["  hatsune miku, solo \t", "hatsune miku, solo\n"])
def test_what_is_written_is_what_the_manifest_says(original: str) -> None:
    edited = edit(original)
    assert edited is not None
    assert reword_text(original, strip_keys({original: edited.text})) == edited.text


def test_two_columns_that_differ_in_blanks_alone_each_keep_their_own() -> None:
    row = {"text": "hatsune miku, solo", "tags": " hatsune miku, solo "}
    asset = Asset(
        "0" * 64,
        (Location("a.png", "/a.png"),),
        tuple(Caption(text, f"metadata.jsonl:1#{key}") for key, text in row.items()),
    )
    texts = {}
    for index, caption in enumerate(asset.captions):
        edited = edit(caption.text)
        assert edited is not None
        texts[index] = edited.text
    kept = keep_places([asset], {asset.asset_id: texts})["a.png"]
    assert reword_values(row, strip_keys(kept.rewritten)) == {"text": "solo", "tags": " solo "}


def test_the_edits_of_any_caption_can_be_recorded() -> None:
    edited = edit("hatsune m\ud800iku, solo, smile")
    assert edited is not None
    for change in edited.edits:
        assert canonical_json(change.as_dict())


NOTATED = st.recursive(
    st.sampled_from(
        ["solo", "smile", "standing", "hatsune miku", "kantoku", r"saber \(fate\)", "vocaloid"]
    ),
    lambda inner: st.one_of(
        inner.map(lambda tag: f"({tag}:1.2)"),
        inner.map(lambda tag: f"(({tag}))"),
        inner.map(lambda tag: f"[{tag}]"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}, {two[1]}:1.1)"),
    ),
    max_leaves=3,
)


@given(st.lists(NOTATED, min_size=1, max_size=4).map(", ".join))
def test_what_a_release_gets_holds_nothing_to_act_on(text: str) -> None:
    edited = edit(text)
    if edited is None:
        return
    again = Asset("0" * 64, (Location("a.png", "/a.png"),), (Caption(edited.text, "a.txt"),))
    assert [found for found in STAGE.find([again])[0] if found.caption >= 0] == []
    kept = edited.text
    for change in reversed(edited.edits):
        assert text[change.start : change.end] == change.before
    assert len(kept) <= len(text) + sum(len(change.after) for change in edited.edits)

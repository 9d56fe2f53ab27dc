"""Caption edits: what holds for every text and every edit of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Caption, Location
from models.captions.edits import CaptionEdit, digest_caption, edit_asset
from models.captions.graphemes import cut_graphemes, is_boundary
from models.captions.making import plan_edit
from models.captions.spans import Span, apply_spans, check_spans, find_spans
from models.captions.suggesting import apply_choices, suggest
from models.errors import CaptionEditError
from models.nouns.register.storage import CATEGORIES

PIECES = (
    *("a", "Z", "miku", "the", " ", ", ", ".", "(", ")", "_", "1girl", ":1.2", "é", "e\u0301"),
    *(
        "初音",
        "ミク",
        "が",
        "か\u3099",
        "한",
        "\u1112\u1161\u11ab",
        "\r\n",
        "\n",
        "😀",
        "👩\u200d🚀",
    ),
    *("👍🏽", "🇯🇵", "🇫🇷", "न\u093f", "\u200b", "\ufe0f", "\0", "\ud800", "\u0301"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30)
WORDS = st.lists(
    st.sampled_from(
        ("a girl", "miku", "初音", "ミク", ", ", " ", "smile", "👩\u200d🚀", "e\u0301")
    ),
    max_size=10,
).map("".join)


@given(TEXTS, TEXTS)
@settings(max_examples=600)
def test_the_spans_between_two_texts_make_one_of_the_other(original: str, text: str) -> None:
    spans = find_spans(original, text)
    place, pieces = 0, []
    for span in spans:
        assert place <= span.start <= span.end <= len(original)
        assert is_boundary(original, span.start)
        assert is_boundary(original, span.end)
        pieces += [original[place : span.start], span.replacement]
        place = span.end
    assert "".join((*pieces, original[place:])) == text
    assert bool(spans) is (original != text)


@given(TEXTS)
def test_the_characters_of_a_text_joined_are_the_text(text: str) -> None:
    pieces = list(cut_graphemes(text))
    assert "".join(pieces) == text
    assert all(pieces)


@given(TEXTS, st.lists(st.tuples(st.integers(-2, 34), st.integers(-2, 34)), max_size=4))
def test_spans_are_applied_whole_and_apart_or_not_at_all(
    text: str, places: list[tuple[int, int]]
) -> None:
    spans = [Span(start, end, "x") for start, end in places]
    sound = all(
        0 <= s.start <= s.end <= len(text)
        and is_boundary(text, s.start)
        and is_boundary(text, s.end)
        for s in spans
    ) and all(a.end <= b.start and (a.start, a.end) != (b.start, b.end) for a, b in pairwise(spans))
    if not sound:
        with pytest.raises(CaptionEditError):
            apply_spans(text, spans)
        return
    done = apply_spans(text, spans)
    assert len(done) == len(text) + sum(1 - (s.end - s.start) for s in spans)


@given(WORDS, WORDS)
def test_a_planned_edit_gives_the_text_that_was_asked_for_or_is_refused(
    original: str, text: str
) -> None:
    try:
        spans = plan_edit(original, text)
    except CaptionEditError:
        assert original == text or not any(char.isalnum() for char in text) or "\n" in text
        return
    assert apply_spans(original, spans) == text
    check_spans(original, spans)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4))
def test_an_edit_changes_the_captions_that_it_is_for_and_no_other(
    original: str, text: str, captions: list[str]
) -> None:
    asset = Asset(
        "a" * 64, (Location("x.png", "/x.png", 1),), tuple(Caption(c, "x.txt") for c in captions)
    )
    edit = CaptionEdit("e", digest_caption(original), find_spans(original, text))
    try:
        edited = edit_asset(asset, (edit,))
    except CaptionEditError:
        assert original in captions
        return
    for index, caption in enumerate(captions):
        new = edited.asset.captions[index].text
        assert new == (text if caption == original else caption)
        assert (index in edited.applied) is (caption == original)
    assert bool(edited.stale) is (original not in captions)


@given(WORDS, st.data())
@settings(max_examples=150)
def test_a_suggestion_takes_the_name_away_and_leaves_what_stands_apart_from_it(
    text: str, data: st.DataObject
) -> None:
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    category = data.draw(st.sampled_from(("", *CATEGORIES)))
    for each in suggest(text, start, end, category):
        assert each.span.start <= start or each.span.end >= end
        assert each.before == text[each.span.start : each.span.end]
        done = apply_choices(text, [each.span])
        assert done.startswith(text[: each.span.start])
        assert done.endswith(text[each.span.end :])
    assert any(each.kind == "drop" for each in suggest(text, start, end, category))


def test_characters_that_readers_see_as_one_are_not_taken_apart() -> None:
    for whole in ("e\u0301", "か\u3099", "👩\u200d🚀", "👍🏽", "🇯🇵", "\u1112\u1161\u11ab", "\r\n"):
        assert list(cut_graphemes(f"a{whole}b")) == ["a", whole, "b"]
    assert list(cut_graphemes("🇯🇵🇫🇷")) == ["🇯🇵", "🇫🇷"]


@pytest.mark.parametrize(
    "replacement", ["two\nlines", "a\u200bb", "\u202eabc", "\0", "\ud800", "a\u2028b", "\ue000"]
)
def test_what_nobody_sees_and_what_breaks_a_line_cannot_be_put_in(replacement: str) -> None:
    with pytest.raises(CaptionEditError):
        apply_spans("a cat", [Span(2, 5, replacement)])

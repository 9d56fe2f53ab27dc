"""The part of an item's page that rewrites captions: choices for each name, a text, a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from models.captions.edits import digest_caption
from models.captions.making import plan_edit
from models.captions.ruling import EditableCaption, normalise, read_captions
from models.captions.spans import Span, find_spans
from models.captions.suggesting import Suggestion, apply_choices, read_choices, suggest
from models.errors import CaptionEditError
from models.review.items import Item
from models.review.reason_codes import RULING_REASONS, RulingKind, RulingReason, reasons_for
from review_ui.evidence import Piece, cut_text, read_findings

if TYPE_CHECKING:
    from models.captions.looking import CaptionLook
    from models.captions.records import StoredEdit
    from models.findings import Finding


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to deal with a name, and whether it is chosen."""

    value: str
    suggestion: Suggestion
    chosen: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a caption, with the ways to deal with it."""

    surface: tuple[Piece, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class DiffPart:
    """A stretch of a text before or after: kept, taken away or put in."""

    kind: Literal["same", "gone", "new"]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a new text comes to.

    Attributes:
        text: the text.
        diff: how it differs from the caption; empty where it does not.
        problem: why it cannot be taken, in English, or "".
        remaining: names in it that the policy acts on; None where that cannot be told now.
    """

    text: str
    diff: tuple[DiffPart, ...]
    problem: str
    remaining: tuple[Finding, ...] | None


@dataclass(frozen=True, slots=True)
class RewriteField:
    """A caption that can be edited."""

    index: int
    base: str
    text: str
    names: tuple[Name, ...]
    preview: Preview | None


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The whole form.

    Attributes:
        fields: the captions that can be edited.
        fixed: how many cannot.
        open: it is shown unfolded.
        reasons, reason, note: why, as chosen so far.
    """

    fields: tuple[RewriteField, ...]
    fixed: int
    open: bool
    reasons: tuple[RulingReason, ...]
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class SentRewrite:
    """What a form sent.

    Attributes:
        texts: the new text by caption; choices are carried out in it.
        chosen: the choices that were made.
        reason, note: why.
        shows_preview: the reviewer asked what it comes to.
    """

    texts: Mapping[int, str]
    chosen: frozenset[str] = frozenset()
    reason: str = ""
    note: str = ""
    shows_preview: bool = True

    def changed(self, item: Item) -> list[str]:
        """The texts that are not as the item has them."""
        known = {caption.index: caption.text for caption in read_captions(item)}
        return [text for index, text in self.texts.items() if text != known.get(index)]

    @property
    def problem(self) -> str:
        """What is missing for a ruling: the key of a notice, or ""."""
        text = RULING_REASONS.get(self.reason)
        if text is None or text.ruling is not RulingKind.REWRITE:
            return "reason_missing"
        return "note_missing" if text.needs_note and not self.note.strip() else ""


def read_sent(
    item: Item,
    captions: Sequence[int],
    texts: Sequence[str],
    choices: Sequence[str],
    reason: str,
    note: str,
) -> SentRewrite:
    """What a form sent: a choice counts where the text was left as it stood."""
    known = {caption.index: caption for caption in read_captions(item)}
    sent: dict[int, str] = {}
    chosen: set[str] = set()
    for index, text in zip(captions, texts, strict=False):
        caption = known.get(index)
        if caption is None or not caption.editable:
            continue
        new = normalise(text, caption.original)
        if new == caption.text:
            spans = _find_spans(item, caption, choices)
            chosen |= spans.keys()
            new = apply_choices(new, list(spans.values()))
        sent[index] = new
    return SentRewrite(sent, frozenset(chosen), reason, note)


def begin_with(item: Item, edits: Sequence[StoredEdit]) -> SentRewrite:
    """The form as whoever made these edits would send it: to settle with their texts."""
    given = {edit.original_sha256: edit.text for edit in edits}
    captions = {each.index: digest_caption(each.original) for each in read_captions(item)}
    return SentRewrite({n: given[digest] for n, digest in captions.items() if digest in given})


def show_edits(edits: Sequence[StoredEdit]) -> tuple[tuple[DiffPart, ...], ...]:
    """What edits change, each in its caption."""
    return tuple(show_diff(edit.original, edit.text) for edit in edits)


def offer_rewriting(
    item: Item, sent: SentRewrite | None, look: CaptionLook | None
) -> Rewriting | None:
    """The form for an item, filled in with what was sent; None where it has no caption to edit."""
    captions = read_captions(item)
    editable = [caption for caption in captions if caption.editable]
    if not editable:
        return None
    findings = read_findings(item.evidence)
    seen = _look(item, editable, sent, look) if sent and sent.shows_preview else {}
    fields = []
    for caption in editable:
        chosen = sent.chosen if sent else frozenset[str]()
        text = sent.texts.get(caption.index, caption.text) if sent else caption.text
        preview = None
        if sent is not None and sent.shows_preview and text != caption.text:
            preview = _preview(caption, text, seen.get(caption.index))
        names = _offer_names(caption, findings, chosen)
        fields.append(RewriteField(caption.index, caption.text, text, names, preview))
    named = any(field.names for field in fields)
    usual = RulingReason.NAMES_REMOVED if named else RulingReason.CAPTION_CORRECTED
    return Rewriting(
        tuple(fields),
        len(captions) - len(editable),
        sent is not None,
        reasons_for(RulingKind.REWRITE),
        sent.reason if sent and sent.reason else usual.value,
        sent.note if sent else "",
    )


def show_diff(before: str, after: str) -> tuple[DiffPart, ...]:
    """One text made into another, stretch by stretch."""
    parts: list[DiffPart] = []
    place = 0

    def add(kind: Literal["same", "gone", "new"], text: str) -> None:
        if text:
            parts.append(DiffPart(kind, cut_text(text, ())))

    for span in find_spans(before, after):
        add("same", before[place : span.start])
        add("gone", before[span.start : span.end])
        add("new", span.replacement)
        place = span.end
    add("same", before[place:])
    return tuple(parts)


def _offer_names(
    caption: EditableCaption, findings: Sequence[dict[str, Any]], chosen: frozenset[str]
) -> tuple[Name, ...]:
    names = []
    for start, end, category in read_choices(findings, caption.index):
        offered = suggest(caption.text, start, end, category)
        if offered:
            values = [f"{caption.index}:{start}:{end}:{n}" for n in range(len(offered))]
            names.append(
                Name(
                    cut_text(caption.text[start:end], ()),
                    tuple(
                        Choice(value, each, value in chosen)
                        for value, each in zip(values, offered, strict=True)
                    ),
                )
            )
    return tuple(names)


def _find_spans(item: Item, caption: EditableCaption, choices: Sequence[str]) -> dict[str, Span]:
    """The spans of the chosen suggestions for one caption: only what was offered counts."""
    offered = _offer_names(caption, read_findings(item.evidence), frozenset())
    known = {each.value: each.suggestion.span for name in offered for each in name.choices}
    return {choice: known[choice] for choice in choices if choice in known}


def _look(
    item: Item,
    editable: Sequence[EditableCaption],
    sent: SentRewrite,
    look: CaptionLook | None,
) -> dict[int, tuple[Finding, ...]]:
    """What is found in each text that was changed; nothing where that cannot be told now."""
    changed = [c.index for c in editable if sent.texts.get(c.index, c.text) != c.text]
    if look is None or not changed:
        return {}
    found = look.look(item.dataset, [sent.texts[index] for index in changed])
    return {} if found is None else dict(zip(changed, map(tuple, found), strict=True))


def _preview(caption: EditableCaption, text: str, remaining: tuple[Finding, ...] | None) -> Preview:
    problem = ""
    try:
        if text != caption.original:
            plan_edit(caption.original, text)
    except CaptionEditError as error:
        problem = str(error)
    return Preview(text, show_diff(caption.text, text), problem, remaining)

"""The caption edit: for one asset and one original text, a text to put in its place.

An edit knows its original by digest. Where no caption of the asset has that digest any more, the
edit is stale: it changes nothing, and the asset is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.assets.asset import Asset
from models.canonical import digest_bytes
from models.captions.spans import Span, apply_spans, check_text
from models.nouns.rewriting.captions import Edit, RewrittenCaption

REASON = "A person put this text here."
"""What a release's list of rewritten captions says of a person's edit."""


@dataclass(frozen=True, slots=True)
class CaptionEdit:
    """An edit in force.

    Attributes:
        id: which edit it is; what it says never changes.
        original_sha256: digest of the caption that it is for (see ``digest_caption``).
        spans: what is replaced by what.
    """

    id: str
    original_sha256: str
    spans: tuple[Span, ...]


CaptionEdits = Mapping[str, tuple[CaptionEdit, ...]]
"""The edits in force of a dataset, by asset id."""


@dataclass(frozen=True, slots=True)
class EditedAsset:
    """An asset as its edits leave it.

    Attributes:
        asset: with the new captions; the very asset that was given where no edit applies.
        applied: the edit that each changed caption has, by the caption's index.
        stale: edits whose caption the asset does not have any more.
    """

    asset: Asset
    applied: Mapping[int, CaptionEdit]
    stale: tuple[CaptionEdit, ...]

    @property
    def edit_ids(self) -> tuple[str, ...]:
        """The edits that apply, in order of id."""
        return tuple(sorted({edit.id for edit in self.applied.values()}))


def digest_caption(text: str) -> str:
    """SHA-256 by which an edit knows its caption: of every character, as it was found."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def edit_text(original: str, spans: Sequence[Span]) -> str:
    """The caption that an edit gives.

    Raises:
        CaptionEditError: it cannot be applied, or leaves nothing.
    """
    text = apply_spans(original, spans)
    check_text(text)
    return text


def edit_asset(asset: Asset, edits: Sequence[CaptionEdit]) -> EditedAsset:
    """Put the new texts in the place of the asset's captions.

    Raises:
        CaptionEditError: an edit that is for one of the captions cannot be applied to it.
    """
    by_digest = {edit.original_sha256: edit for edit in edits}
    if not by_digest:
        return EditedAsset(asset, {}, ())
    applied: dict[int, CaptionEdit] = {}
    captions = []
    for index, caption in enumerate(asset.captions):
        edit = by_digest.get(digest_caption(caption.text))
        if edit is not None:
            applied[index] = edit
            caption = replace(caption, text=edit_text(caption.text, edit.spans))
        captions.append(caption)
    used = {edit.id for edit in applied.values()}
    stale = tuple(edit for edit in edits if edit.id not in used)
    if not applied:
        return EditedAsset(asset, {}, stale)
    return EditedAsset(replace(asset, captions=tuple(captions)), applied, stale)


def join_rewritten(
    original: Asset, edited: EditedAsset, cut: Sequence[RewrittenCaption]
) -> tuple[RewrittenCaption, ...]:
    """The captions that a release gets otherwise than they were found, by index.

    Args:
        original: the asset as it was found.
        edited: the same with its edits.
        cut: captions of the edited asset that names were taken out of as well.
    """
    found = {caption.index: caption for caption in cut}
    for index, edit in edited.applied.items():
        before, text = original.captions[index].text, edited.asset.captions[index].text
        own = tuple(
            Edit(s.start, s.end, before[s.start : s.end], s.replacement, REASON) for s in edit.spans
        )
        also = found.get(index)
        found[index] = RewrittenCaption(
            index,
            before,
            also.text if also else text,
            (*own, *(also.edits if also else ())),
            edited=text,
        )
    return tuple(found[index] for index in sorted(found))

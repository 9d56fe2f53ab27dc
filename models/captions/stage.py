"""The stage that looks for names in edited captions.

An edited caption is examined as any other, and only assets that have one are: what the nouns stage
found in the originals stays, so that undoing an edit costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from models.assets.asset import Asset
from models.canonical import digest_of
from models.captions.edits import (
    CaptionEdit,
    CaptionEdits,
    EditedAsset,
    digest_caption,
    edit_asset,
)
from models.errors import CaptionEditError
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, Stage

EDITED = "edited"
"""The stage's name."""

STAGE_VERSION = "edited/1"


class NameSearch(Protocol):
    """What finds names in the texts of assets: the nouns stage."""

    @property
    def fingerprint(self) -> str:
        """Digest of everything besides the assets that its rows depend on."""

    def where_edited(self, replaced: Mapping[str, frozenset[str]]) -> Stage:
        """The same, for assets of which these texts have been replaced."""


class EditedCaptionsStage:
    """Looks for names in the captions of a shard's assets as people have edited them.

    Args:
        nouns: finds names.
        edits: the edits in force of the shard's assets.
    """

    name = EDITED
    schema = pa.schema(
        [
            *BASE_FIELDS,
            pa.field("findings", pa.list_(pa.string())),
            pa.field("edits", pa.list_(pa.string())),
        ]
    )

    def __init__(self, nouns: NameSearch, edits: CaptionEdits) -> None:
        self.nouns = nouns
        self.edits = edits

    @property
    def fingerprint(self) -> str:
        """Digest of how names are found, and of what the edits say."""
        return digest_of(
            {
                "stage": STAGE_VERSION,
                "nouns": self.nouns.fingerprint,
                "edits": {
                    asset_id: [_describe(edit) for edit in edits]
                    for asset_id, edits in sorted(self.edits.items())
                },
            }
        )

    def choose(self, assets: Sequence[Asset]) -> list[Asset]:
        """Those of the assets that have a caption which an edit is for.

        One whose edit cannot be applied is among them, so that it gets its fault.
        """
        return [asset for asset in assets if self._concerns(asset)]

    def _concerns(self, asset: Asset) -> bool:
        digests = {edit.original_sha256 for edit in self.edits.get(asset.asset_id, ())}
        return bool(digests) and any(digest_caption(c.text) in digests for c in asset.captions)

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset: what stands in its texts with the edits, and which edits those are.

        An edit that cannot be applied is a fault of its asset.
        """
        whole: list[tuple[Asset, EditedAsset]] = []
        rows: dict[str, dict[str, Any]] = {}
        for asset in assets:
            try:
                whole.append((asset, edit_asset(asset, self.edits.get(asset.asset_id, ()))))
            except CaptionEditError as error:
                rows[asset.asset_id] = {
                    "asset_id": asset.asset_id,
                    "fault_code": Reason.STAGE_FAILED.value,
                    "fault_detail": f"a caption edit cannot be applied: {error}",
                    "findings": [],
                    "edits": [],
                }
                progress(1)
        replaced = {asset.asset_id: _find_replaced(asset, edited) for asset, edited in whole}
        nouns = self.nouns.where_edited(replaced)
        found = nouns.examine([edited.asset for _, edited in whole], progress)
        for (asset, edited), row in zip(whole, found.to_pylist(), strict=True):
            rows[asset.asset_id] = {**row, "edits": list(edited.edit_ids)}
        return pa.Table.from_pylist([rows[a.asset_id] for a in assets], schema=self.schema)


def choose_edited(assets: Sequence[Asset], edits: CaptionEdits) -> CaptionEdits:
    """The edits in force of these assets."""
    return {a.asset_id: edits[a.asset_id] for a in assets if a.asset_id in edits}


def _find_replaced(asset: Asset, edited: EditedAsset) -> frozenset[str]:
    return frozenset(asset.captions[index].text.strip() for index in edited.applied)


def _describe(edit: CaptionEdit) -> list[Any]:
    return [
        edit.id,
        edit.original_sha256,
        [[span.start, span.end, span.replacement] for span in edit.spans],
    ]

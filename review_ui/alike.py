"""Near-identical pictures on the page of an item: what is shown, and what the form names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.review.derivatives import THUMB, derivative_path
from models.review.queue import AlikeItem, AlikeItems
from review_ui.evidence import Piece, cut_text

ALSO = r"^[0-9a-f]{32}:[1-9][0-9]{0,15}$"
"""How a form names a further item: its id, and the version that the reviewer saw."""


@dataclass(frozen=True, slots=True)
class AlikePicture:
    """One of the others, as the page shows it.

    Attributes:
        item: which item it is.
        shown: there is a small copy of its picture.
        captions: its captions, cut where something cannot be seen; none where they are the same.
        ticked: whether a ruling on all is to cover it.
    """

    item: AlikeItem
    shown: bool
    captions: tuple[tuple[Piece, ...], ...]
    ticked: bool

    @property
    def value(self) -> str:
        """What the form sends for it."""
        return f"{self.item.id}:{self.item.version}"


@dataclass(frozen=True, slots=True)
class AlikeCard:
    """The card of near-identical pictures.

    Attributes:
        free, held, apart: see ``AlikeItems``.
        chosen: whether the ruling covers all that are ticked.
        same: whether all of the group ask the same.
        more_free, more_apart, ruled: see ``AlikeItems``.
    """

    free: tuple[AlikePicture, ...]
    held: tuple[AlikePicture, ...]
    apart: tuple[AlikePicture, ...]
    chosen: bool
    same: bool
    more_free: int
    more_apart: int
    ruled: Mapping[str, int]

    @property
    def ticked(self) -> int:
        """How many items a ruling on all covers, the one that is looked at among them."""
        return 1 + sum(each.ticked for each in self.free)


def show_alike(
    folder: Path,
    alike: AlikeItems | None,
    sent: tuple[bool, frozenset[str]] | None = None,
    *,
    blind: bool = False,
) -> AlikeCard | None:
    """The card, or None where there is nothing to show.

    Args:
        folder: of the small copies.
        alike: the other items.
        sent: what a form that was not taken had chosen: all or not, and the ids of the ticked.
        blind: how others of the group were ruled on is not shown.
    """
    if alike is None:
        return None
    ticked = None if sent is None else sent[1]

    def show(item: AlikeItem) -> AlikePicture:
        captions = () if item.same_captions else tuple(cut_text(c, []) for c in item.captions)
        wanted = item.free and (ticked is None or item.id in ticked)
        return AlikePicture(item, _has_thumb(folder, item.asset_id), captions, wanted)

    return AlikeCard(
        free=tuple(map(show, alike.free)),
        held=tuple(map(show, alike.held)),
        apart=tuple(map(show, alike.apart)),
        chosen=alike.same if sent is None else sent[0],
        same=alike.same,
        more_free=alike.more_free,
        more_apart=alike.more_apart,
        ruled={} if blind else alike.ruled,
    )


def read_also(also: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Ids and versions of the further items that a form names (``ALSO``)."""
    parts = (value.split(":") for value in also)
    return tuple((item_id, int(version)) for item_id, version in parts)


def _has_thumb(folder: Path, asset_id: str) -> bool:
    try:
        return derivative_path(folder, asset_id, THUMB).is_file()
    except ValueError:
        return False

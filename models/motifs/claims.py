"""What is said about a reference picture: what it shows, whose it is, by what right, and where.

Light on purpose: the command line and the review page read it without loading a decoder.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from models.motifs.alignment import Box
from models.motifs.remarks import ReferenceRefusedError, Remark

Category = Literal["character", "logo", "motif", "work", "brand", "person"]
Right = Literal["copyright", "trademark", "character", "publicity", "other"]
State = Literal["confirmed", "unconfirmed", "refused"]
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)
STATES: Final[tuple[State, ...]] = get_args(State)
DEFAULT_CATEGORY: Final[Category] = "motif"
LONGEST_TEXT: Final = 500
"""Characters of a label, an owner, a source or a note at most."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_BOX_NUMBERS = 4
_BOX_PLACES = 6


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says about one reference picture.

    Attributes:
        label: what a person calls it; pictures of one character share a label.
        category: one of ``CATEGORIES``, or "" for what the label's other pictures have.
        owner: who asks for it to be kept out, or "" for the owner of the label's other pictures.
        source: where the picture is from.
        right: one of ``RIGHTS``, or "" where nobody has said.
        right_note: registration number, contract, or what else shows the right.
        box: what of the picture is the motif, as ``read_box`` takes it; "" for all of it.
    """

    label: str
    category: str = ""
    owner: str = ""
    source: str = ""
    right: str = ""
    right_note: str = ""
    box: str = ""


def check_claim(claim: Claim) -> Claim:
    """The claim with its texts in one form: NFC, without spaces at their ends.

    Raises:
        ReferenceRefusedError: the label is empty, a text cannot be stored or is too long, or the
            category or the right is not one of those that there are.
    """
    texts = {
        name: unicodedata.normalize("NFC", getattr(claim, name)).strip()
        for name in ("label", "owner", "source", "right_note")
    }
    for name, text in texts.items():
        check_text(name, text)
    if not texts["label"]:
        raise ReferenceRefusedError(Remark.of("no_label"))
    if claim.category and claim.category not in CATEGORIES:
        raise ReferenceRefusedError(
            Remark.of("category", given=claim.category[:40], known=", ".join(CATEGORIES))
        )
    if claim.right and claim.right not in RIGHTS:
        raise ReferenceRefusedError(
            Remark.of("right", given=claim.right[:40], known=", ".join(RIGHTS))
        )
    return Claim(category=claim.category, right=claim.right, box=claim.box.strip(), **texts)


def check_text(name: str, text: str) -> None:
    """Make sure that both databases can keep a text, and that people can read it in a list.

    Raises:
        ReferenceRefusedError: it holds NUL or half of a surrogate pair, or is too long.
    """
    if _UNSTORABLE.search(text):
        raise ReferenceRefusedError(Remark.of("text", name=name.replace("_", " ")))
    if len(text) > LONGEST_TEXT:
        raise ReferenceRefusedError(
            Remark.of("text_long", name=name.replace("_", " "), limit=LONGEST_TEXT)
        )


def read_box(text: str, width: int, height: int) -> Box | None:
    """A box as fractions of the picture, or None where it is "" or the whole picture.

    Four numbers, parted by commas or spaces: left, top, right, bottom. Where none is above 1 they
    are fractions, else pixels of the upright picture.

    Args:
        width, height: of the upright picture, in pixels.

    Raises:
        ReferenceRefusedError: these are not four numbers, or the box is empty or reaches outside.
    """
    if not text.strip():
        return None
    parts = re.split(r"[,\s]+", text.strip().strip("[]()"))
    try:
        given = tuple(float(part) for part in parts)
    except ValueError:
        given = ()
    if len(given) != _BOX_NUMBERS or not all(map(math.isfinite, given)):
        raise ReferenceRefusedError(Remark.of("box_numbers", given=text[:60]))
    if max(given) > 1:
        given = tuple(n / side for n, side in zip(given, (width, height) * 2, strict=True))
    x0, y0, x1, y1 = (round(number, _BOX_PLACES) for number in given)
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ReferenceRefusedError(
            Remark.of("box_outside", given=text[:60], width=width, height=height)
        )
    return None if (x0, y0, x1, y1) == (0, 0, 1, 1) else (x0, y0, x1, y1)


def write_box(box: Sequence[float] | None) -> str:
    """A box of fractions as it is stored; "" for the whole picture. ``read_box`` reads it."""
    return ",".join(f"{number:.{_BOX_PLACES}g}" for number in box) if box else ""


def parse_stored_box(text: str) -> Box | None:
    """What ``write_box`` wrote."""
    return read_box(text, 1, 1)

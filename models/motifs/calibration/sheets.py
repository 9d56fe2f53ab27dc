"""Sheets to look at: what was missed beside its reference, and what was taken for what."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from models.files import write_atomically
from models.motifs.alignment import Box
from models.motifs.calibration.judging import Judged
from models.motifs.calibration.lettering import choose_fonts, make_showable
from models.policy import RECORDED_RISK

Pixels = npt.NDArray[np.uint8]
PictureReader = Callable[[Path], Pixels | None]
ReferenceReader = Callable[[str], Pixels | None]

MOST_PAIRS: Final = 48
PER_KIND: Final = 6
"""Misses of one kind on a sheet at most: one hard kind must not hide the others."""

_SIDE: Final = 190
_GAP: Final = 10
_LINES: Final = 3
_LINE: Final = 15
_COLUMNS: Final = 4
_TRUE: Final = (213, 94, 0)
_SEEN: Final = (0, 114, 178)
_PAPER: Final = (244, 244, 246)
_INK: Final = (34, 34, 34)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A picture, the id of a reference or "", and what is written beneath."""

    picture: Path
    reference: str
    lines: tuple[str, ...]
    true_box: Box | None
    seen_box: Box | None


def draw_misses(
    missed: Sequence[Judged],
    references: Mapping[str, str],
    path: Path,
    read_picture: PictureReader,
    read_reference: ReferenceReader,
) -> int:
    """The worst misses, each beside a reference of what it shows; how many were drawn.

    Where the true box is known it is orange; where a detector saw the reference it is blue.

    Args:
        missed: worst first.
        references: by label the id of a reference, for labels of which none was proposed.
    """
    counts: Counter[str] = Counter()
    pairs: list[_Pair] = []
    for each in missed:
        counts[each.picture.kind] += 1
        if counts[each.picture.kind] > PER_KIND or len(pairs) == MOST_PAIRS:
            continue
        label, own = each.picture.label or "", each.own
        risk = f"risk {each.risks[label]:.2f}" if own else "not seen at all"
        other = each.top
        is_taken = other and other.label != label and each.scored.best >= RECORDED_RISK
        taken = f"; taken for {other.label}" if other and is_taken else ""
        pairs.append(
            _Pair(
                each.picture.path,
                own.reference if own else references.get(label, ""),
                (f"{each.picture.kind}: {risk}{taken}", label, each.picture.name),
                each.picture.box,
                own.evidence.box if own else None,
            )
        )
    _draw(pairs, path, read_picture, read_reference)
    return len(pairs)


def draw_alarms(
    alarms: Sequence[Judged],
    path: Path,
    read_picture: PictureReader,
    read_reference: ReferenceReader,
) -> int:
    """The clean pictures with the highest risk, each beside what it was taken for."""
    pairs: list[_Pair] = []
    for each in alarms[:MOST_PAIRS]:
        top = each.top
        if top is not None:
            lines = (f"{each.picture.kind}: risk {each.scored.best:.2f}", top.label)
            pairs.append(
                _Pair(
                    each.picture.path,
                    top.reference,
                    (*lines, each.picture.name),
                    None,
                    top.evidence.box,
                )
            )
    _draw(pairs, path, read_picture, read_reference)
    return len(pairs)


def _draw(
    pairs: Sequence[_Pair],
    path: Path,
    read_picture: PictureReader,
    read_reference: ReferenceReader,
) -> None:
    if not pairs:
        path.unlink(missing_ok=True)
        return
    columns = min(_COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    across, down = 2 * _SIDE + 3 * _GAP, _SIDE + _LINES * _LINE + 2 * _GAP
    sheet = Image.new("RGB", (columns * across, rows * down), _PAPER)
    pen = ImageDraw.Draw(sheet)
    font = _load_font()
    for number, pair in enumerate(pairs):
        left, top = number % columns * across + _GAP, number // columns * down + _GAP
        boxes = ((pair.true_box, _TRUE), (pair.seen_box, _SEEN))
        _paste(sheet, read_picture(pair.picture), (left, top), boxes)
        reference = read_reference(pair.reference) if pair.reference else None
        _paste(sheet, reference, (left + _SIDE + _GAP, top), ())
        for line, text in enumerate(pair.lines):
            place = (left, top + _SIDE + 2 + line * _LINE)
            shown = _cut(make_showable(text, 200), font, 2 * _SIDE + _GAP)
            pen.text(place, shown, fill=_INK, font=font)
    write_atomically(path, _encode(sheet))


def _paste(
    sheet: Image.Image,
    pixels: Pixels | None,
    corner: tuple[int, int],
    boxes: Sequence[tuple[Box | None, tuple[int, int, int]]],
) -> None:
    """A picture in the middle of its square; a crossed square where it cannot be shown."""
    pen = ImageDraw.Draw(sheet)
    left, top = corner
    frame = (left, top, left + _SIDE - 1, top + _SIDE - 1)
    pen.rectangle(frame, fill=(255, 255, 255), outline=(214, 214, 218))
    if pixels is None:
        pen.line((left, top, *frame[2:]), fill=(190, 190, 196))
        pen.line((left, frame[3], frame[2], top), fill=(190, 190, 196))
        return
    shown = Image.fromarray(pixels)
    scale = (_SIDE - 2) / max(shown.size)
    size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
    shown = shown.resize(size, Image.Resampling.BILINEAR if scale > 1 else Image.Resampling.BOX)
    left, top = left + (_SIDE - size[0]) // 2, top + (_SIDE - size[1]) // 2
    sheet.paste(shown, (left, top))
    for box, colour in boxes:
        if box is not None:
            x0, x1 = (left + round(x * (size[0] - 1)) for x in (box[0], box[2]))
            y0, y1 = (top + round(y * (size[1] - 1)) for y in (box[1], box[3]))
            pen.rectangle((x0, y0, max(x0, x1), max(y0, y1)), outline=colour, width=3)


def _load_font() -> ImageFont.FreeTypeFont:
    """A font with Japanese characters where there is one, for it has the Latin ones too."""
    return ImageFont.truetype(font_manager.findfont(choose_fonts()[:2][-1]), 11)


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    while text and font.getlength(text) > width:
        text = text[:-2].rstrip("…") + "…" if len(text) > 2 else ""
    return text


def _encode(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()

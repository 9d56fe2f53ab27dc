"""What a form says about a reference picture, and the registering of what was uploaded with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import UploadFile

from models.motifs.claims import Claim, parse_stored_box
from models.motifs.remarks import ReferenceRefusedError, Remark
from models.nouns.terms.records import storable
from models.store.tables import MotifRow
from review_ui.site import Site

SIDES: Final = ("left", "top", "right", "bottom")
_WHOLE: Final = 100.0


@dataclass(frozen=True, slots=True)
class Given:
    """What a form was filled in with."""

    label: str = ""
    category: str = ""
    owner: str = ""
    source: str = ""
    right: str = ""
    right_note: str = ""
    sides: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SIDES, ""))

    def claim(self) -> Claim:
        """The same as a claim.

        Raises:
            ReferenceRefusedError: the box is not four numbers of 0 to 100 per cent.
        """
        words = (self.category, self.owner, self.source, self.right, self.right_note)
        return Claim(self.label, *words, _read_sides(self.sides))


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one uploaded file."""

    name: str
    kind: str
    row: MotifRow | None
    warnings: tuple[Remark, ...]
    refusal: Remark | None


def given_of(row: MotifRow) -> Given:
    """A form filled in with what the register says."""
    box = parse_stored_box(row.box)
    texts = [f"{number * _WHOLE:.6g}" for number in box] if box else [""] * len(SIDES)
    return Given(
        *(row.label, row.category, row.owner, row.source, row.right_kind, row.right_note),
        dict(zip(SIDES, texts, strict=True)),
    )


def take_all(
    site: Site, files: list[UploadFile], given: Given, reviewer: str, also_mine: bool
) -> list[Done]:
    """Register files one by one: decoded before the transaction, so that nobody waits for it."""
    from models.motifs.register import MAX_BYTES, Manner, register_picture
    from models.motifs.register.changing import inspect_as
    from models.motifs.register.keeping import write_copies
    from models.motifs.register.neighbours import Neighbours

    manner = Manner(reviewer, also_mine=also_mine, max_pixels=site.max_pixels)
    neighbours = Neighbours(site.workspace)

    def take(file: UploadFile) -> Done:
        name = (file.filename or "").rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
        try:
            claim = given.claim()
        except ReferenceRefusedError as error:
            return Done(name, "refused", None, (), error.remark)
        if not claim.label.strip():
            claim = replace(claim, label=storable(name).rsplit(".", 1)[0])
        data = file.file.read(MAX_BYTES + 1)
        inspection = inspect_as(data, claim, manner)
        with site.database.transaction() as session:
            outcome = register_picture(
                session,
                site.workspace,
                data,
                claim,
                manner,
                inspection=inspection,
                neighbours=neighbours,
            )
        if outcome.row is not None:
            write_copies(site.workspace, outcome.row.id, data)
        return Done(name, outcome.kind, outcome.row, outcome.warnings, outcome.refusal)

    return [take(file) for file in files]


def _read_sides(sides: dict[str, str]) -> str:
    """The four fields as a box of fractions; "" where none is filled in."""
    texts = [sides[side].strip() for side in SIDES]
    if not any(texts):
        return ""
    told = ", ".join(text or "?" for text in texts)
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        raise ReferenceRefusedError(Remark.of("box_percent", given=told)) from None
    if not all(0 <= number <= _WHOLE for number in numbers):
        raise ReferenceRefusedError(Remark.of("box_percent", given=told))
    return ",".join(f"{number / _WHOLE:.6f}" for number in numbers)

"""Which registered references look the same as a picture: PDQ, in eight orientations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.canonical import digest_bytes
from models.motifs.claims import parse_stored_box
from models.motifs.fingerprints import DECODED_SIDE, PDQ_BYTES, hash_pixels
from models.motifs.listing import PROTECTED, register_version
from models.motifs.register.pictures import MAX_PIXELS, cut_out
from models.motifs.remarks import ReferenceRefusedError
from models.store.tables import MotifRow

SAME_PICTURE: Final = 31
"""PDQ bits up to which two pictures are commonly read as the same."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A reference that looks the same, and by how many of 256 bits it differs."""

    id: str
    distance: int


class Neighbours:
    """The fingerprints of all protected references, read anew when the register has changed."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._version = -1
        self._ids: list[str] = []
        self._bits = _as_rows([])

    def near(self, session: Session, hashes: Sequence[bytes]) -> tuple[Neighbour, ...]:
        """The references within ``SAME_PICTURE`` of any of the hashes, nearest first.

        Args:
            hashes: of one picture, in the orientations in which it counts as the same.
        """
        self._refresh(session)
        if not hashes or not self._ids:
            return ()
        nearest = np.full(len(self._ids), 8 * PDQ_BYTES)
        for bits in _as_rows(hashes):
            nearest = np.minimum(nearest, np.bitwise_count(self._bits ^ bits).sum(axis=1))
        found = np.flatnonzero(nearest <= SAME_PICTURE)
        return tuple(
            sorted(
                (Neighbour(self._ids[at], int(nearest[at])) for at in found),
                key=lambda neighbour: (neighbour.distance, neighbour.id),
            )
        )

    def _refresh(self, session: Session) -> None:
        version = register_version(session)
        if version == self._version:
            return
        self._compute_missing(session)
        query = (
            select(MotifRow.id, MotifRow.pdq)
            .where(MotifRow.state.in_(PROTECTED), MotifRow.pdq > "")
            .order_by(MotifRow.id)
        )
        rows = session.execute(query).tuples().all()
        self._ids = [motif_id for motif_id, _ in rows]
        self._bits = _as_rows([bytes.fromhex(pdq or "") for _, pdq in rows])
        self._version = version

    def _compute_missing(self, session: Session) -> None:
        """Fingerprint what was registered before fingerprints were kept.

        What cannot be read is left out: a run, and the doctor, say that it is gone.
        """
        query = select(MotifRow.id, MotifRow.box).where(MotifRow.pdq.is_(None))
        for motif_id, box in session.execute(query).tuples().all():
            try:
                data = (self._workspace / "register" / "motifs" / motif_id).read_bytes()
                if digest_bytes(data) != motif_id:
                    continue
                picture = cut_out(
                    data, max_pixels=MAX_PIXELS, fit=DECODED_SIDE, box=parse_stored_box(box)
                )
            except (OSError, ReferenceRefusedError):
                continue
            hashed = hash_pixels(picture.pixels)
            pdq = hashed.bits.hex() if hashed.speaks else ""
            session.execute(update(MotifRow).where(MotifRow.id == motif_id).values(pdq=pdq))


def _as_rows(hashes: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    return np.frombuffer(b"".join(hashes), dtype=np.uint64).reshape(len(hashes), PDQ_BYTES // 8)

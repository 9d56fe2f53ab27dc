"""Two halves of labelled pictures: one to learn on, one to check with."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from models.motifs.calibration.judging import Looked
from models.motifs.calibration.pairs import CalibrationError

LEAST_LABELS: Final = 2


def split_in_halves(looked: Sequence[Looked]) -> tuple[list[Looked], list[Looked]]:
    """A learning and a checking half; the same pictures always give the same ones.

    All pictures of a label lie in one half, for a calibration that knows a motif from one picture
    of it would look better than it is on the next. Clean pictures lie in either by the digest of
    their name. The rows of one file lie together, where one of its labels does.

    Raises:
        CalibrationError: the pictures show fewer than ``LEAST_LABELS`` labels.
    """
    counts = Counter(each.picture.label for each in looked if each.picture.label is not None)
    if len(counts) < LEAST_LABELS:
        raise CalibrationError(
            f"The pictures show {len(counts)} of the registered labels, and at least "
            f"{LEAST_LABELS} are needed to learn on one and check on the other.",
            "Add pictures that show other registered motifs.",
        )
    learning: set[str] = set()
    sizes = [0, 0]
    for label in sorted(counts, key=_rank):
        half = int(sizes[1] < sizes[0])
        sizes[half] += counts[label]
        if half == 0:
            learning.add(label)
    halves: tuple[list[Looked], list[Looked]] = ([], [])
    clean = sorted({e.picture.name for e in looked if e.picture.label is None}, key=_rank)
    learnt = set(clean[: (len(clean) + 1) // 2])
    for each in looked:
        shown = min(each.labels, key=_rank, default=None)
        mine = each.picture.name in learnt if shown is None else shown in learning
        halves[0 if mine else 1].append(each)
    return halves


def _rank(name: str) -> bytes:
    """An order that has nothing to do with what a name says."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()

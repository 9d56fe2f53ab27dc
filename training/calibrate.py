"""Measures what the likeness of an exported encoder means, and writes ``scores.json`` beside it.

Clean pictures are those of the packages that were kept out of training, and the clean cases of the
tune half; references are those of the tune half. A score is what so large a share of clean pictures
reaches against some reference by accident, whole or in a part.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.motif_cases import load_cases
from benchmarks.motif_pictures import on_white as flatten
from models.motifs.clip import OpenClipEncoder, load_open_clip
from models.motifs.fingerprints import Pixels
from models.motifs.likeness import LikenessIndex
from models.motifs.views import VIEWS, views_of
from training.batches import Pack
from training.corpus import on_white

LOOK_RATE, FLOOR_RATE = 1e-3, 2e-2
LIMITS = (
    "builtin:art is a small network (9 million parameters) that was trained for eight minutes of a "
    "GPU, on openly licensed drawn art only. It finds pictures that look alike as a whole: scaled, "
    "re-encoded, blurred, mirrored, squashed, bordered, recoloured or cropped copies, and other "
    "expressions of a character in the same pose. It does not find a motif that fills a small part "
    "of a picture, and seldom a character drawn again. It knows drawn art, not photographs."
)


def best_likeness(
    encoder: OpenClipEncoder, pictures: list[Pixels], references: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """For each picture the best likeness to any reference, whole or in a part."""
    index = LikenessIndex(references, references[:0], [0] * (len(references) // len(VIEWS)),
                          cohort=encoder.cohort)  # fmt: skip
    best = []
    for picture in pictures:
        (seen,) = encoder.look([picture])
        numbers = index.propose([seen], 5)[0]
        found = index.compare(seen, numbers)
        best.append(max((max(each.whole, each.part) for each in found), default=-1.0))
    return np.array(best)


def main() -> None:
    """Write ``scores.json`` into an exported folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--most", type=int, default=1500, help="pictures of each kind")
    given = parser.parse_args()
    (given.folder / "scores.json").unlink(missing_ok=True)
    encoder = load_open_clip(f"open_clip:folder:{given.folder}")
    cases = load_cases("tune")
    shown = [view for r in cases.references for view in views_of(flatten(r.picture()))]
    references = encoder.encode(shown)
    unseen = Pack(given.pack, "calibrate")
    order = np.random.default_rng(0).permutation(len(unseen))[: given.most]
    clean = [on_white(unseen.picture(int(i))) for i in order]
    clean += [case.pixels() for case in cases if case.truth is None][: given.most]
    best = best_likeness(encoder, clean, references)
    scores = {
        "suggested_score": round(float(np.quantile(best, 1 - LOOK_RATE)), 3),
        "floor_score": round(float(np.quantile(best, 1 - FLOOR_RATE)), 3),
        "limits": LIMITS,
        "clean_pictures": len(clean),
        "references": len(cases.references),
    }
    text = json.dumps(scores, indent=2)
    (given.folder / "scores.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Adds a cohort to an exported encoder: what some of its training pictures look like to it.

From a cosine Kiyome takes away what both pictures reach with the nearest of these
(``models.motifs.cohort``). They are embeddings of fewer than 300 numbers: no picture can be made
of them again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.motifs.clip import load_open_clip
from training.batches import Pack
from training.corpus import on_white


def main() -> None:
    """Write ``cohort.npy`` into an exported folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2000)
    given = parser.parse_args()
    (given.folder / "cohort.npy").unlink(missing_ok=True)
    encoder = load_open_clip(f"open_clip:folder:{given.folder}")
    pack = Pack(given.pack, "train")
    chosen = np.random.default_rng(7).permutation(len(pack))[: given.count]
    seen = encoder.encode([on_white(pack.picture(int(index))) for index in np.sort(chosen)])
    np.save(given.folder / "cohort.npy", seen[seen.any(axis=1)].astype(np.float16))


if __name__ == "__main__":
    main()

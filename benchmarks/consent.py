"""What reading consent costs where there is nothing to find, over reading and hashing alone.

    python benchmarks/consent.py --images ../shared/data/images

Prints files a second of the carriers on bytes in memory, of the whole stage, and of the bare loop
that reads and hashes the same files, each on one thread and as the best of --repeat rounds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.assets.asset import Asset, Location
from models.assets.reading import read_location
from models.canonical import digest_bytes
from models.consent.stage import ConsentStage

_MAX_BYTES = 2**28
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "images"
    parser.add_argument("--images", type=Path, default=default)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    if not given.images.is_dir():
        print(f"Skipped: there are no pictures in {given.images}.")
        return 0
    paths = [p for p in sorted(given.images.rglob("*")) if p.suffix.lower() in _SUFFIXES]
    assets = [Asset(digest_bytes(p.read_bytes()), (Location(p.name, str(p)),)) for p in paths]
    stage = ConsentStage(max_bytes=_MAX_BYTES)

    def read_and_hash() -> None:
        for asset in assets:
            digest_bytes(read_location(asset.locations[0], _MAX_BYTES))

    def examine() -> None:
        stage.examine(assets, lambda _: None)

    bare = _best(read_and_hash, given.repeat)
    whole = _best(examine, given.repeat)
    print(f"{len(assets)} files")
    print(f"reading and hashing   {len(assets) / bare:10.0f} files/s")
    print(f"consent stage         {len(assets) / whole:10.0f} files/s")
    print(f"stage / bare          {whole / bare:10.2f}")
    return 0


def _best(work: Callable[[], None], repeat: int) -> float:
    work()
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    sys.exit(main())

"""What reading consent costs where there is nothing to find, over reading and hashing alone.

    python benchmarks/consent.py --images ../shared/data/images

Prints CPU microseconds a file and files a second of one core: for the bare loop that reads a file
and takes its SHA-256, for each carrier and for ``identify`` on bytes in memory, and for the whole
consent stage, which does all of that and writes the rows. Files in which a carrier finds something
are left out; what such a file costs is printed below, for files made here. Each figure is the best
of ``--repeat`` rounds. How fast signatures are recovered is in ``signatures.py``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.assets.asset import Asset, Location
from models.assets.reading import read_location
from models.canonical import digest_bytes
from models.consent.carriers import carriers
from models.consent.carriers.carrier import Carrier, LoadSidecar
from models.consent.identity import identify
from models.consent.stage import ConsentStage, load_sidecar, read_statements
from tests.consent_files import asset_of, data_mining, signed, with_packet

_GOAL = 2_000
_MAX_BYTES = 2**28
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
_LOOKS = 20  # how often one file in which there is something is read


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "images"
    parser.add_argument("--images", type=Path, default=default)
    parser.add_argument("--files", type=int, default=None, help="take no more than this many")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    if not given.images.is_dir():
        print(f"Skipped: there are no pictures in {given.images}.")
        return 0
    paths = [p for p in sorted(given.images.rglob("*")) if p.suffix.lower() in _SUFFIXES]
    stage = ConsentStage(max_bytes=_MAX_BYTES)
    found = [_read(path) for path in paths[: given.files]]
    rows = stage.examine([asset for asset, _ in found], lambda _: None).to_pylist()
    pairs = [pair for pair, row in zip(found, rows, strict=True) if not row["statements"]]
    if not pairs:
        print(f"Skipped: there are no silent pictures in {given.images}.")
        return 0
    whole = _measure(pairs, len(found) - len(pairs), stage, given.repeat)
    _measure_finds(given.repeat)
    rate = 1 / whole
    print(f"goal of {_GOAL:,} files/s on one core: {'met' if rate >= _GOAL else 'missed'}")
    return 0 if rate >= _GOAL else 1


def _measure(
    pairs: list[tuple[Asset, bytes]], left_out: int, stage: ConsentStage, repeat: int
) -> float:
    """Print what silent files cost; returns the CPU seconds of the whole stage for one."""
    assets = [asset for asset, _ in pairs]

    def read_and_hash() -> None:
        for asset in assets:
            digest_bytes(read_location(asset.locations[0], _MAX_BYTES))

    def look(do: Callable[[Asset, bytes, LoadSidecar], object]) -> None:
        for asset, data in pairs:
            do(asset, data, load_sidecar)

    parts: dict[str, Callable[[], object]] = {"reading and SHA-256 (bare)": read_and_hash}
    for carrier in carriers():
        parts[f"carrier {carrier.name}"] = partial(look, carrier.read)
    parts["identify (CIDs)"] = partial(look, identify)
    parts["whole consent stage"] = lambda: stage.examine(assets, lambda _: None)
    seconds = {name: _best(work, repeat) / len(pairs) for name, work in parts.items()}

    sizes = [len(data) for _, data in pairs]
    median = statistics.median(sizes)
    print(f"{len(pairs)} silent files, {sum(sizes) / 1e6:.1f} MB, median {median / 1e3:.1f} kB")
    print(f"{left_out} files say something and are left out")
    print(f"{'':28}{'µs/file':>10}{'files/s':>12}{'/ bare':>9}")
    bare = seconds["reading and SHA-256 (bare)"]
    for name, each in seconds.items():
        print(f"{name:28}{each * 1e6:10.1f}{1 / each:12,.0f}{each / bare:9.2f}")
    return seconds["whole consent stage"]


def _measure_finds(repeat: int) -> None:
    """Print what a file costs in which there is something."""
    sources = carriers()
    for name, data in (
        ("file with PLUS in its XMP", with_packet("JPEG", data_mining("DMI-PROHIBITED").encode())),
        ("file with credentials", signed(use="notAllowed")),
    ):
        work = partial(_read_again, asset_of(data), data, sources)
        each = _best(work, repeat) / _LOOKS
        print(f"{name:28}{each * 1e6:10.1f}{1 / each:12,.0f}")


def _read_again(asset: Asset, data: bytes, sources: Sequence[Carrier]) -> None:
    for _ in range(_LOOKS):
        read_statements(asset, data, sources, load_sidecar)


def _read(path: Path) -> tuple[Asset, bytes]:
    data = path.read_bytes()
    return Asset(digest_bytes(data), (Location(path.name, str(path)),)), data


def _best(work: Callable[[], object], repeat: int) -> float:
    """CPU seconds of the fastest of ``repeat`` rounds, after one to warm up."""
    work()
    seconds = []
    for _ in range(repeat):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


if __name__ == "__main__":
    sys.exit(main())

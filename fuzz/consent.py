"""Fuzzes one reader of consent with atheris: ``python fuzz/consent.py SEED CORPUS [options]``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["models"]):
    from tests.property.test_consent_fuzzing import proven, refusing


def main() -> None:
    """Fuzz the reader of the seed that the first argument names.

    Raises:
        SystemExit: there is no such seed.
    """
    seeds = {seed.name: seed for seed in refusing()}
    if len(sys.argv) < 3 or sys.argv[1] not in seeds:
        raise SystemExit(f"Name a seed and a folder for the corpus. Seeds: {', '.join(seeds)}.")
    seed = seeds[sys.argv.pop(1)]
    (Path(sys.argv[1]) / "seed").write_bytes(seed.data)
    known = proven(seed.read(seed.data))

    def try_one(data: bytes) -> None:
        gained = proven(seed.read(data)) - known
        if gained:
            raise AssertionError(f"{seed.name} gained {', '.join(sorted(gained))}")

    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

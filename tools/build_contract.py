"""Compile every ``contracts/*.vy`` into the JSON file of the same name.

    python tools/build_contract.py           # writes the files
    python tools/build_contract.py --check   # only says which are outdated; 1 if any is

Needs vyper in the version that the sources name. The same source gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.ledger.commitments import encode_canonical

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"


def build_artifact(source: Path) -> bytes:
    """What a contract compiles to, as canonical JSON: ABI, creation and runtime code, compiler."""
    import vyper

    made = vyper.compile_code(
        source.read_text(encoding="utf-8"),
        output_formats=["abi", "bytecode", "bytecode_runtime"],
    )
    artifact = {
        "abi": made["abi"],
        "bytecode": made["bytecode"],
        "compiler": f"vyper {vyper.__long_version__}",
        "runtime": made["bytecode_runtime"],
    }
    return encode_canonical(artifact) + b"\n"


def main() -> int:
    """Write the artifacts, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is outdated")
    given = parser.parse_args()
    outdated = 0
    for source in sorted(CONTRACTS.glob("*.vy")):
        built, artifact = build_artifact(source), source.with_suffix(".json")
        if artifact.exists() and artifact.read_bytes() == built:
            continue
        if given.check:
            outdated = 1
            sys.stderr.write(
                f"{artifact.name} is not what {source.name} compiles to. "
                "Run python tools/build_contract.py and commit the file.\n"
            )
        else:
            artifact.write_bytes(built)
    return outdated


if __name__ == "__main__":
    sys.exit(main())

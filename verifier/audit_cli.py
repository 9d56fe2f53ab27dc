"""The command line of audits: python -m verifier audit draw, python -m verifier audit check."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from verifier.auditing import examine_audit
from verifier.canonical import MAX_FILE_BYTES
from verifier.folder import read_file
from verifier.heads import Trust
from verifier.report import CheckError, FileReport, UncheckedError
from verifier.requesting import parse_share, request_audit, write_request

_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
RATE, CONFIDENCE = "1%", "95%"
BY_HAND = (
    "The block's hash was typed in: no node vouches for it, and whoever chose it may have chosen "
    "the entries. Take it from a source that neither you nor the operator can bend."
)


def draw(
    folder: str,
    trust: Trust,
    release: str | None,
    to: str,
    *,
    run: str | None = None,
    block_hash: str | None,
    block_number: int | None,
    violations_at_most: str,
    confidence: str,
) -> tuple[str, int]:
    """Draw, and write the request; what to say, and the exit code."""
    try:
        block = _read_block(block_hash, block_number)
        rate, sure = parse_share(violations_at_most), parse_share(confidence)
        request = request_audit(Path(folder), trust, release, block, rate, sure, run)
        write_request(request, Path(to))
    except CheckError as fault:
        return f"verifier: {fault}", 2 if isinstance(fault, UncheckedError) else 1
    beacon = request.beacon
    size = f"{request.entries} entries, {request.uses} uses"
    lines = [
        f"{request.what:10} {request.batch.batch_id}, {size}",
        f"head       {request.head.size} leaves, root {request.head.root.hex()}",
        f"block      {beacon.number} of the chain {beacon.chain_id}, 0x{beacon.digest.hex()}",
        f"drawn      {len(request.positions)} entries",
        f"{to}: send it to the operator, and keep a copy.",
    ]
    if trust.key is None:
        lines.append("The key comes from the folder itself: give --key.")
    if request.receipt is None:
        lines.append(
            f"The {request.what} is anchored nowhere: nobody can tell that it was made before."
        )
    if beacon.by_hand:
        lines.append(BY_HAND)
    return "\n".join(lines), 0


def check(folder: str, trust: Trust, request: str | None) -> FileReport:
    """Check an audit's folder.

    Args:
        request: the request as the auditor kept it, if they did.
    """
    kept = None if request is None else read_file(Path(request), MAX_FILE_BYTES, "--request")
    return examine_audit(folder, trust, kept).report()


def make_parser() -> argparse.ArgumentParser:
    """Reads the command line behind ``audit``."""
    parser = argparse.ArgumentParser(
        prog="verifier audit",
        allow_abbrev=False,
        description="Audit a release or a training run: draw entries by a block, and check what "
        "was opened of them.",
    )
    steps = parser.add_subparsers(dest="step", required=True)
    drawing = steps.add_parser(
        "draw", allow_abbrev=False, help="draw entries of a release or a run"
    )
    drawing.add_argument("folder", metavar="PUBLIC_FOLDER")
    drawing.add_argument("--release", metavar="ID", help="the release, or which one a run used")
    drawing.add_argument("--run", metavar="NAME", help="the training run to audit")
    drawing.add_argument("--to", metavar="FILE", default="request.json")
    drawing.add_argument("--block-hash", metavar="0x…")
    drawing.add_argument("--block-number", metavar="N", type=int)
    drawing.add_argument("--violations-at-most", metavar="SHARE", default=RATE)
    drawing.add_argument("--confidence", metavar="SHARE", default=CONFIDENCE)
    checking = steps.add_parser("check", allow_abbrev=False, help="check an audit's folder")
    checking.add_argument("folder", metavar="FOLDER")
    checking.add_argument("--request", metavar="FILE", help="the request, as you kept it")
    checking.add_argument("--json", action="store_true", help="print the report as JSON")
    for step in (drawing, checking):
        step.add_argument("--key", metavar="VKEY", help="the log's key, from a source you trust")
        step.add_argument("--rpc", metavar="URL", help="a node of the chain")
        step.add_argument("--contract", metavar="0x…", help="the contract, from a source you trust")
    return parser


def _read_block(digest: str | None, number: int | None) -> tuple[int, str] | None:
    if digest is None and number is None:
        return None
    if digest is None or number is None or number < 0 or not _HASH.fullmatch(digest.lower()):
        raise UncheckedError(
            "beacon", "--block-hash is 0x and 64 hex digits, and needs --block-number."
        )
    return number, digest.lower()

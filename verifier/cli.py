"""The command line: python -m verifier FILE... --key VKEY. Exits with 0, 1 or 2 (``Outcome``)."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from verifier import audit_cli
from verifier.canonical import MAX_FILE_BYTES
from verifier.chain import Chain
from verifier.folder import examine_folder, read_file
from verifier.heads import Examined, Trust, compare_heads
from verifier.note import MAX_NOTE_BYTES, Key, Note
from verifier.proofs import examine
from verifier.report import FORMAT, CheckError, FileReport, Status, combine

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MARKS = {Status.OK: "ok  ", Status.NOTE: "note", Status.FAILED: "FAIL", Status.UNCHECKED: "?   "}
_LAST_LINE = {
    0: "Everything holds.",
    1: "Something does not hold.",
    2: "Something could not be checked.",
}


class UsageError(Exception):
    """An option that cannot be understood."""


def verify(names: Sequence[str], trust: Trust) -> list[FileReport]:
    """Verify files and folders, each by itself and all together."""
    examined = [_examine(name, trust) for name in names]
    compare_heads(examined, trust)
    return [one.report() for one in examined]


def read_trust(
    key: str | None = None,
    rpc: str | None = None,
    contract: str | None = None,
    checkpoint: str | None = None,
    leaf: str | None = None,
    owner_key: str | None = None,
) -> Trust:
    """What the options say.

    Raises:
        UsageError: one of them cannot be understood.
    """
    if rpc is not None and not rpc.lower().startswith(("http://", "https://")):
        raise UsageError("--rpc is not an http or https address.")
    if contract is not None and (rpc is None or not _ADDRESS.fullmatch(contract)):
        raise UsageError("--contract is an address (0x and 40 hex digits), and needs --rpc.")
    if leaf is not None and not _HASH.fullmatch(leaf):
        raise UsageError("--leaf is not a hash of 64 lower-case hex digits.")
    try:
        secret = None if owner_key is None else read_file(Path(owner_key), 100, "--owner-key")
        digits = None if secret is None else secret.decode("ascii", "replace").strip()
        if digits is not None and not _HASH.fullmatch(digits):
            raise UsageError("--owner-key is not a file of 64 lower-case hex digits.")
        return Trust(
            None if key is None else Key.parse(key),
            None if checkpoint is None else Note.parse(_read(checkpoint, MAX_NOTE_BYTES)),
            None if rpc is None else Chain(rpc, contract.lower() if contract else None),
            None if leaf is None else bytes.fromhex(leaf),
            None if digits is None else bytes.fromhex(digits),
        )
    except CheckError as fault:
        raise UsageError(str(fault)) from None


def show(reports: Sequence[FileReport], as_json: bool) -> tuple[str, int]:
    """The report as text or JSON, and the exit code."""
    outcome = combine(reports)
    if as_json:
        value = {
            "files": [report.as_dict() for report in reports],
            "format": FORMAT,
            "outcome": outcome,
        }
        return json.dumps(value, sort_keys=True, indent=1), outcome.exit_code
    lines = []
    for report in reports:
        lines.append(f"{report.file} ({report.kind})")
        lines += [f"  {_MARKS[c.status]}  {c.name}: {c.detail}" for c in report.checks.made]
    lines.append(_LAST_LINE[outcome.exit_code])
    return "\n".join(map(_escape, lines)), outcome.exit_code


def main(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know ASCII only
    if list(arguments[:1]) == ["audit"]:
        return _audit(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="verifier",
        allow_abbrev=False,
        description="Verify files of a usage ledger, or a copy of its public folder.",
        epilog="`audit draw` and `audit check` audit a release; a file of that name is ./audit.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="a file, or a public folder")
    parser.add_argument("--key", metavar="VKEY", help="the log's key, from a source you trust")
    parser.add_argument(
        "--rpc", metavar="URL", help="a node of the chain that heads are anchored on"
    )
    parser.add_argument("--contract", metavar="0x…", help="the contract, from a source you trust")
    parser.add_argument("--checkpoint", metavar="FILE", help="a head that you kept from earlier")
    parser.add_argument("--leaf", metavar="HEX", help="the leaf hash that a C2SP proof is about")
    parser.add_argument(
        "--owner-key", metavar="FILE", help="an owner's key: whether a tag is theirs"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    given = vars(parser.parse_args(arguments))
    files, as_json = given.pop("files"), given.pop("json")
    try:
        trust = read_trust(**given)
    except UsageError as error:
        print(_escape(f"verifier: {error}"), file=sys.stderr)  # noqa: T201
        return 2
    text, code = show(verify(files, trust), as_json)
    print(text)  # noqa: T201
    return code


def _audit(arguments: Sequence[str]) -> int:
    given = vars(audit_cli.make_parser().parse_args(arguments))
    step, folder = given.pop("step"), given.pop("folder")
    try:
        trust = read_trust(*(given.pop(name) for name in ("key", "rpc", "contract")))
        if step == "draw":
            text, code = audit_cli.draw(folder, trust, **given)
        else:
            text, code = show([audit_cli.check(folder, trust, given["request"])], given["json"])
    except (UsageError, CheckError) as error:
        print(_escape(f"verifier: {error}"), file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(map(_escape, text.split("\n"))))  # noqa: T201
    return code


def _examine(name: str, trust: Trust) -> Examined:
    path = Path(name)
    try:
        if path.is_dir():
            return examine_folder(name, path, trust)
        return examine(name, _read(name, MAX_FILE_BYTES), trust)
    except CheckError as fault:
        examined = Examined(name)
        examined.checks.blame(fault)
        return examined


def _read(name: str, limit: int) -> bytes:
    return read_file(Path(name), limit, "The file")


def _escape(text: str) -> str:
    """Text as it is safe to show on a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

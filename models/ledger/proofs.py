"""Checks any proof file, whichever of the formats it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from models.ledger import consistency, inclusion
from models.ledger.consistency import verify_consistency_file
from models.ledger.inclusion import verify_inclusion_file
from models.ledger.owners import absence, completeness
from models.ledger.owners.absence import verify_absence_file
from models.ledger.owners.completeness import verify_completeness_file
from models.ledger.report import Check, VerificationReport, summarise
from models.ledger.statements import statement


def _verify_statement(path: Path, vkey: str | None) -> VerificationReport:
    # It reads records and rule files, which no other proof needs.
    from models.ledger.statements.signing import verify_statement_file

    return verify_statement_file(path, vkey)


_VERIFIERS: dict[str, Callable[[Path, str | None], VerificationReport]] = {
    absence.FORMAT: verify_absence_file,
    completeness.FORMAT: verify_completeness_file,
    consistency.FORMAT: verify_consistency_file,
    inclusion.FORMAT: verify_inclusion_file,
    statement.FORMAT: _verify_statement,
}
_CHUNK_BYTES = 1 << 20
_FORMAT = re.compile(rb'"format":"(kiyome\.[a-z]+/[0-9]+)"')


def verify_proof_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check a proof file of any format. Never raises: what is wrong is a failed check.

    Args:
        path: the file.
        vkey: the log's public key, from a source that is trusted; without it the file's own.
    """
    try:
        form = _find_format(path)
    except OSError as error:
        return summarise([Check("file", ok=False, detail=f"{path.name}: {error.strerror}.")], None)
    if form is None:
        known = ", ".join(sorted(_VERIFIERS))
        detail = f"{path.name}: it is of none of the formats {known}."
        return summarise([Check("file", ok=False, detail=detail)], None)
    return _VERIFIERS[form](path, vkey)


def _find_format(path: Path) -> str | None:
    """The first known format that the file names. Its verifier looks where it stands."""
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            for match in _FORMAT.finditer(rest + chunk):
                form = match[1].decode()
                if form in _VERIFIERS:
                    return form
            rest = chunk[-64:]
    return None

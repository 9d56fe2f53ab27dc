"""The rule file that a period was paid by, kept beside its payout: ``payouts/<...>/rules.toml``.

A statement is made by the rules that were used then, and they may have changed since. Which file
that was, the ledger says: the period's batch publishes its digest.
"""

from __future__ import annotations

from pathlib import Path

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.compensation.rules import Rules, load_rules

FILE = "rules.toml"


def keep_rules(path: Path, rules: Rules, folder: Path) -> None:
    """Copy a rule file to where its period is paid from. Doing it again changes nothing.

    Args:
        path: the file that ``rules`` were read from.
        folder: the period's folder; made where missing.

    Raises:
        LedgerError: the file changed meanwhile, or the copy cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(folder / FILE, path.read_bytes())
    except OSError as error:
        raise LedgerError(
            f"The rules cannot be kept in {folder}: {error.strerror}.",
            "Mend the cause and run `kiyome ledger pay` again.",
        ) from error
    if load_rules(folder / FILE).sha256 != rules.sha256:
        raise LedgerError(
            f"{path} was changed while the period was being paid.",
            "Restore it, then run `kiyome ledger pay` again.",
        )


def read_kept_rules(folder: Path, sha256: str) -> Rules | None:
    """The rules of a period, or None where they were not kept.

    Args:
        sha256: of the file, as the period's batch publishes it.

    Raises:
        LedgerError: what was kept is not that file.
    """
    if not (folder / FILE).is_file():
        return None
    rules = load_rules(folder / FILE)
    if rules.sha256 != sha256:
        raise LedgerError(
            f"{folder / FILE} is not the file that the period was paid by.",
            "Run `kiyome ledger pay` for the period again with the file that was used then.",
        )
    return rules

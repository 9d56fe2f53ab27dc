"""Where things lie in a ledger's private folder."""

from __future__ import annotations

from pathlib import Path

_PLAIN, _SEALED, _INDEX = ".jsonl", ".sealed", ".index"


def owner_keys_path(private: Path) -> Path:
    """The keys of owners."""
    return private / "owners.keys"


def plain_openings_path(private: Path, batch_id: str) -> Path:
    """The openings of a batch of the first form: lines of JSON, salts in clear."""
    return private / "openings" / f"{batch_id}{_PLAIN}"


def sealed_openings_path(private: Path, batch_id: str) -> Path:
    """The openings of a batch, sealed with its owners' keys."""
    return private / "openings" / f"{batch_id}{_SEALED}"


def index_path(private: Path, batch_id: str) -> Path:
    """The owner index of a batch."""
    return private / "owners" / f"{batch_id}{_INDEX}"


def list_indexed_batches(private: Path) -> list[str]:
    """The ids of all batches that have an owner index, sorted."""
    return sorted(
        path.name.removesuffix(_INDEX) for path in (private / "owners").glob(f"*{_INDEX}")
    )


def list_sealed_batches(private: Path) -> list[str]:
    """The ids of all batches whose openings are sealed, sorted."""
    return sorted(
        path.name.removesuffix(_SEALED) for path in (private / "openings").glob(f"*{_SEALED}")
    )


def list_plain_batches(private: Path) -> list[str]:
    """The ids of all batches whose openings are plain, sorted."""
    return sorted(
        path.name.removesuffix(_PLAIN) for path in (private / "openings").glob(f"*{_PLAIN}")
    )

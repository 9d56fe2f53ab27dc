"""The usage ledger's public folder at a target: what the copy lacks, and its checkpoint last.

Nothing that a checkpoint rests on is ever changed, so a copy is whole up to the size that its own
checkpoint names, and only what came after is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from models.errors import LedgerError, ReleaseError
from models.failpoints import reach
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint, Verifier, open_checkpoint
from models.ledger.tiles import TILE_WIDTH, tile_path, tile_width
from models.mirror.target import Target

PLACE: Final = "ledger"
_HEAD = "checkpoint"
_FIXED = ("checkpoints", "batches")
_LEVELS = 8
_SENDERS = 8


def push_ledger(target: Target, ledger: UsageLedger) -> int:
    """Send what a target lacks of the ledger; its checkpoint is written last.

    Returns:
        How many objects were sent.

    Raises:
        LedgerError: the ledger here is damaged, or older than the copy.
        ReleaseError: the copy is of another ledger, or the storage does not answer.
    """
    public = ledger.public_folder
    # Read first: all that it rests on is on the disk by now, whatever is appended meanwhile.
    note = (public / _HEAD).read_bytes()
    verifier = Verifier.parse(ledger.vkey)
    head = open_checkpoint(note, verifier)
    copied = _read_copy(target, verifier)
    if copied is not None and copied.size > head.size:
        raise LedgerError(
            f"The copy of the ledger in {target.url} holds {copied.size} entries, and the ledger "
            f"here {head.size}.",
            "It was restored from an older backup: do not append to it before that is settled.",
        )
    if copied is not None and copied.size == head.size and copied.root != head.root:
        raise LedgerError(
            f"The copy of the ledger in {target.url} has another root at {head.size} entries.",
            "Run `kiyome ledger verify`, and ask who else writes there.",
        )
    names = [*_new_tiles(public, copied.size if copied else 0, head.size)]
    names += _lacking(public, target)
    with ThreadPoolExecutor(_SENDERS, thread_name_prefix="mirror") as pool:
        for _ in pool.map(lambda name: _send(target, public, name), names):
            pass
    reach("mirror-ledger")
    if target.read(f"{PLACE}/{_HEAD}") == note:
        return len(names)
    target.write(f"{PLACE}/{_HEAD}", note)
    return len(names) + 1


def _read_copy(target: Target, verifier: Verifier) -> Checkpoint | None:
    note = target.read(f"{PLACE}/{_HEAD}")
    if note is None:
        return None
    try:
        return open_checkpoint(note, verifier)
    except LedgerError as error:
        raise ReleaseError(
            f"The ledger in {target.url} is not this one: {error.problem}",
            "Give every workspace a release_target of its own.",
        ) from error


def _new_tiles(public: Path, before: int, size: int) -> Iterator[str]:
    """The tiles that a tree of ``size`` rests on and one of ``before`` does not."""
    if before == size:
        return
    for level in range(_LEVELS):
        first = (before >> (8 * level)) // TILE_WIDTH
        last = (size >> (8 * level)) // TILE_WIDTH
        for index in range(first, last + 1):
            full = public / tile_path(level, index)
            if tile_width(level, index, size) == TILE_WIDTH:
                yield tile_path(level, index)
            # Narrower ones belong to earlier checkpoints, which keep what they rest on.
            partial = full.with_name(f"{full.name}.p")
            if partial.is_dir():
                yield from sorted(
                    p.relative_to(public).as_posix()
                    for p in partial.iterdir()
                    if p.name.isdecimal()
                )
        if size >> (8 * (level + 1)) == 0:
            return


def _lacking(public: Path, target: Target) -> Iterator[str]:
    """Everything besides tiles and the head that the copy lacks, or has otherwise."""
    there = {
        f"{folder}/{name}": size
        for folder in _FIXED
        for name, size in target.sizes(f"{PLACE}/{folder}").items()
    }
    for path in sorted(public.rglob("*")):
        name = path.relative_to(public).as_posix()
        top = name.partition("/")[0]
        if top in ("tile", _HEAD) or path.name.startswith(".") or not path.is_file():
            continue
        if top in _FIXED:
            if there.get(name) != path.stat().st_size:
                yield name
        elif target.read(f"{PLACE}/{name}") != path.read_bytes():
            yield name


def _send(target: Target, public: Path, name: str) -> None:
    target.write(f"{PLACE}/{name}", (public / name).read_bytes())

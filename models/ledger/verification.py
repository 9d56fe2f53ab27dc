"""Checks a usage ledger from its files alone, without the program that wrote it.

It needs the standard library, ``cryptography`` and the parts of this package that read the formats.
Every leaf is read once, from level 0; nothing is taken over from the files that can be recomputed.
Whatever is wrong becomes a failed check that names the file, never an exception.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.errors import LedgerError
from models.ledger.anchor_checks import check_anchors
from models.ledger.batches import BatchStatement, open_batch
from models.ledger.merkle import HASH_BYTES
from models.ledger.note import MAX_NOTE_BYTES, Checkpoint, Verifier, open_checkpoint
from models.ledger.private_checks import FAULTS, check_private_folder, read_bounded
from models.ledger.report import Check, VerificationReport, conclude, summarise
from models.ledger.tiles import (
    TILE_WIDTH,
    parse_tile_path,
    read_tile,
    tile_path,
    tile_width,
)
from models.ledger.walk import Claims, walk_tree

_TILE_BITS = 8


def verify_ledger(
    public_folder: Path, vkey: str | None = None, private_folder: Path | None = None
) -> VerificationReport:
    """Verify a ledger, or a copy of its public folder.

    Args:
        public_folder: the published files.
        vkey: the log's public key, from a source that is trusted. Without it the key that lies
            beside the log is used, which proves only that the files agree with each other.
        private_folder: the openings; where given, every leaf has to have its opening.

    Returns:
        The report. A ledger whose last append was interrupted is not ok; opening it finishes the
        append.
    """
    readable, check = _check_files(public_folder)
    checks = [check]
    if not readable:
        return summarise(checks, None)
    verifier, check = _check_key(public_folder, vkey)
    checks.append(check)
    if verifier is None:
        return summarise(checks, None)
    head, check = _check_head(public_folder, verifier)
    checks.append(check)
    if head is None:
        return summarise(checks, None)
    checks.append(_check_sizes(public_folder, head))
    statements, check = _check_batches(public_folder, verifier, head)
    checks.append(check)
    history, check = _check_history(public_folder, verifier, head, statements)
    checks.append(check)
    claims = Claims.gather(head, history, statements)
    try:
        checks += walk_tree(public_folder, head, claims)
    except FAULTS as error:
        checks.append(Check("tiles", ok=False, detail=f"The tiles cannot be read: {_tell(error)}"))
    checks.append(_check_partial_tiles(public_folder, head, history))
    checks.append(check_anchors(public_folder, head, statements))
    if private_folder is not None:
        checks += check_private_folder(private_folder, public_folder, verifier, head, statements)
    return summarise(checks, head)


def _check_files(public: Path) -> tuple[bool, Check]:
    """Whether the files can be read without harm, and whether they are a ledger's."""
    problems = []
    readable = public.is_dir()
    if not readable:
        problems.append(f"there is no folder {public}")
    for folder, folders, names in os.walk(public, onerror=None):
        for name in [*names, *folders]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            relative = path.relative_to(public).as_posix()
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                # A pipe would be read for ever, and a link leads out of the folder.
                readable = False
                problems.append(f"{relative} is neither a file nor a folder")
            elif stat.S_ISREG(mode) and not _is_known(relative):
                problems.append(f"{relative} is not a file of a ledger")
    check = conclude("files", problems, "The folder holds a ledger's files and nothing else.")
    return readable, check


def _tell(error: Exception) -> str:
    """What is wrong, without the number and the path that a message of the system has."""
    told = error.strerror if isinstance(error, OSError) else None
    return f"it cannot be read: {told}" if told else str(error)


def _is_known(relative: str) -> bool:
    folder, _, name = relative.partition("/")
    if folder == "checkpoints":
        return name.isascii() and name.isdigit() and str(int(name)) == name
    if folder in ("anchors", "receipts"):
        return re.fullmatch(r"(?:0|[1-9][0-9]*)\.json", name, re.ASCII) is not None
    if folder == "batches":
        return name.endswith(".json") and "/" not in name and not name.startswith(".")
    return relative in {"checkpoint", "vkey"} or parse_tile_path(relative) is not None


def _check_key(public: Path, vkey: str | None) -> tuple[Verifier | None, Check]:
    try:
        text = read_bounded(public / "vkey", MAX_NOTE_BYTES).decode()
        published = Verifier.parse(text.removesuffix("\n"))
        if text != published.vkey + "\n":
            raise LedgerError("It is not written as a key file.")
    except FAULTS as error:
        return None, Check("key", ok=False, detail=f"vkey: {_tell(error)}")
    try:
        verifier = Verifier.parse(vkey) if vkey is not None else published
    except LedgerError as error:
        return None, Check("key", ok=False, detail=f"The key that was given: {error}")
    if verifier != published:
        detail = f"vkey: it names the key {published.vkey}, not the one that was given."
        return None, Check("key", ok=False, detail=detail)
    caveat = (
        ""
        if vkey is not None
        else " The key lies beside the log: files that were all replaced together would pass."
    )
    return verifier, Check("key", ok=True, detail=f"The log is {verifier.vkey}.{caveat}")


def _check_head(public: Path, verifier: Verifier) -> tuple[Checkpoint | None, Check]:
    try:
        head = open_checkpoint(read_bounded(public / "checkpoint", MAX_NOTE_BYTES), verifier)
    except FAULTS as error:
        return None, Check("checkpoint", ok=False, detail=f"checkpoint: {_tell(error)}")
    return head, Check("checkpoint", ok=True, detail=f"The head of {head.size} leaves is signed.")


def _check_sizes(public: Path, head: Checkpoint) -> Check:
    """No file may speak of leaves that the head does not cover."""
    sizes = [int(path.name) for path in (public / "checkpoints").glob("*") if path.name.isdigit()]
    problems = [
        f"checkpoints/{size} is newer than checkpoint"
        for size in sorted(sizes, reverse=True)
        if size > head.size
    ]
    problems += [
        f"{relative} lies beyond the head of {head.size} leaves"
        for relative, (level, index, width) in _list_tiles(public)
        if width > tile_width(level, index, head.size)
    ]
    if problems:
        explanation = (
            "either checkpoint was put back to an older one, or an append was under way: "
            "open the ledger to finish it, and copy it again"
        )
        problems.insert(1, explanation)
    return conclude("rollback", problems, "No file is newer than the head.")


def _check_batches(
    public: Path, verifier: Verifier, head: Checkpoint
) -> tuple[list[BatchStatement], Check]:
    problems, statements = [], []
    for path in sorted((public / "batches").glob("*.json")):
        try:
            statement = open_batch(read_bounded(path, MAX_NOTE_BYTES), verifier)
        except FAULTS as error:
            problems.append(f"batches/{path.name}: {error}")
            continue
        if f"{statement.batch.batch_id}.json" != path.name:
            problems.append(f"batches/{path.name} is the file of {statement.batch.batch_id}")
        elif statement.batch.size > head.size:
            problems.append(f"batches/{path.name} lies beyond the head of {head.size} leaves")
        else:
            statements.append(statement)
    statements.sort(key=lambda statement: statement.batch.first_index)
    covered = 0
    for statement in statements:
        batch = statement.batch
        if batch.first_index != covered:
            problems.append(
                f"batches/{batch.batch_id}.json begins at leaf {batch.first_index}, "
                f"where {covered} is expected: a batch's file is missing or stands there twice"
            )
        covered = batch.size
    if covered != head.size:
        problems.append(f"no file in batches/ describes the leaves from {covered} to {head.size}")
    detail = f"{len(statements)} batches cover all {head.size} leaves, and each is signed."
    return statements, conclude("batches", problems, detail)


def _check_history(
    public: Path, verifier: Verifier, head: Checkpoint, statements: list[BatchStatement]
) -> tuple[dict[str, Checkpoint], Check]:
    problems, history = [], {}
    for path in sorted((public / "checkpoints").glob("*")):
        name = f"checkpoints/{path.name}"
        try:
            checkpoint = open_checkpoint(read_bounded(path, MAX_NOTE_BYTES), verifier)
        except FAULTS as error:
            problems.append(f"{name}: {error}")
            continue
        if str(checkpoint.size) != path.name:
            problems.append(f"{name} is the checkpoint of size {checkpoint.size}")
        else:
            history[name] = checkpoint
    expected = {0, head.size, *(statement.batch.size for statement in statements)}
    missing = expected - {checkpoint.size for checkpoint in history.values()}
    # A damaged file is named above already.
    problems += [
        f"checkpoints/{size} is missing"
        for size in sorted(missing)
        if not (public / "checkpoints" / str(size)).exists()
    ]
    detail = f"{len(history)} earlier and present heads are signed."
    return history, conclude("history", problems, detail)


def _check_partial_tiles(
    public: Path, head: Checkpoint, history: Mapping[str, Checkpoint]
) -> Check:
    """A partial tile that a wider one has overtaken has to be the beginning of it.

    One that an earlier head needs has to be there until its full tile is (tlog-tiles).
    """
    needed: set[str] = set()
    for checkpoint in history.values():
        needed |= _overtaken_tiles(checkpoint.size, head.size)
    problems = [f"{name} is missing" for name in sorted(needed) if not (public / name).exists()]
    count = 0
    for relative, (level, index, width) in _list_tiles(public):
        present = tile_width(level, index, head.size)
        if width >= present:
            continue
        count += 1
        try:
            data = read_bounded(public / relative, HASH_BYTES * TILE_WIDTH)
            hashes = read_tile(public, level, index, present)[:width]
            if data != b"".join(hashes):
                problems.append(f"{relative} is not the beginning of the tile")
        except FAULTS as error:
            problems.append(f"{relative}: {error}")
    return conclude("partial tiles", problems, f"{count} older partial tiles fit.")


def _overtaken_tiles(old_size: int, size: int) -> set[str]:
    """The partial tiles of an earlier head that are wider, but not full, at the present one."""
    names = set()
    for level in range(64 // _TILE_BITS):
        index, width = divmod(old_size >> (_TILE_BITS * level), TILE_WIDTH)
        if width and width < tile_width(level, index, size) < TILE_WIDTH:
            names.add(tile_path(level, index, width))
    return names


def _list_tiles(public: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Every file that is named as a tile, with its level, index and width."""
    for folder, folders, names in os.walk(public / "tile"):
        folders.sort()
        for name in sorted(names):
            relative = Path(folder, name).relative_to(public).as_posix()
            place = parse_tile_path(relative)
            if place is not None:
                yield relative, place

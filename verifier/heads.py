"""Whether the heads that several sources show are of one log, which only ever grew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from verifier.chain import Chain, Receipt
from verifier.note import Head, Key, Note
from verifier.report import CheckError, Checks, FileReport, Status

Link = tuple[Head, Head]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the person who verifies brings along: none of it comes from the files.

    Attributes:
        key: the log's key.
        kept: a checkpoint of earlier.
        chain: a node, and perhaps the contract's address.
        leaf: the leaf hash that a C2SP proof is about.
        owner_key: 32 bytes from which an owner's tags follow.
    """

    key: Key | None = None
    kept: Note | None = None
    chain: Chain | None = None
    leaf: bytes | None = None
    owner_key: bytes | None = None


@dataclass(slots=True)
class Examined:
    """What one file says once its own checks are made.

    Attributes:
        heads: the signed heads in it, the newest first.
        links: pairs of heads of which the second is shown to begin with the first.
        prefixes: of a folder, the roots over its first so many leaves.
    """

    file: str
    kind: str = "unknown"
    checks: Checks = field(default_factory=Checks)
    key: Key | None = None
    heads: list[Head] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    prefixes: dict[int, bytes] | None = None

    def report(self) -> FileReport:
        """What is said about it."""
        head = self.heads[0] if self.heads else Head(0, b"")
        return FileReport(self.file, self.kind, head.size, head.root.hex(), self.checks)


def choose_key(named: Key, trust: Trust, checks: Checks) -> Key:
    """The key that counts: the one that was given, which has to be the one in the file.

    Raises:
        CheckError: it is another.
    """
    if trust.key is None:
        checks.add(
            "key",
            f"The log is {named.name}. Its key comes from the file itself: without --key this "
            "proves only that the file agrees with itself.",
            Status.NOTE,
        )
    elif trust.key != named:
        raise CheckError(
            "key", f"The file is of the key {named.vkey}, which is not the one that was given."
        )
    else:
        checks.add("key", f"The log is {named.name}, with the key that was given.")
    return named


def compare_heads(files: Sequence[Examined], trust: Trust) -> None:
    """Add the checks ``fork``, ``history``, ``receipt`` and ``contract``."""
    links = [link for examined in files for link in examined.links]
    shown: dict[tuple[str, int], bytes] = {}
    for examined in files:
        if examined.key is None or not examined.heads:
            continue
        for head in examined.heads:
            if shown.setdefault((examined.key.vkey, head.size), head.root) != head.root:
                detail = (
                    f"Another file shows another root for the size {head.size}: the log was forked."
                )
                examined.checks.add("fork", detail, Status.FAILED)
        if trust.kept is not None:
            _compare_kept(examined, examined.key, trust.kept, links)
        if trust.chain is None:
            if examined.receipts:
                detail = "No receipt was looked up on a chain: give --rpc and --contract."
                examined.checks.add("receipt", detail, Status.NOTE)
            continue
        _compare_chain(examined, trust.chain, links)


def _compare_kept(examined: Examined, key: Key, kept: Note, links: Sequence[Link]) -> None:
    try:
        head = kept.check(key)
    except CheckError as fault:
        examined.checks.add("history", f"The checkpoint that was kept: {fault}", Status.FAILED)
        return
    _compare(examined, head, "history", "checkpoint that was kept", links)


def _compare_chain(examined: Examined, chain: Chain, links: Sequence[Link]) -> None:
    anchored = 0
    for receipt in examined.receipts:
        if examined.prefixes is not None and chain.contract not in (None, receipt.contract):
            # The whole folder is compared with the given contract; a log may have had others.
            detail = (
                f"The receipt of {receipt.size} leaves is of another contract, {receipt.contract}: "
                "it was not looked up."
            )
            examined.checks.add("receipt", detail, Status.NOTE)
            continue
        try:
            detail = chain.look_up(receipt)
        except CheckError as fault:
            examined.checks.blame(fault)
            continue
        if examined.prefixes is None and not _leads(examined.heads[0], receipt.head, links):
            detail += (
                f" Nothing here shows that the head of {examined.heads[0].size} leaves leads to "
                "it: give a consistency file between them as well."
            )
            examined.checks.add("receipt", detail, Status.UNCHECKED)
            continue
        examined.checks.add("receipt", detail)
        anchored = receipt.size
    address = chain.contract or next((r.contract for r in reversed(examined.receipts)), None)
    if address is None:
        detail = "No contract was asked: give --contract."
        examined.checks.add("contract", detail, Status.UNCHECKED)
        return
    try:
        head = chain.head(address)
    except CheckError as fault:
        examined.checks.blame(fault)
        return
    if head.size == 0:
        detail = "The contract holds no head yet: nothing here is anchored."
        examined.checks.add("contract", detail, Status.UNCHECKED)
    elif examined.prefixes is None and anchored and head.size > anchored:
        detail = f"The contract, which never forgets a head, has grown to {head.size} leaves."
        examined.checks.add("contract", detail)
    else:
        _compare(examined, head, "contract", "finalized head of the contract", links)


def _compare(examined: Examined, known: Head, name: str, what: str, links: Sequence[Link]) -> None:
    head, status = examined.heads[0], Status.FAILED
    for own in examined.heads:
        if own.size == known.size and own.root != known.root:
            detail = f"The {what} has another root for the size {known.size}: the log was forked."
            break
    else:
        if examined.prefixes is not None and known.size > head.size:
            detail = (
                f"The {what} has {known.size} leaves, and this folder only {head.size}: it was cut "
                "back, or is an old copy."
            )
        elif examined.prefixes is not None:
            fits = examined.prefixes.get(known.size) == known.root
            status = Status.OK if fits else Status.FAILED
            verb = "is" if fits else "is not"
            detail = f"The {what}, of {known.size} leaves, {verb} a beginning of this log."
        elif known.size == 0 or _leads(head, known, links):
            status = Status.OK
            detail = f"The {what}, of {known.size} leaves, is of the same log."
        else:
            status = Status.UNCHECKED
            detail = (
                f"Nothing here shows that the {what}, of {known.size} leaves, and the head of "
                f"{head.size} leaves are of one log: give a consistency file between them as well."
            )
    examined.checks.add(name, detail, status)


def _leads(one: Head, other: Head, links: Iterable[Link]) -> bool:
    """Whether the smaller head is shown to be a beginning of the larger."""
    start, goal = sorted((one, other), key=lambda head: head.size)
    links, reached, found = list(links), {start}, True
    while found and goal not in reached:
        found = False
        for old, new in links:
            if old in reached and new not in reached:
                reached.add(new)
                found = True
    return goal in reached

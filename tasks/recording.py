"""Making the records of a release while another process enters them.

Making a record of a verdict takes about as long as sealing and committing to it. Where a process is
free, it makes the records of one shard after another and hands them over; the process that enters
them makes those itself for which nobody is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, TypeAlias

from sqlalchemy import select

from models.consent.evidence.bodies import has_body
from models.judging import VerdictRecord, read_verdicts
from models.ledger.references import read_pseudonyms
from models.ledger.written import WrittenRecord
from models.releases.release import Release
from models.releases.usage import RECORDED, UsageRecorder
from models.store.tables import RulingRow
from tasks.order import Desk, open_desk

Link: TypeAlias = "Connection[Any, Any]"
"""One end, which another process holds the other of."""

_GONE = (EOFError, OSError)


def open_link() -> tuple[bytes, bytes]:
    """Two ends for two other processes: one that enters records, and one that makes them."""
    ends = Pipe()
    passed = tuple(bytes(ForkingPickler.dumps(end)) for end in ends)
    for end in ends:  # each process then sees when the other one is gone
        end.close()
    return passed[0], passed[1]


def take_end(end: bytes) -> Link:
    """One end of a link, in the process that it is for. Close it, so that the other end is told."""
    link: Link = ForkingPickler.loads(end)
    return link


def make_beside(
    order: str, release: Release, verdicts: Sequence[dict[str, Any]], end: bytes
) -> None:
    """Make the records that the process at the other end lacks, until it has all or is gone."""
    with take_end(end) as link:
        try:
            link.send(None)
            first = link.recv()
        except _GONE:
            return
        maker = RecordMaker(open_desk(order), release)
        for verdict in verdicts[first:]:
            records = maker.make(verdict)
            try:
                link.send(records)
            except _GONE:
                return


class RecordMaker:
    """Makes the records of a release, shard by shard.

    Raises:
        LedgerError: the key of pseudonyms is missing or damaged.
        StoreError: the database cannot be reached.
    """

    def __init__(self, desk: Desk, release: Release) -> None:
        self._workspace = desk.workspace
        self._recorder = UsageRecorder(
            release,
            desk.policy,
            _reviewers(desk),
            read_pseudonyms(desk.workspace / "ledger" / "private"),
            desk.order.as_of,
            lru_cache(maxsize=4096)(partial(has_body, desk.workspace)),
        )

    def make(self, verdict: dict[str, Any]) -> Iterable[WrittenRecord]:
        """The records of one shard, by its verdict record."""
        rows = read_verdicts(self._workspace, VerdictRecord(**verdict), RECORDED)
        return self._recorder.record(rows)

    def make_all(
        self, verdicts: Sequence[dict[str, Any]], link: Link | None
    ) -> Iterator[WrittenRecord]:
        """The records of all shards in their order: made here, or by ``make_beside``.

        Args:
            link: to a process that makes them; None without one.
        """
        left = list(reversed(verdicts))
        while left:
            if link is not None and link.poll():
                yield from _receive(link, left, len(verdicts))
                link = None
            else:
                yield from self.make(left.pop())


def _receive(link: Link, left: list[dict[str, Any]], count: int) -> Iterator[WrittenRecord]:
    """What the other process makes: of each shard that is left, the last one first.

    Those for which it is gone, for whatever reason, stay: whoever makes them meets that reason.
    """
    try:
        link.recv()
        link.send(count - len(left))
        while left:
            records = link.recv()
            left.pop()
            yield from records
    except _GONE:
        return


def _reviewers(desk: Desk) -> dict[str, str]:
    query = select(RulingRow.id, RulingRow.reviewer).where(RulingRow.dataset == desk.order.dataset)
    with desk.database.snapshot() as session:
        return {row.id: row.reviewer for row in session.execute(query)}

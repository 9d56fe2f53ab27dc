"""Pieces of lists of tags in which nothing is found, so that they need not be looked at again.

Tags repeat from caption to caption. Where every piece of a list is known to be quiet, the whole
list is told by one set operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_MOST_REMEMBERED = 1 << 17
_LONGEST_REMEMBERED = 100


class QuietPieces:
    """Remembers which pieces are quiet. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._quiet: set[str] = set()
        self._others: set[str] = set()

    def are_quiet(self, pieces: Sequence[str], is_quiet: Callable[[str], bool]) -> bool:
        """Whether every piece is quiet.

        Args:
            pieces: parts of one text.
            is_quiet: tells it of a piece that is new.
        """
        quiet, others = self._quiet, self._others
        if quiet.issuperset(pieces):
            return True
        if not others.isdisjoint(pieces):
            return False
        for piece in pieces:
            if piece in quiet:
                continue
            if len(piece) > _LONGEST_REMEMBERED:
                return False
            if len(quiet) + len(others) >= _MOST_REMEMBERED:
                self._quiet, self._others = set(), set()
                quiet, others = self._quiet, self._others
            if not is_quiet(piece):
                others.add(piece)
                return False
            quiet.add(piece)
        return True

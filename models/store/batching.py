"""Cutting what is asked of a database into as much as one statement may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")


def cut_batches(things: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Things in their order, at most ``size`` at a time."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch

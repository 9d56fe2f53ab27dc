"""Keeping Python's recursion limit while a library is loaded that raises it.

``py_ecc``, which comes with eth-account and web3, sets it to 100,000 for the whole process. A
deeply nested JSON file of a stranger then overruns the stack and ends the process, where it should
be refused as an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keeping_recursion_limit() -> Iterator[None]:
    """Put the limit back to what it was at the beginning of the block."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)

"""Deep nesting: refused before a parser that recurses can meet it.

``py_ecc``, which comes with eth-account and web3, sets Python's recursion limit to 100,000 for the
whole process. A deeply nested JSON file of a stranger then overruns the stack and ends the process,
where it should be refused as an error. So the limit is kept where such libraries are loaded, and
strangers' JSON is measured before it is parsed.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# A string that never ends runs to the end of the text, so that no position is tried twice.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))


def is_nested_deeper(text: str | bytes, levels: int) -> bool:
    """Whether a JSON text nests arrays and objects deeper than so many levels, in linear time."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    depth = 0
    for bracket in _leave_strings_out(data).translate(None, _OTHERS):
        depth += 1 if bracket in b"[{" else -1
        if depth > levels:
            return True
    return False


def _leave_strings_out(data: bytes) -> bytes:
    if b'\\"' not in data:
        # No quote is escaped: every other piece between quotes is outside strings. Files of proofs
        # are thousands of hashes, and are passed over ten times as fast so.
        return b"".join(data.split(b'"')[::2])
    return _STRING.sub(b"", data)


# One thread at a time: a second one would take the raised limit for the one to keep.
_LOCK = threading.RLock()


@contextmanager
def keeping_recursion_limit() -> Iterator[None]:
    """Put the limit back to what it was at the beginning of the block."""
    with _LOCK:
        limit = sys.getrecursionlimit()
        try:
            yield
        finally:
            sys.setrecursionlimit(limit)

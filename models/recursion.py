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
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)|[\[\]{}]', re.DOTALL)


def is_nested_deeper(text: str, levels: int) -> bool:
    """Whether a JSON text nests arrays and objects deeper than so many levels, in linear time."""
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[0] in ("[", "{"):
            depth += 1
            if depth > levels:
                return True
        elif match[0] in ("]", "}"):
            depth -= 1
    return False


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

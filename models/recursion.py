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

_PLAIN_BRACKET = re.compile(r"[\[\]{}]")


def is_nested_deeper(text: str, levels: int) -> bool:
    """Whether a JSON text nests arrays and objects deeper than so many levels, in linear time."""
    depth = 0
    for found in _find_brackets(text):
        if found in ("[", "{"):
            depth += 1
            if depth > levels:
                return True
        elif found in ("]", "}"):
            depth -= 1
    return False


def _find_brackets(text: str) -> Iterator[str]:
    """The brackets outside strings, and strings."""
    if '\\"' not in text:
        # No quote is escaped: every other piece between quotes is outside strings. Files of proofs
        # are thousands of hashes, and are passed over ten times as fast so.
        return (match[0] for match in _PLAIN_BRACKET.finditer("".join(text.split('"')[::2])))
    return (match[0] for match in _BRACKET.finditer(text))


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

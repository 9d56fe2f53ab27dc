"""Path patterns with ``*`` and ``$``, as in robots.txt (RFC 9309, sections 2.2.2 and 2.2.3).

TDMRep's ``location`` and RSL's ``url`` use them alike.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ASCII = "".join(chr(code) for code in range(33, 127))
_MAX_URL = 16_384
_AUTHORITY = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.\-]{0,30}:)?//([^/?#]*)")


def path_with_query(url: str) -> str:
    """Path and query of a URL, percent-normalised, as patterns are matched against.

    Raises:
        ValueError: it is not a URL, or one of more than 16,384 characters.
    """
    path, query = _split(url)
    return _literal(f"{path}?{query}" if query else path)


def path_only(url: str) -> str:
    """Path of a URL without its query, percent-normalised.

    Raises:
        ValueError: it is not a URL, or one of more than 16,384 characters.
    """
    return _literal(_split(url)[0])


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches the start of a normalised path, or all of it where it ends in $.

    The time it takes grows with the two lengths only: pieces between stars are sought once, from
    left to right.
    """
    text = _normalise(pattern)
    anchored = text.endswith("$")
    first, *rest = text.removesuffix("$").replace("$", "%24").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    if not rest:
        return not anchored or len(path) == position
    last = rest.pop() if anchored else ""
    for piece in rest:
        found = path.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return path.endswith(last) and len(path) - len(last) >= position


def is_path_pattern(text: str) -> bool:
    """Whether a text is a pattern in the spelling that the standards give."""
    return text.startswith(("/", "*")) and not text.startswith("//") and text == text.strip()


def is_strange(text: str) -> bool:
    """Whether a text is neither a pattern nor an address, so that it may be meant for anything."""
    text = text.strip()
    return not text.startswith(("/", "*")) and not host_in(text)


def loosen_pattern(text: str) -> str:
    """The pattern that somebody meant who wrote a whole address, or left the first slash out."""
    text = _AUTHORITY.sub("", text, count=1).strip()
    return text if text.startswith(("/", "*")) else f"/{text}"


def host_in(text: str) -> str:
    """The host that a pattern names, in lower case; empty where it is a path."""
    found = _AUTHORITY.match(text)
    if found is None:
        return ""
    return found[1].rpartition("@")[2].partition(":")[0].strip().lower()


def _split(url: str) -> tuple[str, str]:
    if len(url) > _MAX_URL:
        raise ValueError(f"a URL of {len(url):,} characters is not matched")
    parts = urlsplit(url)
    return parts.path or "/", parts.query


def _literal(path: str) -> str:
    return _normalise(path).replace("$", "%24").replace("*", "%2A")


def _normalise(text: str) -> str:
    """One spelling: unreserved characters as they are, everything else in upper-case escapes."""

    def replace(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16))
        return char if char in _UNRESERVED else f"%{found[1].upper()}"

    return _ESCAPE.sub(replace, quote(text, safe=_ASCII, errors="replace"))

"""Which rule covers an asset's path: wildcards and the longest match of RFC 9309, section 2.2.2."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from protego import Protego

from models.consent.web.robots_groups import Field, Rule

NO_MATCH = -1
_QUOTES = "\"'`<>\\"
_SLASHES = re.compile(r"/{2,}")
_BETWEEN = re.compile(r"\s+|\\[rn]")  # what may stand between patterns, a written-out "\n" too


def path_of(url: str) -> str | None:
    """Path and query of a URL as rules see them; None where the URL cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    path += f"?{parts.query}" if parts.query else ""
    return path.encode("utf-8", "replace").decode("utf-8")


class PathMatcher:
    """Matches patterns against one path; every pattern is looked at once.

    Args:
        url: the URL that rules are to be matched against. Every refusal covers one that cannot be
            read or that stands for an unknown address (``.invalid``).
        also: further paths that a refusal may mean, such as the path with the extension that the
            file's type would have.
        ignore_case: a refusal in another case is meant too.
    """

    def __init__(self, url: str, also: Sequence[str] = (), *, ignore_case: bool = False) -> None:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            host = ""
        self._host = host
        # Records that do not keep an address give a placeholder (RFC 2606: never a real host).
        self._path = None if host.endswith(".invalid") else path_of(url)
        self._ignore_case = ignore_case
        self._also = tuple(path.lower() if ignore_case else path for path in also)
        self._lengths: dict[tuple[str, bool], int] = {}

    def refusal_length(self, value: str) -> int:
        """The length of a refusing pattern that covers the path, or ``NO_MATCH``.

        A pattern without its slash, an absolute URL and several patterns on one line are
        understood as meant.
        """
        if not value:
            return NO_MATCH
        key = (value, True)
        if key not in self._lengths:
            self._lengths[key] = max(
                map(self._refuse, self._refusing_patterns(value)), default=NO_MATCH
            )
        return self._lengths[key]

    def permission_length(self, value: str) -> int:
        """The length of a permitting pattern that covers the path, or ``NO_MATCH``."""
        if self._path is None or not value.startswith(("/", "*")):
            return NO_MATCH
        key = (value, False)
        if key not in self._lengths:
            self._lengths[key] = len(value) if _covers(value, self._path) else NO_MATCH
        return self._lengths[key]

    def longest(self, rules: Iterable[Rule]) -> tuple[int, int]:
        """The longest ``Disallow`` and the longest ``Allow`` that cover the path."""
        disallow = allow = NO_MATCH
        for rule in rules:
            if rule.field is Field.DISALLOW:
                disallow = max(disallow, self.refusal_length(rule.value))
            elif rule.field is Field.ALLOW and rule.proper:
                allow = max(allow, self.permission_length(rule.value))
        return disallow, allow

    def _refuse(self, pattern: str) -> int:
        if self._path is None:
            return len(pattern)
        path = self._path
        if self._ignore_case:
            pattern, path = pattern.lower(), path.lower()
        # Servers take "//img" for "/img".
        paths = dict.fromkeys((path, _SLASHES.sub("/", path), *self._also))
        return len(pattern) if any(_covers(pattern, path) for path in paths) else NO_MATCH

    def _refusing_patterns(self, value: str) -> list[str]:
        if not value.isascii():
            plain = unicodedata.normalize("NFKC", value)
            value = "".join(c for c in plain if unicodedata.category(c) != "Cf").strip()
        parts = (part.strip(_QUOTES) for part in _BETWEEN.split(value))
        patterns = dict.fromkeys((value, *parts))
        return [self._as_meant(pattern) for pattern in patterns if pattern]

    def _as_meant(self, pattern: str) -> str:
        if pattern.startswith(("/", "*")):
            return pattern
        if pattern[:3].lower() == "%2f":
            return f"/{pattern[3:]}"
        if pattern.startswith("."):
            return f"*{pattern}"
        if pattern.lower().startswith(("http://", "https://")):
            try:
                parts = urlsplit(pattern)
            except ValueError:
                return pattern
            if (parts.hostname or "") == self._host:
                return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return pattern
        return f"/{pattern}"


def split_path(value: str) -> tuple[str, str]:
    """The path and the rest of ``[path] expression``; the path is "" where none is given."""
    first, _, rest = value.replace("\t", " ").partition(" ")
    if first.startswith("/") or (first.startswith("*") and "=" not in first):
        return first, rest.strip()
    return "", value


def _covers(pattern: str, path: str) -> bool:
    rules = Protego.parse(f"User-agent: *\nDisallow: {pattern}\n")
    return not rules.can_fetch(f"http://a{path}", "a")

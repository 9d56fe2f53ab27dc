"""An HTTP cache on disk, so that gathering again costs a site nothing it has not changed.

Every entry and every body carries its digest: what is damaged is as if it were not there. Several
threads and processes may share a folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.canonical import canonical_json, digest_bytes, digest_lines
from models.fetching.exchange import Exchange, Exchanger, Headers, Hop, Request
from models.fetching.fetched import Failure
from models.fetching.freshness import find_lifetime, may_store
from models.files import write_atomically

_VERSION = "kiyome-http-cache/1"
# A 304 does not speak of these (RFC 9111 3.2): they describe the stored body.
_KEPT_ON_304 = frozenset(
    {"content-length", "content-encoding", "content-range", "content-type", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class CacheRules:
    """How long answers are used again.

    Attributes:
        max_age_seconds: at most, whatever the response says: statements from the web are believed
            for a day.
        unstated_seconds: where the response does not say.
    """

    max_age_seconds: int = 86_400
    unstated_seconds: int = 3_600


class Cache(Exchanger):
    """Answers from the folder what is fresh there, and asks again, if it can by ETag, what is not.

    Only answers that can be used are kept, and the certainty that nothing is there (404, 410).
    """

    def __init__(
        self,
        inner: Exchanger,
        folder: Path,
        rules: CacheRules | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            inner: asks the server.
            folder: where answers are kept; made if it is missing.
            rules: how long.
            now: UTC seconds.

        Raises:
            OSError: the folder cannot be made.
        """
        self._inner = inner
        self._rules = rules or CacheRules()
        self._entries = folder / "entries"
        self._bodies = folder / "bodies"
        self._now = now
        self._entries.mkdir(parents=True, exist_ok=True)
        self._bodies.mkdir(parents=True, exist_ok=True)

    def answer(self, request: Request) -> Exchange:
        """The stored answer while it is fresh, else the server's."""
        if request.method != "GET" or request.etag or request.last_modified:
            return self._inner.answer(request)
        stored = self._find(request)
        if stored is None:
            return self._ask(request)
        if self._is_fresh(stored):
            return _limit(stored, request)
        etag = (stored.values("etag") or [""])[-1]
        modified = (stored.values("last-modified") or [""])[-1]
        if stored.hops or stored.failure is not None or not (etag or modified):
            return self._ask(request)
        found = self._inner.answer(replace(request, etag=etag, last_modified=modified))
        if found.status != 304 or found.failure is not None:
            self._keep(request, found)
            return found
        renewed = replace(
            stored, headers=_update(stored.headers, found.headers), fetched_at=found.fetched_at
        )
        self._keep(request, renewed)
        return _limit(renewed, request)

    def prune(self, older_than_seconds: int) -> int:
        """Remove entries that were last written longer ago, and bodies that nobody names.

        Returns:
            How many entries went.
        """
        limit = self._now() - older_than_seconds
        gone = 0
        named: set[str] = set()
        for path in self._entries.glob("*.json"):
            try:
                if path.stat().st_mtime < limit:
                    path.unlink()
                    gone += 1
                    continue
            except OSError:
                continue
            entry = _read_entry(path)
            named.add(str(entry.get("body")) if entry else "")
        for path in self._bodies.iterdir():
            try:
                if path.name not in named and path.stat().st_mtime < limit:
                    path.unlink()
            except OSError:
                continue
        return gone

    def _ask(self, request: Request) -> Exchange:
        found = self._inner.answer(request)
        self._keep(request, found)
        return found

    def _is_fresh(self, stored: Exchange) -> bool:
        age = self._now() - stored.fetched_at
        parts = [stored.headers, *(hop.headers for hop in stored.hops)]
        lifetime = min(
            find_lifetime(part, stored.fetched_at, unstated=self._rules.unstated_seconds)
            for part in parts
        )
        return 0 <= age < min(lifetime, self._rules.max_age_seconds)

    def _path(self, request: Request, *, whole: bool) -> Path:
        name = digest_lines([_VERSION, request.url, request.accept, "whole" if whole else "head"])
        return self._entries / f"{name}.json"

    def _find(self, request: Request) -> Exchange | None:
        """What is stored for a request, or None if there is nothing sound."""
        found = self._read(self._path(request, whole=True), request)
        if found is None and not request.want_body:
            found = self._read(self._path(request, whole=False), request)
        return found if found is None or request.want_body else replace(found, body=None)

    def _read(self, path: Path, request: Request) -> Exchange | None:
        entry = _read_entry(path)
        if entry is None or (entry["url"], entry["accept"]) != (request.url, request.accept):
            return None
        body = None
        if entry["body"] is not None:
            try:
                body = (self._bodies / entry["body"]).read_bytes()
            except OSError:
                return None
            if digest_bytes(body) != entry["body"]:
                return None
        hops = [Hop(hop["url"], hop["status"], _tuples(hop["headers"])) for hop in entry["hops"]]
        return Exchange(
            url=request.url,
            final_url=entry["final_url"],
            fetched_at=entry["fetched_at"],
            status=entry["status"],
            headers=_tuples(entry["headers"]),
            body=body,
            hops=tuple(hops),
            failure=Failure(entry["failure"]) if entry["failure"] else None,
            detail=entry["detail"],
        )

    def _keep(self, request: Request, found: Exchange) -> None:
        """Store an answer, or remove the stored one that it has overtaken."""
        if found.status is None:
            return  # nothing was said, so nothing is overtaken
        whole = request.want_body
        path = self._path(request, whole=whole)
        usable = found.failure in (None, Failure.ABSENT) and (found.body is not None or not whole)
        parts = [found.headers, *(hop.headers for hop in found.hops)]
        try:
            if not usable or not all(may_store(part) for part in parts):
                path.unlink(missing_ok=True)
                return
            digest = None
            if whole and found.body is not None:
                digest = digest_bytes(found.body)
                self._keep_body(digest, found.body)
            entry = {
                "url": request.url,
                "accept": request.accept,
                "final_url": found.final_url,
                "fetched_at": found.fetched_at,
                "status": found.status,
                "headers": [list(line) for line in found.headers],
                "body": digest,
                "hops": [
                    {
                        "url": h.url,
                        "status": h.status,
                        "headers": [list(line) for line in h.headers],
                    }
                    for h in found.hops
                ],
                "failure": str(found.failure) if found.failure else None,
                "detail": found.detail,
            }
            text = canonical_json(entry)
            write_atomically(path, digest_bytes(text).encode() + b"\n" + text)
        except OSError:
            # A full disk makes gathering slower, not wrong.
            return

    def _keep_body(self, digest: str, body: bytes) -> None:
        path = self._bodies / digest
        try:
            if digest_bytes(path.read_bytes()) == digest:
                path.touch()  # so that prune, in another process, leaves it
                return
        except OSError:
            pass
        write_atomically(path, body)


def _read_entry(path: Path) -> dict[str, Any] | None:
    """An entry that is as it was written, or None."""
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest_bytes(text).encode() != digest:
        return None
    entry: dict[str, Any] = json.loads(text)
    return entry


def _tuples(lines: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in lines)


def _limit(stored: Exchange, request: Request) -> Exchange:
    """A stored answer, held to the request's own limit."""
    if stored.body is None or request.max_bytes is None or len(stored.body) <= request.max_bytes:
        return stored
    partial = stored.body[: request.max_bytes]
    if stored.failure is not None:
        return replace(stored, body=None, partial=partial)
    words = "its body is too large"
    return replace(stored, body=None, partial=partial, failure=Failure.TOO_LARGE, detail=words)


def _update(stored: Headers, fresh: Headers) -> Headers:
    """Stored headers, with those that a 304 names replaced by what it says (RFC 9111 3.2)."""
    fresh = tuple((name, value) for name, value in fresh if name not in _KEPT_ON_304)
    named = {name for name, _ in fresh}
    return (*((name, value) for name, value in stored if name not in named), *fresh)

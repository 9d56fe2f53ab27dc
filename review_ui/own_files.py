"""Our own style, scripts and icon, under an address that changes with what they hold.

The page of one item asks for ten of them. Under a name that never changes a browser would have to
ask for each of them, with each page, whether it is still the same: more work than the page itself.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
MOUNT = "/static"
_LINK = f'"{MOUNT}/'
_VERSION = re.compile(r"[0-9a-f]{16}")
_YEAR = 365 * 24 * 60 * 60


@cache
def read_version() -> str:
    """A digest of all the files, as they are when the page is started."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(FOLDER).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]


class OwnFiles(StaticFiles):
    """The files, below any version or none.

    What is asked for under the version of now is kept by browsers. Under another one, which a page
    from before an upgrade names, or under none, they ask each time whether it is still the same.
    """

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One of our files."""
        version, _, rest = path.partition("/")
        versioned = bool(rest) and _VERSION.fullmatch(version) is not None
        response = await super().get_response(rest if versioned else path, scope)
        current = versioned and version == read_version()
        kept = f"public, max-age={_YEAR}, immutable" if current else "no-cache"
        response.headers["Cache-Control"] = kept
        return response


class VersionedLinks(Extension):
    """Puts the version into the links of a template, once, when the template is compiled."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._link = f"{_LINK}{read_version()}/"

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The template with links to the files as they are now."""
        del name, filename
        return source.replace(_LINK, self._link)

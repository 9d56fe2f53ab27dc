"""Who a browser is: its cookie, and the token that every form of its session carries.

With accounts the cookie holds a token of a session on the server (``models.accounts.sessions``).
Before signing in, and as long as there are no accounts, it holds a signed visitor.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import tempfile
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer

from models.accounts.records import Account
from models.accounts.roles import NAME_ALONE, PERMISSIONS, Permission, managed_roles
from models.errors import WorkspaceError

SESSION_COOKIE = "kiyome_session"
SESSION_SECONDS = 12 * 60 * 60
BEGAN_SECONDS = 10 * 60
MAX_BODY = 64 * 1024
UPLOAD_PATHS = frozenset({"/motifs/add", "/requests/new/motif", "/requests/takedown"})
MAX_UPLOAD = 64 * 1024**2
"""Bytes of all files together that one form may upload, at ``UPLOAD_PATHS`` only."""

MAX_NAME = 64
_SECRET_FILE = "review-session.secret"  # noqa: S105  (a file's name)
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose a request is.

    Attributes:
        reviewer: the name that stands on record; "" before signing in.
        nonce: drawn anew at each sign-in; the CSRF token is derived from it.
        account: the account that they signed in to; None with a name alone.
        session_id: the session on the server; "" without an account.
    """

    reviewer: str
    nonce: str
    account: Account | None = None
    session_id: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do."""
        if not self.reviewer:
            return frozenset()
        return self.account.permissions if self.account else PERMISSIONS[NAME_ALONE]

    @property
    def shown_name(self) -> str:
        """What they are called on the page."""
        return self.account.display_name if self.account else self.reviewer

    @property
    def home(self) -> str:
        """The first page that they may look at."""
        if Permission.SEE_ITEMS in self.permissions or not self.reviewer:
            return "/"
        if Permission.SEE_OWN_WORKS in self.permissions:
            return "/works"
        return "/audit" if Permission.READ_AUDIT in self.permissions else "/account"

    @property
    def looks_after_accounts(self) -> bool:
        """Whether there are accounts that they may make or change."""
        return bool(managed_roles(self.permissions))

    def may(self, permission: str) -> bool:
        """Whether they may do one thing; templates ask this."""
        return Permission(permission) in self.permissions


class ProviderError(Exception):
    """A provider does not answer, or what came back is not to be believed; the log says why."""


@dataclass(frozen=True, slots=True)
class Began:
    """What a browser keeps, signed, between leaving for an OpenID provider and coming back."""

    state: str
    nonce: str
    verifier: str
    next: str


class Sessions:
    """Signs and reads session cookies, and the CSRF tokens that belong to them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._serializer = URLSafeTimedSerializer(secret, salt="kiyome.review.session")
        self._begun = URLSafeTimedSerializer(secret, salt="kiyome.review.provider")

    @property
    def golden_key(self) -> bytes:
        """The secret that decides which place in a reviewer's queue is golden."""
        return hmac.new(self._secret, b"kiyome.review.golden", "sha256").digest()

    @property
    def picture_key(self) -> bytes:
        """The secret that signs links to pictures."""
        return hmac.new(self._secret, b"kiyome.review.pictures", "sha256").digest()

    def begin(self, reviewer: str = "") -> Visitor:
        """A session that did not exist before."""
        return Visitor(reviewer, secrets.token_hex(16))

    def write(self, visitor: Visitor) -> str:
        """The cookie's value, for a visitor without an account."""
        said = {"reviewer": visitor.reviewer, "nonce": visitor.nonce}
        return str(self._serializer.dumps(said))

    def read(self, cookie: str | None) -> Visitor | None:
        """The visitor that a cookie proves, or None where it proves nothing."""
        if not cookie:
            return None
        try:
            said = self._serializer.loads(cookie, max_age=SESSION_SECONDS)
            return Visitor(said["reviewer"], said["nonce"])
        except (BadData, TypeError, KeyError):
            return None

    def write_began(self, began: Began) -> str:
        """What a browser keeps of a sign-in at a provider."""
        return str(self._begun.dumps(asdict(began)))

    def read_began(self, cookie: str) -> Began | None:
        """What a browser kept, or None where it proves nothing or is too old."""
        try:
            return Began(**self._begun.loads(cookie, max_age=BEGAN_SECONDS))
        except (BadData, TypeError):
            return None

    def csrf_token(self, visitor: Visitor) -> str:
        """The token that every form of this session carries."""
        return hmac.digest(self._secret, b"csrf " + visitor.nonce.encode(), "sha256").hex()

    def accepts(self, visitor: Visitor, token: str) -> bool:
        """Whether a submitted token is this session's."""
        return hmac.compare_digest(self.csrf_token(visitor).encode(), token.encode())


def load_secret(workspace: Path) -> bytes:
    """The key that signs sessions; made at the first start, readable by its owner only.

    Raises:
        WorkspaceError: it cannot be made or read, is damaged, or others may read it.
    """
    path = workspace / _SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        if path.stat().st_mode & 0o077:
            raise WorkspaceError(
                f"Others may read {path}, which signs the sessions of reviewers.",
                "Delete it: a new one is made, and everybody signs in again.",
            )
        secret = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"The session key {path} cannot be used: {error.strerror or error}.",
            "Make the workspace readable and writable for the user who runs Kiyome.",
        ) from error
    if len(secret) < _SECRET_BYTES:
        raise WorkspaceError(
            f"The session key {path} is damaged.",
            "Delete it: a new one is made, and everybody signs in again.",
        )
    return secret


def _make_secret(path: Path) -> None:
    """Written whole under another name and then linked, so that two starts agree on one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".review-session.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(name)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def clean_name(given: str) -> str | None:
    """A reviewer's name as it is recorded, or None where it cannot be one."""
    name = unicodedata.normalize("NFC", " ".join(given.split()))
    return name if 0 < len(name) <= MAX_NAME and name.isprintable() else None


def local_path(given: str) -> str:
    """A path of this site to go back to, or the queue where ``given`` is anything else."""
    return given if re.fullmatch(r"/(?![/\\])[\w\-./?=&%+]{0,500}", given, re.ASCII) else "/"

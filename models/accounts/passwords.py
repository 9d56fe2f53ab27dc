"""How passwords are kept: argon2id, with the second recommended setting of RFC 9106, section 4."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from models.errors import AccountError

SHORTEST, LONGEST = 12, 256
"""Characters of a password. NIST SP 800-63B asks for length, and for no rules of composition."""

_FEWEST_DIFFERENT = 5
_HASHER = PasswordHasher(
    time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)
# One hash takes 64 MiB: this many at a time, however many people sign in at once.
_SLOTS = threading.BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """A password as it is kept: salted, with its parameters.

    Raises:
        AccountError: it is too short, too long, or too plain.
    """
    require_good(password)
    with _SLOTS:
        return _HASHER.hash(_normalise(password))


def check_password(kept: str | None, given: str) -> bool:
    """Whether this is the password.

    It takes the same time where nothing is kept: nobody can tell by a clock which names exist.
    """
    with _SLOTS:
        # Made whether it is needed or not, or the first unknown name would take twice as long.
        of_nobody = _hash_of_nobody(_HASHER)
        wanted = kept or of_nobody
        try:
            right = _HASHER.verify(wanted, _normalise(given[: 4 * LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
    return right and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a password was kept with other parameters than those in force."""
    try:
        return _HASHER.check_needs_rehash(kept)
    except InvalidHashError:
        return True


def rehash(password: str) -> str:
    """A password that was right, kept anew; it may be one that today's rules would refuse."""
    with _SLOTS:
        return _HASHER.hash(_normalise(password))


def require_good(password: str) -> None:
    """Refuse a password that can be guessed.

    Raises:
        AccountError: it is too short, too long, or too plain.
    """
    normalised = _normalise(password)
    if not SHORTEST <= len(normalised) <= LONGEST:
        raise AccountError(
            f"A password has {SHORTEST} to {LONGEST} characters.",
            "Take a few words that have nothing to do with each other.",
        )
    if len(set(normalised.casefold())) < _FEWEST_DIFFERENT:
        raise AccountError(
            "This password repeats the same few characters.",
            "Take a few words that have nothing to do with each other.",
        )


def _normalise(password: str) -> str:
    """The same keys give the same password on every keyboard (NFKC, as in SP 800-63B)."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """A hash with the parameters of a hasher: with others it would take another time."""
    return hasher.hash(secrets.token_hex(16))

"""Signatures by which a receiver knows who sent what it got (Standard Webhooks 1.0).

The signed text is ``id.timestamp.body``; the signature is ``v1,`` and the base64 of its
HMAC-SHA256. A secret is ``whsec_`` and the base64 of 32 random bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from models.errors import WebhookError

PREFIX = "whsec_"
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 5 * 60
"""How far a timestamp may be off before a receiver should refuse it."""

_SHORTEST, _LONGEST = 24, 64


def make_secret() -> str:
    """A new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def read_key(secret: str) -> bytes:
    """The key that a secret stands for.

    Raises:
        WebhookError: it is no secret; the message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refuse_secret() from error
    if not secret.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise _refuse_secret()
    return key


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header.

    Args:
        timestamp: UTC seconds of this attempt.
    """
    text = f"{event_id}.{timestamp}.".encode() + body
    made = hmac.new(read_key(secret), text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a delivery is genuine and not older than ``TOLERANCE_SECONDS``: what receivers do.

    Args:
        headers: names in lower case.
        now: UTC seconds.
    """
    event_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    wanted = sign(secret, event_id, int(timestamp), body).encode()
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace").split(b" ")
    return any(hmac.compare_digest(wanted, each) for each in given)


def _refuse_secret() -> WebhookError:
    return WebhookError(
        "This is no secret of a webhook.",
        f"A secret is {PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} bytes; "
        "leave it away to have one made.",
    )

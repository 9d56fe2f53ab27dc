"""How Kiyome introduces itself."""

from __future__ import annotations

import re
from importlib import metadata

from models.errors import SettingsError

PRODUCT = "Kiyome"

_CONTACT = re.compile(r"[\x21-\x27\x2a-\x7e]{1,200}\Z")


def make_user_agent(contact: str = "") -> str:
    """``Kiyome/<version> (+contact)``: who asks, and whom to tell if it is a nuisance.

    Args:
        contact: a URL or an e-mail address.

    Raises:
        SettingsError: ``contact`` cannot stand in a header.
    """
    if contact and not _CONTACT.match(contact):
        raise SettingsError(
            f"{contact[:60]!r} cannot be used as a contact.",
            "Write a URL or an e-mail address, without spaces.",
        )
    product = f"{PRODUCT}/{metadata.version('kiyome')}"
    return f"{product} (+{contact})" if contact else product

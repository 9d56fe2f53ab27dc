"""Licence documents: whether a constrained value's condition is met.

A constrained grant points at a document. Its condition is met only where that very document was
fetched and hashed, and two people have accepted the document with that hash in the policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.consent.terms import AcceptedLicense, ConsentPolicy

_FETCHABLE = re.compile(r"(?:https?|ipfs|ar|data):", re.IGNORECASE)
_IPFS = re.compile(r"(?:ipfs:(?://)?)?(?:/?ipfs/)?(.+)", re.IGNORECASE | re.DOTALL)
_BARE_CID = re.compile(r"(?:Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{50,}|z[1-9A-HJ-NP-Za-km-z]{40,})")


def accepted_license(
    statement: Statement, purpose: Purpose, policy: ConsentPolicy
) -> AcceptedLicense | None:
    """The accepted licence that meets the condition of a statement for one purpose, or None."""
    if not (statement.license_ref and statement.license_sha256):
        return None
    wanted = name_document(statement.license_ref)
    return next(
        (
            accepted
            for accepted in policy.license
            if purpose in accepted.purposes
            and accepted.sha256 == statement.license_sha256
            and name_document(accepted.document) == wanted
        ),
        None,
    )


def name_document(reference: str) -> str:
    """One spelling for the address of a document, so that equal addresses compare equal.

    ``ipfs://CID``, ``/ipfs/CID`` and a bare CID name the same; nothing else is unified.
    """
    text = reference.strip()
    match = _IPFS.fullmatch(text)
    if match and _BARE_CID.match(match[1]):
        return "ipfs://" + unquote(match[1]).rstrip("/")
    return text


def documents_to_fetch(statements: Iterable[Statement]) -> set[str]:
    """The addresses of the licence documents that constrained statements point at."""
    return {
        name
        for statement in statements
        if statement.license_ref and Preference.CONSTRAINED in statement.preferences.values()
        if _FETCHABLE.match(name := name_document(statement.license_ref))
    }

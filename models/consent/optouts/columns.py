"""Which column of a list is which, in the spellings that lists have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a column holds."""

    SHA256 = "sha256"
    HASH = "hash"  # a file's hash of a kind that only its length tells
    CID = "cid"
    URL = "url"
    DOMAIN = "domain"
    PDQ = "pdq"
    ISCC = "iscc"
    ANY = "any"  # a name of whatever kind its spelling shows
    PURPOSES = "purposes"
    STATUS = "status"
    REASON = "reason"
    SOURCE = "source"
    DATE = "date"
    HOLDER = "holder"
    UNUSABLE = "unusable"  # a fingerprint that cannot be compared safely


_SPELLINGS: dict[Role, str] = {
    Role.SHA256: "sha256 sha256hash sha256sum sha256hex filesha256 imagesha256 sha2256 assetid",
    Role.HASH: "hash filehash contenthash digest checksum",
    Role.CID: "cid ipfscid assetcid ipfs ipfshash nid",
    Role.URL: "url urls imageurl imgurl imageurls link href src contenturl mediaurl asseturl "
    "fileurl sourceurl originalurl uri imageuri",
    Role.DOMAIN: "domain domains host hosts hostname site website domainname",
    Role.PDQ: "pdq pdqhash pdqhex",
    Role.ISCC: "iscc iscccode",
    Role.ANY: "asset subject identifier value entry item work",
    Role.PURPOSES: "purpose purposes refused refuses use uses refuseduses",
    Role.STATUS: "status preference optstatus choice decision optoutstatus",
    Role.REASON: "reason note notes comment remark",
    Role.SOURCE: "source origin listedby registry",
    Role.DATE: "date added dateadded addedat optedoutat optoutdate created createdat timestamp "
    "updatedat",
    Role.HOLDER: "holder owner rightsholder rightholder artist creator author claimant",
    Role.UNUSABLE: "md5 md5hash md5sum sha1 sha1hash sha512 phash dhash ahash whash imagehash "
    "perceptualhash blockhash photodna colorhash",
}
_ROLES = {word: role for role, words in _SPELLINGS.items() for word in words.split()}

NAMING = frozenset(
    {
        Role.SHA256,
        Role.HASH,
        Role.CID,
        Role.URL,
        Role.DOMAIN,
        Role.PDQ,
        Role.ISCC,
        Role.ANY,
    }
)
"""Columns that name what is spoken of."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read.

    Attributes:
        roles: the role of each column by its place; columns of no known kind are left out.
        unusable: names of columns with fingerprints that cannot be compared.
        unknown: names of columns of no known kind.
    """

    roles: tuple[tuple[int, Role], ...]
    unusable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def name_something(self) -> bool:
        """Whether any column names what is spoken of."""
        return any(role in NAMING for _, role in self.roles)


ONE_NAME = Columns(((0, Role.ANY),))
"""A list without a header: one name a line."""


def role_of(header: str) -> Role | None:
    """What a column of this name holds; None where the name is not known."""
    return _ROLES.get(re.sub(r"[^a-z0-9]", "", header[:80].casefold()))


def recognise_columns(header: Sequence[str]) -> Columns:
    """What each column of a header holds."""
    roles = [(index, name, role_of(name)) for index, name in enumerate(header)]
    return Columns(
        tuple((i, role) for i, _, role in roles if role not in (None, Role.UNUSABLE) and role),
        tuple(name for _, name, role in roles if role is Role.UNUSABLE),
        tuple(name for _, name, role in roles if role is None and name.strip()),
    )

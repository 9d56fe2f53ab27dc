"""What a commit (ERC-7053) says: its text, and the asset tree that the text names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from models.consent.chain.abi import keccak
from models.consent.chain.naming import locate_in_ipfs
from models.consent.chain.sources import is_address
from models.consent.eip7517 import PREFERENCE_KEYS, parse_token_json
from models.consent.ipfs.cid import Cid, CidError, parse_cid
from models.consent.reading_json import MalformedJsonError, Pairs, loose_text, read_json, walk
from models.consent.signed.recovery import SignatureError, recover_address
from models.consent.statements import Condition, Statement
from models.consent.uris import scheme_of

_TREE_KEY = "assettreecid"
_MAX_ADDRESS = 2048


@dataclass(frozen=True, slots=True)
class CommitData:
    """The text of one commit.

    Attributes:
        statement: what it says in place; None where it says nothing about mining.
        tree: the address of the file that says the rest, or "".
        required: the text calls that file its asset tree: it has to be JSON.
        signature: ``assetTreeSignature``, as it stands there.
    """

    statement: Statement | None = None
    tree: str = ""
    required: bool = False
    signature: str = ""


def read_commit_data(text: bytes, source: str, asset: Cid) -> CommitData:
    """Read the text of a commit: JSON, the CID of a file, or free text.

    Args:
        text: the event's ``commitData``.
        source: where it stood, for a reader.
        asset: the CID that is committed to.
    """
    statement = read_preference(text, source, required=False)
    try:
        document = read_json(text)
    except MalformedJsonError:
        document = loose_text(text)
    if isinstance(document, str):
        address = _address_of_file(document, asset)
        return CommitData(tree=address) if address else CommitData(statement)
    named = {
        value if isinstance(value, str) else ""
        for node in walk(document)
        for key, value in node
        if key.replace("_", "").casefold() == _TREE_KEY and value
    }
    if not isinstance(document, Pairs) or not named:
        return CommitData(statement)
    address = _address_of_file(named.pop(), asset) if len(named) == 1 else ""
    if not address:
        note = "the CID of its asset tree cannot be read"
        broken = statement or Statement("", source)
        statement = replace(broken, condition=Condition.MALFORMED, notes=(*broken.notes, note))
    signatures = [v for v in document.all("assetTreeSignature") if isinstance(v, str)]
    signature = signatures[0] if len(signatures) == 1 else ""
    return CommitData(statement, address, bool(address), signature)


def read_preference(data: bytes, source: str, *, required: bool) -> Statement | None:
    """The statement in a text or a file.

    A text that is no JSON says nothing, unless a refusal can be made out in it, it looks like
    JSON that broke, or ``required`` asks for JSON.
    """
    statement = parse_token_json(data, source)
    if statement is None or statement.condition is Condition.SOUND:
        return statement
    if required or statement.preferences or _looks_broken(data):
        return statement
    return None


def find_creator(tree: bytes, signature: str, asset: Cid) -> tuple[str, str]:
    """The creator's wallet that signed an asset tree about this asset, and else why there is none.

    The tree names ``creatorWallet`` and ``assetCid``; the signature is over the SHA-256 of the
    tree's bytes as text (EIP-191). Returns the address in lower case, or "" and a note.
    """
    try:
        document = read_json(tree)
    except MalformedJsonError as error:
        return "", f"the asset tree: {error}"
    wallets, cids = _strings(document, "creatorWallet"), _strings(document, "assetCid")
    if len(wallets) != 1 or not is_address(wallets[0]):
        return "", "the asset tree does not name one creatorWallet"
    if len(cids) != 1 or _parse(cids[0]) != asset:
        return "", "the asset tree is about another asset"
    try:
        signed = bytes.fromhex(signature.strip().removeprefix("0x"))
    except ValueError:
        return "", "its assetTreeSignature is not hexadecimal"
    if not signed:
        return "", "there is no assetTreeSignature"
    digest = hashlib.sha256(tree)
    wallet = wallets[0].lower()
    for message in (
        digest.hexdigest().encode(),
        b"0x" + digest.hexdigest().encode(),
        digest.digest(),
    ):
        prefix = b"\x19Ethereum Signed Message:\n%d" % len(message)
        try:
            if recover_address(keccak(prefix + message), signed) == wallet:
                return wallet, ""
        except SignatureError as error:
            return "", f"its assetTreeSignature cannot be used: {error.problem}"
    return "", "its assetTreeSignature is not that of the asset tree's creatorWallet"


def _address_of_file(value: str, asset: Cid) -> str:
    """The address in a value that is nothing else; "" where it is something else."""
    text = value.strip()
    if text[:5].lower() == "data:":
        return text
    if len(text) > _MAX_ADDRESS or len(text.split()) != 1:
        return ""
    located = locate_in_ipfs(text)
    if located is None and scheme_of(text) in ("http", "https", "ar"):
        return text
    if located is None or (located[0] == asset and not located[1]):
        return ""
    return f"ipfs://{located[0].canonical}{located[1]}"


def _looks_broken(data: bytes) -> bool:
    text = loose_text(data).lstrip("\ufeff \t\r\n")
    plain = text.replace("_", "").casefold()
    return text[:1] in ("{", "[") or any(key.casefold() in plain for key in PREFERENCE_KEYS)


def _strings(document: Any, key: str) -> list[str]:
    values = document.all(key) if isinstance(document, Pairs) else []
    return [value if isinstance(value, str) else "" for value in values]


def _parse(text: str) -> Cid | None:
    try:
        return parse_cid(text.strip())
    except CidError:
        return None

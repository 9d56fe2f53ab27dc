"""The message that a wallet signs to prove whose it is (EIP-4361, "Sign-In with Ethereum").

Source: https://eips.ethereum.org/EIPS/eip-4361, "Message Format". Written and read in one form:
without scheme, ``not-before``, request id and resources, and with times in whole seconds of UTC.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from models.errors import AccountError

VERSION = "1"
MAX_CHAIN_ID = 2**53 - 1

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
# What RFC 3986 lets stand in an authority and in a URI, without white space and the like.
_DOMAIN = r"[A-Za-z0-9.\-:\[\]]{1,255}"
_URI = r"https?://[A-Za-z0-9.\-:\[\]/_~%]{1,512}"
_STATEMENT = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]{1,512}"
_SECOND = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_MESSAGE = re.compile(
    rf"(?P<domain>{_DOMAIN}) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
    rf"(?P<statement>{_STATEMENT})\n"
    r"\n"
    rf"URI: (?P<uri>{_URI})\n"
    rf"Version: {VERSION}\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,15})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    rf"Issued At: (?P<issued_at>{_SECOND})\n"
    rf"Expiration Time: (?P<expires_at>{_SECOND})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class WalletMessage:
    """What a wallet is asked to sign.

    Attributes:
        domain: host, and port where there is one, of the page that asks.
        address: of the wallet, in lower case; the text shows it with its checksum (EIP-55).
        statement: what for, in ASCII.
        uri: the address on the page that it is for.
        chain_id: the chain on which a contract wallet answers for its signatures.
        nonce: 8 to 64 letters and digits that nobody can guess.
        issued_at, expires_at: UTC seconds since 1970.
    """

    domain: str
    address: str
    statement: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: int
    expires_at: int


def draw_nonce() -> str:
    """A nonce of 128 random bits."""
    return secrets.token_hex(16)


def write_message(message: WalletMessage) -> str:
    """The text of a message.

    Raises:
        AccountError: a field holds something that may not stand there.
    """
    from eth_utils.address import to_checksum_address

    if not (0 <= message.issued_at < message.expires_at <= _LAST_SECOND):
        raise _refuse()
    try:
        shown = to_checksum_address(message.address)
    except ValueError as error:
        raise _refuse() from error
    text = (
        f"{message.domain} wants you to sign in with your Ethereum account:\n"
        f"{shown}\n\n{message.statement}\n\n"
        f"URI: {message.uri}\n"
        f"Version: {VERSION}\n"
        f"Chain ID: {message.chain_id}\n"
        f"Nonce: {message.nonce}\n"
        f"Issued At: {_show_time(message.issued_at)}\n"
        f"Expiration Time: {_show_time(message.expires_at)}"
    )
    if parse_message(text) != message:
        raise _refuse()
    return text


def parse_message(text: str) -> WalletMessage:
    """Read what ``write_message`` wrote: any other text is refused, however close it comes.

    Raises:
        AccountError: it is not exactly such a message.
    """
    from eth_utils.address import is_checksum_address

    match = _MESSAGE.fullmatch(text)
    if match is None or not is_checksum_address(match["address"]):
        raise _refuse()
    chain_id = int(match["chain_id"])
    issued_at, expires_at = _read_time(match["issued_at"]), _read_time(match["expires_at"])
    if chain_id > MAX_CHAIN_ID or issued_at >= expires_at:
        raise _refuse()
    return WalletMessage(
        domain=match["domain"],
        address=match["address"].lower(),
        statement=match["statement"],
        uri=match["uri"],
        chain_id=chain_id,
        nonce=match["nonce"],
        issued_at=issued_at,
        expires_at=expires_at,
    )


def digest_message(text: str) -> bytes:
    """The 32 bytes that ``personal_sign`` signs (EIP-191, version 0x45)."""
    from eth_hash.auto import keccak

    data = text.encode()
    digest: bytes = keccak(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)
    return digest


def _show_time(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.year:04}{moment.strftime(_TIME[2:])}"


def _read_time(text: str) -> int:
    try:
        return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise _refuse() from error


def _refuse() -> AccountError:
    return AccountError(
        "This is not a message that a wallet signs to sign in here.", "Ask for a new one."
    )

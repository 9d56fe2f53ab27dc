"""Multibase: bytes as text whose first character names the alphabet.

Only the alphabets in which CIDs are found. Where an alphabet has one case, either case is read, as
go-multibase does: host names lose their case on the way.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"

_DIGITS58 = {char: value for value, char in enumerate(BASE58)}
_DIGITS36 = {char: value for value, char in enumerate(BASE36)}


def encode_base58(data: bytes) -> str:
    """``data`` in base58btc, without a prefix."""
    return _encode_positional(data, BASE58)


def decode_base58(text: str) -> bytes:
    """The bytes of base58btc text without a prefix.

    Raises:
        ValueError: a character is not in the alphabet.
    """
    return _decode_positional(text, _DIGITS58)


def encode_multibase(data: bytes, prefix: str) -> str:
    """``data`` with a prefix out of ``b B k z f``.

    Raises:
        KeyError: nothing is written in this alphabet.
    """
    return prefix + _ENCODERS[prefix](data)


def decode_multibase(text: str) -> bytes:
    """The bytes of multibase text. The time it takes grows with the square of its length.

    Raises:
        ValueError: the alphabet is not known, or the text is not in it.
    """
    prefix, rest = text[:1], text[1:]
    decode = _DECODERS.get(prefix)
    if decode is None:
        raise ValueError(f"no alphabet that is known here has the prefix {prefix!r}")
    if not rest.isascii():
        raise ValueError("it holds a character that is not in its alphabet")
    try:
        return decode(rest)
    except binascii.Error as error:
        raise ValueError("it is not in its alphabet") from error


def _encode_positional(data: bytes, alphabet: str) -> str:
    base = len(alphabet)
    number = int.from_bytes(data, "big")
    out = []
    while number:
        number, digit = divmod(number, base)
        out.append(alphabet[digit])
    out.append(alphabet[0] * (len(data) - len(data.lstrip(b"\0"))))
    return "".join(reversed(out))


def _decode_positional(text: str, digits: dict[str, int]) -> bytes:
    base = len(digits)
    number = 0
    zeros = 0
    for char in text:
        digit = digits.get(char)
        if digit is None:
            raise ValueError("it holds a character that is not in its alphabet")
        if number == 0 and digit == 0:
            zeros += 1
        number = number * base + digit
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encode_base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _decode_base32(text: str) -> bytes:
    text = text.upper()
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    if base64.b32encode(data).decode().rstrip("=") != text:
        raise ValueError("its last character holds bits that belong to no byte")
    return data


def _decode_base32_padded(text: str) -> bytes:
    return _decode_base32(text.rstrip("="))


def _decode_base32hex(text: str) -> bytes:
    text = text.upper()
    data = base64.b32hexdecode(text + "=" * (-len(text) % 8))
    if base64.b32hexencode(data).decode().rstrip("=") != text:
        raise ValueError("its last character holds bits that belong to no byte")
    return data


def _decode_base64(text: str) -> bytes:
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if base64.b64encode(data).decode().rstrip("=") != text:
        raise ValueError("its last character holds bits that belong to no byte")
    return data


def _decode_base36(text: str) -> bytes:
    return _decode_positional(text.lower(), _DIGITS36)


_ENCODERS: dict[str, Callable[[bytes], str]] = {
    "b": _encode_base32,
    "B": lambda data: _encode_base32(data).upper(),
    "f": bytes.hex,
    "k": lambda data: _encode_positional(data, BASE36),
    "z": encode_base58,
}
_DECODERS: dict[str, Callable[[str], bytes]] = {
    "b": _decode_base32,
    "B": _decode_base32,
    "c": _decode_base32_padded,
    "C": _decode_base32_padded,
    "v": _decode_base32hex,
    "V": _decode_base32hex,
    "f": binascii.unhexlify,
    "F": binascii.unhexlify,
    "k": _decode_base36,
    "K": _decode_base36,
    "z": decode_base58,
    "m": _decode_base64,
    "M": _decode_base64,
    "u": _decode_base64,
    "U": _decode_base64,
}

"""The few shapes of the contract ABI that are asked for and answered here.

Answers come from contracts that anybody may have written: every offset and length is checked
against the bytes that are there.
"""

from __future__ import annotations

from functools import cache

_WORD = 32
MAX_BYTES = 4 * 1024**2  # one string; a metadata document inside a URI stays far below
MAX_ITEMS = 100_000  # one array


class AbiError(ValueError):
    """The bytes are not what the signature promises."""


def keccak(data: bytes) -> bytes:
    """Keccak-256."""
    from eth_hash.auto import keccak as hash_bytes  # its backend is slow to load

    return hash_bytes(data)


@cache
def selector(signature: str) -> bytes:
    """The four bytes that call a function: ``selector("owner()")``."""
    return keccak(signature.encode())[:4]


@cache
def topic(signature: str) -> str:
    """The first topic of an event, ``0x`` and 64 hex digits."""
    return "0x" + keccak(signature.encode()).hex()


def encode_call(signature: str, *arguments: int | str | bytes) -> bytes:
    """Call data with static arguments: an int, an address (``0x…``), or up to 32 bytes, left."""
    return selector(signature) + b"".join(encode_word(argument) for argument in arguments)


def encode_word(value: int | str | bytes) -> bytes:
    """One argument in 32 bytes."""
    if isinstance(value, int):
        return value.to_bytes(_WORD, "big")
    if isinstance(value, str):
        return bytes.fromhex(value[2:]).rjust(_WORD, b"\0")
    return value.ljust(_WORD, b"\0")


def read_uint(data: bytes, index: int = 0) -> int:
    """The unsigned number in word ``index``.

    Raises:
        AbiError: the data end before it.
    """
    start = index * _WORD
    if len(data) < start + _WORD:
        raise AbiError(f"the answer has {len(data)} bytes, too few for its type")
    return int.from_bytes(data[start : start + _WORD], "big")


def read_bool(data: bytes, index: int = 0) -> bool:
    """The truth value in word ``index``.

    Raises:
        AbiError: it is neither 0 nor 1.
    """
    value = read_uint(data, index)
    if value > 1:
        raise AbiError("the answer is neither true nor false")
    return value == 1


def read_address(data: bytes, index: int = 0) -> str:
    """The address in word ``index``, in lower case.

    Raises:
        AbiError: the word holds more than an address.
    """
    value = read_uint(data, index)
    if value >> 160:
        raise AbiError("the answer is not an address")
    return f"0x{value:040x}"


def read_bytes(data: bytes, index: int = 0) -> bytes:
    """The byte string that word ``index`` points at.

    Raises:
        AbiError: it lies outside of the data, or is longer than ``MAX_BYTES``.
    """
    start, length = _locate(data, index)
    if length > MAX_BYTES:
        raise AbiError(f"the string has more than {MAX_BYTES:,} bytes")
    if len(data) < start + length:
        raise AbiError("the string ends after the answer does")
    return data[start : start + length]


def read_uints(data: bytes, index: int = 0) -> tuple[int, ...]:
    """The array of numbers that word ``index`` points at.

    Raises:
        AbiError: it lies outside of the data, or has more than ``MAX_ITEMS`` items.
    """
    start, length = _locate(data, index)
    if length > MAX_ITEMS or len(data) < start + length * _WORD:
        raise AbiError("the array ends after the answer does")
    return tuple(
        int.from_bytes(data[at : at + _WORD], "big")
        for at in range(start, start + length * _WORD, _WORD)
    )


def _locate(data: bytes, index: int) -> tuple[int, int]:
    """Where a dynamic value's content starts, and its length."""
    offset = read_uint(data, index)
    if offset > len(data) - _WORD:
        raise AbiError("the string starts after the answer ends")
    return offset + _WORD, int.from_bytes(data[offset : offset + _WORD], "big")

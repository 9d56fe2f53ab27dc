"""EIP-712: hashing of typed structured data.

Covers what a consent statement needs: atomic types, ``string``, ``bytes`` and structs. Arrays are
refused, since no statement holds one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from eth_hash.auto import keccak

from models.errors import KiyomeError

Types = Mapping[str, Sequence[tuple[str, str]]]
"""The fields of each struct as (name, type), in the order in which they are hashed."""

DOMAIN = "EIP712Domain"

_INTEGER = re.compile(r"(u?)int(\d{1,3})")
_FIXED_BYTES = re.compile(r"bytes(\d{1,2})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class TypedDataError(KiyomeError):
    """A value is not of the type that its struct gives."""


def hash_typed_data(
    types: Types, primary: str, domain: Mapping[str, Any], message: Mapping[str, Any]
) -> bytes:
    """The 32 bytes that are signed: keccak-256 of ``0x1901``, domain separator and struct hash.

    Args:
        types: every struct, among them ``EIP712Domain``.
        primary: the struct of ``message``.
        domain: the values of ``EIP712Domain``.
        message: the values of ``primary``.

    Raises:
        TypedDataError: a value is missing or is not of its type.
    """
    return keccak(
        b"\x19\x01" + hash_struct(types, DOMAIN, domain) + hash_struct(types, primary, message)
    )


def hash_struct(types: Types, name: str, value: Mapping[str, Any]) -> bytes:
    """``hashStruct`` of EIP-712: keccak-256 of the type's hash and the encoded values.

    Raises:
        TypedDataError: a value is missing or is not of its type.
    """
    parts = [keccak(encode_type(types, name).encode("ascii"))]
    for field_name, kind in types[name]:
        if field_name not in value:
            raise TypedDataError(f"{name} has no {field_name}.", "Give every field of the struct.")
        parts.append(_encode_value(types, kind, value[field_name], f"{name}.{field_name}"))
    return keccak(b"".join(parts))


def encode_type(types: Types, name: str) -> str:
    """``encodeType`` of EIP-712: the struct, then those that it refers to, by name.

    Raises:
        TypedDataError: there is no such struct.
    """
    needed: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in types:
            raise TypedDataError(f"There is no struct {current!r}.", "Describe it in the types.")
        if current not in needed:
            needed.append(current)
            waiting += [kind for _, kind in types[current] if kind in types]
    ordered = [name, *sorted(needed[1:])]
    return "".join(
        f"{each}({','.join(f'{kind} {field_name}' for field_name, kind in types[each])})"
        for each in ordered
    )


def _encode_value(types: Types, kind: str, value: Any, where: str) -> bytes:
    if kind in types and isinstance(value, Mapping):
        return hash_struct(types, kind, value)
    if kind == "string" and isinstance(value, str):
        return keccak(_utf8(value, where))
    if kind == "bytes" and isinstance(value, bytes):
        return keccak(value)
    if kind == "bool" and isinstance(value, bool):
        return int(value).to_bytes(32, "big")
    if kind == "address" and isinstance(value, str) and _ADDRESS.fullmatch(value):
        return bytes.fromhex(value[2:]).rjust(32, b"\0")
    if (match := _FIXED_BYTES.fullmatch(kind)) and isinstance(value, bytes):
        if len(value) == int(match[1]) and 1 <= len(value) <= 32:
            return value.ljust(32, b"\0")
    elif (match := _INTEGER.fullmatch(kind)) and type(value) is int:
        return _encode_integer(value, int(match[2]), match[1] == "", where)
    raise TypedDataError(f"{where} is not a value of the type {kind}.", "Give one that is.")


def _encode_integer(value: int, bits: int, signed: bool, where: str) -> bytes:
    low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if signed else (0, 1 << bits)
    if bits % 8 or not 8 <= bits <= 256 or not low <= value < high:
        raise TypedDataError(f"{where} does not fit into {bits} bits.", "Give a smaller number.")
    return value.to_bytes(32, "big", signed=signed)


def _utf8(text: str, where: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TypedDataError(f"{where} is not valid Unicode.", "Mend the text.") from error

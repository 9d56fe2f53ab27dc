"""Reading what an owner names, and writing what was made: never over a file by accident."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

force_option = click.option("--force", is_flag=True, help="Overwrite what is there.")


def require_free(path: Path, *, force: bool) -> None:
    """Refuse to overwrite, before anything is asked or made.

    Raises:
        KiyomeError: the file exists, or there is no such folder.
    """
    from models.errors import KiyomeError

    if path.is_dir():
        raise KiyomeError(f"{path} is a folder.", "Name a file with --to.")
    if os.path.lexists(path) and not force:
        raise KiyomeError(
            f"{path} exists and is left as it is.", "Name another file, or give --force."
        )
    if not path.absolute().parent.is_dir():
        raise KiyomeError(f"There is no folder {path.parent}.", "Make it, or name another.")


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        KiyomeError: it cannot be read.
    """
    from models.errors import KiyomeError

    try:
        return path.read_bytes()
    except OSError as error:
        raise KiyomeError(
            f"{path} cannot be read: {error.strerror or error}.", "Check its path and mode."
        ) from error


def put_file(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Write a file whole or not at all; a secret one for its owner's eyes only.

    Raises:
        KiyomeError: it cannot be written.
    """
    from models.errors import KiyomeError
    from models.files import write_atomically

    try:
        if secret:
            write_atomically(path, data, 0o600)
        else:
            write_atomically(path, data)
    except OSError as error:
        raise KiyomeError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the folder writable.",
        ) from error


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object that can be relied on: no key twice, nothing that JSON does not know.

    Raises:
        KiyomeError: it is not one.
    """
    from models.consent.reading_json import MalformedJsonError, Pairs, read_json
    from models.consent.signed.parsing import is_safely_parsed
    from models.errors import KiyomeError

    remedy = "Write it with `kiyome declare write`, or mend it."
    data = read_file(path)
    try:
        root = read_json(data) if is_safely_parsed(data) else None
    except MalformedJsonError as error:
        raise KiyomeError(f"{path} is not JSON that can be relied on: {error}.", remedy) from error
    plain = _plain(root, path) if isinstance(root, Pairs) else None
    if not isinstance(plain, dict):
        raise KiyomeError(f"{path} does not hold a JSON object.", remedy)
    return plain


def _plain(value: Any, path: Path) -> Any:
    from models.consent.reading_json import Pairs, printable
    from models.errors import KiyomeError

    if isinstance(value, Pairs):
        fields = {key: _plain(item, path) for key, item in value}
        if len(fields) != len(value):
            twice = next(key for key, _ in value if len(value.all(key)) > 1)
            raise KiyomeError(
                f"{printable(twice, 60)!r} stands more than once in {path}.", "Keep one of them."
            )
        return fields
    if isinstance(value, list):
        return [_plain(item, path) for item in value]
    return value

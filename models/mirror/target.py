"""The place that releases are mirrored to: an fsspec URL, written so that readers see whole things.

On object storage such as S3 an object appears whole or not at all. Where the URL names a folder of
this machine, files are written beside their place and renamed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fsspec

from models.errors import ReleaseError, SettingsError
from models.failpoints import reach
from models.files import write_atomically

FORMAT: Final = 1
IDENTITY: Final = "kiyome.json"
_CHUNK = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class Target:
    """An fsspec URL, opened.

    Attributes:
        url: as the settings name it.
        system: the fsspec file system.
        root: the path in it.
    """

    url: str
    system: Any
    root: str

    def read(self, name: str) -> bytes | None:
        """The content of an object, or None where there is none.

        Raises:
            ReleaseError: the storage does not answer, or refuses.
        """
        with self._telling("read", name):
            # What a listing said before is not asked: another process may have written since.
            self.system.invalidate_cache()
            try:
                return bytes(self.system.cat_file(f"{self.root}/{name}"))
            except FileNotFoundError:
                return None

    def read_json(self, name: str) -> dict[str, Any] | None:
        """An object of JSON, or None where there is none.

        Raises:
            ReleaseError: it is damaged, or the storage does not answer.
        """
        data = self.read(name)
        if data is None:
            return None
        try:
            value = json.loads(data)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ReleaseError(
                f"The object {name} in {self.url} is not what `kiyome releases push` writes.",
                "Look at what wrote it; delete it, and push again.",
            )
        return value

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every object below a folder, by its name from there on.

        Raises:
            ReleaseError: the storage does not answer, or refuses.
        """
        prefix = f"{self.root}/{folder}/"
        with self._telling("list", folder):
            self.system.invalidate_cache()
            try:
                found = self.system.find(prefix, detail=True)
            except FileNotFoundError:
                return {}
        sizes = {}
        for path, info in found.items():
            # Some file systems name paths with a leading slash, and some without.
            name = path.lstrip("/").removeprefix(prefix.lstrip("/"))
            sizes[name] = int(info["size"])
        return sizes

    def write(self, name: str, data: bytes) -> None:
        """Write an object; a reader sees the old content or the new, whole.

        Raises:
            ReleaseError: it cannot be written.
        """
        with self._telling("write", name):
            if self._is_local:
                path = Path(self.root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, data)
            else:
                self.system.pipe_file(f"{self.root}/{name}", data)
        reach("mirror-written")

    def upload(self, name: str, file: Path) -> None:
        """Write a file's content as an object, without holding it in memory.

        Raises:
            ReleaseError: it cannot be written, or the file cannot be read.
        """
        with self._telling("write", name):
            if self._is_local:
                (Path(self.root) / name).parent.mkdir(parents=True, exist_ok=True)
            self.system.put_file(str(file), f"{self.root}/{name}")
        reach("mirror-written")

    def digest(self, name: str) -> str | None:
        """SHA-256 of an object, or None where there is none.

        Raises:
            ReleaseError: the storage does not answer, or refuses.
        """
        with self._telling("read", name):
            self.system.invalidate_cache()
            try:
                with self.system.open(f"{self.root}/{name}", "rb") as file:
                    digest = hashlib.sha256()
                    while part := file.read(_CHUNK):
                        digest.update(part)
                    return digest.hexdigest()
            except FileNotFoundError:
                return None

    @property
    def _is_local(self) -> bool:
        protocol = self.system.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    @contextmanager
    def _telling(self, verb: str, name: str) -> Iterator[None]:
        try:
            yield
        except ReleaseError:
            raise
        except Exception as error:  # every fsspec backend has exceptions of its own
            said = str(error).strip().splitlines()
            detail = f"{type(error).__name__}: {said[0][:200]}" if said else type(error).__name__
            raise ReleaseError(
                f"The object {name} in {self.url} could not be {_DONE[verb]} ({detail}).",
                "See to the storage and its credentials, then run `kiyome releases push`: what is "
                "there already is not sent again.",
            ) from error


_DONE = {"read": "read", "list": "listed", "write": "written"}
_PACKAGES = {
    "s3": ("s3fs", "s3fs"),
    "s3a": ("s3fs", "s3fs"),
    "gs": ("gcsfs", "gcsfs"),
    "gcs": ("gcsfs", "gcsfs"),
    "az": ("adlfs", "adlfs"),
    "abfs": ("adlfs", "adlfs"),
}


def open_target(url: str) -> Target:
    """Open the place that a URL names; nothing is written yet.

    Credentials are those of the environment (for S3 ``AWS_*`` or a profile) or of fsspec's own
    configuration: the URL holds none.

    Raises:
        SettingsError: no installed file system knows such a URL.
    """
    scheme = url.partition("://")[0]
    module, package = _PACKAGES.get(scheme, ("fsspec", "fsspec"))
    if importlib.util.find_spec(module) is None:
        raise SettingsError(
            f"The release_target {url} needs the package {package}, which is not installed.",
            "Install it with `pip install 'kiyome[s3]'`."
            if package == "s3fs"
            else f"Install it with `pip install {package}`.",
        )
    try:
        system, root = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError, OSError) as error:
        raise SettingsError(
            f"The release_target {url} cannot be opened: {error}.",
            "Give a URL such as s3://bucket/folder or file:///mnt/folder.",
        ) from error
    return Target(url, system, str(root).rstrip("/"))


def claim_target(target: Target, vkey: str) -> None:
    """Make sure that the place belongs to this ledger; an empty one does from now on.

    Raises:
        ReleaseError: it holds the releases of another.
    """
    known = target.read_json(IDENTITY)
    if known is None:
        said = {"format": FORMAT, "ledger": vkey}
        target.write(IDENTITY, json.dumps(said, indent=1, sort_keys=True).encode() + b"\n")
        return
    if known.get("ledger") != vkey or known.get("format") != FORMAT:
        raise ReleaseError(
            f"{target.url} holds the releases of another workspace: its ledger's key is "
            f"{known.get('ledger')}.",
            "Give every workspace a release_target of its own.",
        )

"""Shards: ordered batches of assets, cut by content so that a change touches only its surroundings.

A shard ends after an asset when it has half of ``size`` and the first 32 bits of the asset's id are
a multiple of half of ``size``, or when it has twice ``size``. Cuts depend on the assets near them
and on nothing else: after an insertion or a removal, the next ordinary cut falls where it fell
before, and every shard beyond it keeps its digest and its finished stages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.assets.asset import Asset, Caption, Fault, Location
from models.canonical import digest_lines
from models.errors import WorkspaceError
from models.files import write_atomically
from models.parquet import read_parquet
from models.reasons import Reason

_PLACE = pa.struct(
    [
        ("name", pa.binary()),
        ("uri", pa.binary()),
        ("size", pa.int64()),
        ("offset", pa.int64()),
        ("digest", pa.string()),
    ]
)
# Text is stored as bytes: a caption out of JSON may hold a lone surrogate, which a Parquet string,
# being UTF-8, cannot express. "surrogatepass" writes it as its own three bytes and reads it back.
_SCHEMA = pa.schema(
    [
        ("asset_id", pa.string()),
        ("locations", pa.list_(_PLACE)),
        (
            "captions",
            pa.list_(
                pa.struct(
                    [("text", pa.binary()), ("source", pa.binary()), ("location", pa.int32())]
                )
            ),
        ),
        ("sidecars", pa.list_(_PLACE)),
        ("fault_code", pa.string()),
        ("fault_detail", pa.binary()),
    ]
)
_SEAL = b"kiyome.seal"
_REMEDY = "Delete the file and run again: the scan writes it anew."

# A flipped bit in the footer can give a column another type, hence the wide net.
_UNREADABLE = (
    OSError,
    pa.ArrowException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)


@dataclass(frozen=True, slots=True)
class Shard:
    """An ordered batch of assets.

    Attributes:
        digest: SHA-256 over the ids, names, captions, sidecars and faults of its assets.
        assets: its assets, in dataset order.
    """

    digest: str
    assets: tuple[Asset, ...]


def make_shard(assets: Iterable[Asset]) -> Shard:
    """The shard of these assets."""
    members = tuple(assets)
    return Shard(digest_lines(asset.identity for asset in members), members)


def cut_shards(assets: Sequence[Asset], size: int) -> tuple[Shard, ...]:
    """Cut a dataset into shards of about ``size`` assets.

    Args:
        assets: the assets, in dataset order.
        size: how many a shard has on average; it has at most twice as many, and all but the last
            at least half as many.

    Raises:
        ValueError: ``size`` is less than 1.
    """
    if size < 1:
        raise ValueError("a shard has at least one asset")
    shards: list[Shard] = []
    begin = 0
    half = max(1, size // 2)
    for end, asset in enumerate(assets, 1):
        length = end - begin
        is_cut = length >= size / 2 and int(asset.asset_id[:8], 16) % half == 0
        if is_cut or length == 2 * size:
            shards.append(make_shard(assets[begin:end]))
            begin = end
    if begin < len(assets):
        shards.append(make_shard(assets[begin:]))
    return tuple(shards)


def write_shard(folder: Path, shard: Shard) -> Path:
    """Write a shard as Parquet, under its digest. The same shard gives the same bytes.

    A file that is there and holds just this, every digest verified, is left alone: reading one
    takes a fraction of writing it.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    path = folder / f"{shard.digest}.parquet"
    if _holds(path, shard):
        return path
    rows = [_to_row(asset) for asset in shard.assets]
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows, schema=_SCHEMA.with_metadata({_SEAL: _seal(shard)}))
    pq.write_table(table, sink, compression="zstd")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, sink.getvalue().to_pybytes())
    except OSError as error:
        raise WorkspaceError(
            f"The shard {path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    return path


def read_shard(path: Path) -> Shard:
    """Read a shard, and verify that its assets have the digest that its name promises.

    Raises:
        WorkspaceError: the file is missing, damaged, or not the shard it is named for.
    """
    try:
        table = read_parquet(path)
        shard = make_shard(_from_row(row) for row in table.to_pylist())
        is_whole = (table.schema.metadata or {}).get(_SEAL) == _seal(shard)
    except _UNREADABLE as error:
        raise WorkspaceError(f"The shard {path} cannot be read: {error}.", _REMEDY) from error
    if not is_whole:
        raise WorkspaceError(f"The shard {path} is damaged.", _REMEDY)
    if shard.digest != path.stem:
        raise WorkspaceError(f"The shard {path} does not hold what its name says.", _REMEDY)
    return shard


def read_locations(path: Path, wanted: Collection[str]) -> dict[str, tuple[Location, ...]]:
    """Where some of a shard's assets lie, without reading the rest of it.

    The shard is not verified: whoever reads the bytes holds them against the asset's id.

    Args:
        path: the shard's file.
        wanted: ids; those that the shard does not have are left out of the answer.

    Raises:
        WorkspaceError: the file is missing or damaged.
    """
    try:
        rows = read_parquet(path, ["asset_id", "locations"])
        mine = pc.is_in(rows["asset_id"], value_set=pa.array(sorted(wanted), pa.string()))
        return {
            row["asset_id"]: tuple(map(_from_place, row["locations"]))
            for row in rows.filter(mine).to_pylist()
        }
    except _UNREADABLE as error:
        raise WorkspaceError(f"The shard {path} cannot be read: {error}.", _REMEDY) from error


def assets_in(rows: pa.Table) -> list[Asset]:
    """The assets of rows of a shard's file, which the caller has verified.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: they are no such rows.
    """
    return [_from_row(row) for row in rows.to_pylist()]


def _holds(path: Path, shard: Shard) -> bool:
    try:
        return path.exists() and read_shard(path) == shard
    except WorkspaceError:  # damaged: it is written anew
        return False


def _seal(shard: Shard) -> bytes:
    """Digest of all that the file holds; the shard's own digest leaves out where bytes lie."""
    places = (p for asset in shard.assets for p in (*asset.locations, *asset.sidecars))
    lines = (f"{p.uri}\0{p.size}\0{p.offset}\0{p.digest}" for p in places)
    return digest_lines([shard.digest, *lines]).encode("ascii")


def _to_row(asset: Asset) -> dict[str, Any]:
    return {
        "asset_id": asset.asset_id,
        "locations": [_to_place(location) for location in asset.locations],
        "captions": [
            {"text": _pack(c.text), "source": _pack(c.source), "location": c.location}
            for c in asset.captions
        ],
        "sidecars": [_to_place(sidecar) for sidecar in asset.sidecars],
        "fault_code": asset.fault.reason.value if asset.fault else None,
        "fault_detail": _pack(asset.fault.detail) if asset.fault else None,
    }


def _from_row(row: dict[str, Any]) -> Asset:
    return Asset(
        row["asset_id"],
        tuple(map(_from_place, row["locations"])),
        tuple(
            Caption(_unpack(c["text"]), _unpack(c["source"]), c["location"])
            for c in row["captions"]
        ),
        tuple(map(_from_place, row["sidecars"])),
        Fault(Reason(row["fault_code"]), _unpack(row["fault_detail"]))
        if row["fault_code"]
        else None,
    )


def _to_place(location: Location) -> dict[str, Any]:
    return {
        "name": _pack(location.name),
        "uri": _pack(location.uri),
        "size": location.size,
        "offset": location.offset,
        "digest": location.digest,
    }


def _from_place(value: dict[str, Any]) -> Location:
    return Location(
        _unpack(value["name"]),
        _unpack(value["uri"]),
        value["size"],
        value["offset"],
        value["digest"],
    )


def _pack(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unpack(data: bytes | None) -> str:
    if data is None:
        raise ValueError("a text is missing")
    return data.decode("utf-8", "surrogatepass")

"""The members of a shard as columns: an asset becomes an object only where it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Asset
from models.assets.shards import assets_in, read_shard
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.parquet import read_parquet
from models.recleansing.stamps import Stamps
from models.unicode import escape_surrogates


class Members:
    """The assets of one shard, in its order.

    Args:
        shard: its digest.
        file: its file, verified; it is read when a member is first looked at.
    """

    def __init__(self, shard: str, file: Path) -> None:
        self.shard = shard
        self._file = file

    @cached_property
    def rows(self) -> pa.Table:
        """The rows of the file.

        Raises:
            WorkspaceError: it cannot be read any more.
        """
        try:
            return read_parquet(self._file).combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(self._file, error) from error

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @cached_property
    def ids(self) -> list[str]:
        """The assets' ids."""
        found: list[str] = self.rows["asset_id"].to_pylist()
        return found

    def assets(self, places: Sequence[int]) -> list[Asset]:
        """The assets at these places, as objects."""
        return assets_in(self.rows.take(pa.array(places, pa.int64()))) if len(places) else []

    @cached_property
    def names(self) -> pa.ListArray:
        """The names of each asset's locations, as tables show them."""
        locations = _whole(self.rows["locations"])
        names = as_text(pc.struct_field(locations.flatten(), "name"))
        return pa.ListArray.from_arrays(_offsets(locations), names)

    @cached_property
    def raw_names(self) -> list[list[str]]:
        """The names of each asset's locations, as they are."""
        locations = _whole(self.rows["locations"])
        return _read_lists(_offsets(locations), pc.struct_field(locations.flatten(), "name"))

    @cached_property
    def raw_captions(self) -> list[list[str]]:
        """The texts of each asset's captions, as they are."""
        captions = _whole(self.rows["captions"])
        return _read_lists(_offsets(captions), pc.struct_field(captions.flatten(), "text"))

    @cached_property
    def captions(self) -> pa.ListArray:
        """The captions of each asset with text, source and name, as a manifest shows them."""
        captions = _whole(self.rows["captions"])
        said = captions.flatten()
        offsets = _offsets(captions)
        lengths = pc.list_value_length(captions)
        firsts = _offsets(_whole(self.rows["locations"]))[:-1]
        first_of_each = firsts.take(_repeat(lengths))
        places = pc.add(first_of_each, pc.struct_field(said, "location"))
        structs = pa.StructArray.from_arrays(
            [
                as_text(pc.struct_field(said, "text")),
                as_text(pc.struct_field(said, "source")),
                self.names.values.take(places),
            ],
            names=["text", "source", "name"],
        )
        return pa.ListArray.from_arrays(offsets, structs)


def read_members(path: Path, stamps: Stamps) -> Members:
    """The members of a shard, from its file.

    A file that has been verified before is taken as it is; another is verified in full.

    Raises:
        WorkspaceError: the file is missing, damaged, or not the shard it is named for.
    """
    try:
        known = stamps.find(path)
        if not known:
            read_shard(path)
            stamps.note(path, digest_bytes(path.read_bytes()))
        return Members(path.stem, path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        f"The shard {path} cannot be read: {error}.",
        "Run `kiyome cleanse`: the scan writes it anew.",
    )


def as_text(data: pa.Array) -> pa.StringArray:
    """Bytes that the scan kept, as text; lone surrogates are shown (``escape_surrogates``)."""
    try:
        return data.cast(pa.string())
    except pa.ArrowInvalid:
        texts = (d.decode("utf-8", "surrogatepass") for d in data.to_pylist())
        return pa.array(map(escape_surrogates, texts), pa.string())


def _read_lists(offsets: pa.Int32Array, data: pa.Array) -> list[list[str]]:
    """Lists of bytes that the scan kept, as the texts they are."""
    try:
        texts: list[str] = data.cast(pa.string()).to_pylist()
    except pa.ArrowInvalid:  # a lone surrogate, which UTF-8 cannot express
        texts = [each.decode("utf-8", "surrogatepass") for each in data.to_pylist()]
    ends = offsets.to_pylist()
    return [texts[begin:end] for begin, end in pairwise(ends)]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else combined.chunk(0)


def _offsets(lists: pa.ListArray) -> pa.Int32Array:
    """Where each list begins among the flattened values, and where the last ends."""
    raw = lists.offsets
    return pc.subtract(raw, raw[0])


def _repeat(lengths: pa.Array) -> pa.Array:
    """The number of each list, once for every value in it."""
    import numpy as np

    counts = lengths.to_numpy(zero_copy_only=False)
    return pa.array(np.repeat(np.arange(len(counts)), counts))

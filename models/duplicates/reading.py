"""The pictures of a dataset as the features stage left them, shard by shard."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.canonical import digest_lines
from models.duplicates.clusters import CLUSTERS_VERSION, LEAST_COSINE, Pictures
from models.motifs.features import HALF
from models.motifs.fingerprints import PDQ_BYTES
from models.stages import StageRecord, read_record, stage_folder

_COLUMNS = ("asset_id", "pdq", "pdq_quality", "width", "height")
_EMBEDDING = "embedding"
_IN_MEMORY = 256 * 1024**2
"""Bytes of embeddings above which they go to a file, so that memory does not grow with them."""

Outputs = Sequence[tuple[Path, StageRecord]]
"""Of each shard the folder and the record of its features."""


def find_features(workspace: Path, shards: Iterable[str], fingerprint: str) -> Outputs:
    """The finished features of shards, in order; a shard without any is left out."""
    folders = [stage_folder(workspace, "features", shard) for shard in shards]
    records = [(folder, read_record(folder, fingerprint)) for folder in folders]
    return [(folder, record) for folder, record in records if record is not None]


def list_features(workspace: Path, shards: Iterable[str], fingerprint: str) -> Outputs:
    """The same as ``find_features``, without reading what the records vouch for."""
    found = []
    for shard in shards:
        folder = stage_folder(workspace, "features", shard)
        try:
            text = (folder / f"{fingerprint}.json").read_bytes()
            found.append((folder, StageRecord(**json.loads(text))))
        except (OSError, ValueError, TypeError):
            continue
    return found


def key_of(outputs: Outputs) -> str:
    """Digest of all that the clusters follow from."""
    digests = [record.output_sha256 for _, record in outputs]
    return digest_lines(["kiyome/duplicates", CLUSTERS_VERSION, repr(LEAST_COSINE), *digests])


def read_pictures(outputs: Outputs, scratch: Path) -> Pictures:
    """The pictures that could be decoded, of all shards.

    Args:
        outputs: ``find_features``.
        scratch: folder for a temporary file, which is gone when the pictures are.

    Raises:
        OSError, pa.ArrowException: a file cannot be read, or the scratch file not be written.
    """
    tables = [_read(folder / record.output, _COLUMNS) for folder, record in outputs]
    if not tables:
        return _no_pictures()
    whole = pa.concat_tables(tables)
    ids = whole["asset_id"].to_pylist()
    if not ids:
        return _no_pictures()
    hashes = np.frombuffer(b"".join(whole["pdq"].to_pylist()), np.uint8).reshape(-1, PDQ_BYTES)
    sides = [whole[side].to_numpy().astype(np.int64) for side in ("width", "height")]
    return Pictures(
        ids=ids,
        hashes=hashes,
        qualities=whole["pdq_quality"].to_numpy().astype(np.int16),
        pixels=sides[0] * sides[1],
        embeddings=_read_embeddings(outputs, len(ids), scratch),
    )


def _no_pictures() -> Pictures:
    nothing = np.zeros(0, np.int64)
    return Pictures((), np.zeros((0, PDQ_BYTES), np.uint8), nothing.astype(np.int16), nothing)


def _read(path: Path, columns: Sequence[str]) -> pa.Table:
    """Columns of the rows without a fault, in order."""
    table = pq.read_table(path, columns=[*columns, "fault_code"])
    sound = pc.is_null(table["fault_code"])
    for name in _COLUMNS:
        sound = pc.and_(sound, pc.is_valid(table[name]))
    return table.filter(sound).select(list(columns))


def _read_embeddings(outputs: Outputs, rows: int, scratch: Path) -> npt.NDArray[np.float16] | None:
    width = _width_of(outputs)
    if not width:
        return None
    embeddings = _make_room(rows, width, scratch)
    done = 0
    for folder, record in outputs:
        table = _read(folder / record.output, (*_COLUMNS, _EMBEDDING))
        for chunk in table[_EMBEDDING].chunks:
            # A picture without one gets zeros, which resemble nothing.
            blank = bytes(HALF.itemsize * width)
            packed = b"".join(each or blank for each in chunk.to_pylist())
            part = np.frombuffer(packed, HALF).reshape(-1, width)
            embeddings[done : done + len(part)] = part
            done += len(part)
    return embeddings


def _width_of(outputs: Outputs) -> int:
    """Length of the embeddings; 0 where there are none, or of several lengths."""
    widths = set()
    for folder, record in outputs:
        schema = pq.read_schema(folder / record.output)
        place = schema.get_field_index(_EMBEDDING)
        kind = schema.field(place).type if place >= 0 else pa.null()
        fixed = pa.types.is_fixed_size_binary(kind)
        widths.add(kind.byte_width // HALF.itemsize if fixed else 0)
    return widths.pop() if len(widths) == 1 else 0


def _make_room(rows: int, width: int, scratch: Path) -> npt.NDArray[np.float16]:
    if rows * width * 2 <= _IN_MEMORY:
        return np.zeros((rows, width), np.float16)
    scratch.mkdir(parents=True, exist_ok=True)
    # The mapping keeps the file, which has no name, until it is gone itself.
    with tempfile.TemporaryFile(dir=scratch) as file:
        return np.memmap(file, np.float16, "w+", shape=(rows, width))

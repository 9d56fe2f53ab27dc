"""Reading Parquet files into memory that is Arrow's own.

Arrow reads with threads of its own, and one of them may let go of what it read from after the rows
were handed over. Where that is an object of Python, the thread has to wait for Python to let it; if
Python is about to end by then, it ends the thread, and with it the whole process ("terminate called
without an active exception"). So nothing here reads from bytes or files of Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file.

    Args:
        columns: those to read, or leaves of them by their path in the file; None for all.

    Raises:
        OSError: the file cannot be opened or read.
        pyarrow.ArrowException: it is no Parquet file, or a damaged one.
    """
    with pq.ParquetFile(path) as file:
        return file.read(None if columns is None else list(columns))


def read_bytes(path: Path) -> pa.Buffer:
    """The bytes of a file, to look at before ``parse_parquet`` reads the same bytes.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with pa.OSFile(str(path)) as file:
        return file.read_buffer()


def parse_parquet(data: pa.Buffer, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows that the bytes of a file hold.

    Args:
        data: what ``read_bytes`` has read.
        columns: as of ``read_parquet``.

    Raises:
        pyarrow.ArrowException: they are no Parquet file, or a damaged one.
    """
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        return file.read(None if columns is None else list(columns))

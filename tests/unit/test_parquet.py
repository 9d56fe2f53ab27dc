"""Reading Parquet files into memory that is Arrow's own."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.parquet import parse_parquet, read_bytes, read_parquet

ROOT = Path(__file__).resolve().parents[2]
ROWS = pa.table({"asset_id": ["a", "b"], "consent": [[{"carrier": "c2pa", "setter": "did:x"}], []]})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "rows.parquet"
    pq.write_table(ROWS, path)
    return path


def test_the_bytes_of_a_file_are_read_into_memory_of_arrow(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(1 << 20))
    before = pa.total_allocated_bytes()
    data = read_bytes(path)
    assert pa.total_allocated_bytes() - before >= 1 << 20
    assert memoryview(data) == path.read_bytes()


def test_a_file_and_its_bytes_hold_the_same_rows(written: Path) -> None:
    assert read_parquet(written).to_pylist() == ROWS.to_pylist()
    assert parse_parquet(read_bytes(written)).to_pylist() == ROWS.to_pylist()


@pytest.mark.parametrize("column", ["asset_id", "consent.list.element.carrier"])
def test_columns_are_chosen_by_their_path_in_the_file(written: Path, column: str) -> None:
    one, other = read_parquet(written, [column]), parse_parquet(read_bytes(written), [column])
    assert one.equals(other)
    assert one.column_names == [column.split(".")[0]]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no Parquet file, but long enough"])
def test_what_is_no_parquet_file_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(data)
    for read in (read_parquet, lambda path: parse_parquet(read_bytes(path))):
        with pytest.raises(pa.ArrowInvalid):
            read(path)


@pytest.mark.parametrize("read", [read_parquet, read_bytes])
def test_a_file_that_is_gone_or_a_folder_is_an_error_of_the_system(
    tmp_path: Path, read: type
) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(OSError, match=re.escape(str(path))):
            read(path)


def test_nothing_else_gives_bytes_or_open_files_to_the_threads_of_arrow() -> None:
    asked = re.compile(
        r"BufferReader\(|PythonFile\(|py_buffer\(|ParquetFile\(file|read_table\(file"
    )
    found = {
        path.relative_to(ROOT).as_posix(): line.strip()
        for part in ("models", "tasks", "flows", "review_ui")
        for path in (ROOT / part).rglob("*.py")
        for line in path.read_text().splitlines()
        if asked.search(line)
    }
    del found["models/parquet.py"]
    assert found == {
        "models/assets/tables.py": "table = pq.ParquetFile(file, pre_buffer=False)"
        ".read(use_threads=False)",
        "models/recleansing/carrying.py": "return pq.read_schema(pa.BufferReader(sink.getvalue()))",
    }

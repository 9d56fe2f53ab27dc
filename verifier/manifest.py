"""How many assets a release's manifest lists: the number of rows in the footer of a Parquet file.

Reads only what it needs of the footer (Thrift, compact protocol): the third field of
``FileMetaData`` is ``num_rows``.
"""

from __future__ import annotations

from verifier.report import CheckError

_MAGIC = b"PAR1"
_ROWS_FIELD, _I64 = 3, 6
_MAX_DEPTH = 32
_BOOLEANS = (1, 2)


def count_rows(data: bytes) -> int:
    """The number of rows of a Parquet file.

    Raises:
        CheckError: it is none.
    """
    length = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - length
    if len(data) < 12 or data[:4] != _MAGIC or data[-4:] != _MAGIC or start < 4:
        raise _damaged()
    try:
        reader = _Reader(data[start:-8])
        field = 0
        while (head := reader.byte()) != 0:
            field = field + (head >> 4) if head >> 4 else reader.zigzag()
            if field == _ROWS_FIELD and head & 15 == _I64:
                rows = reader.zigzag()
                if rows < 0:
                    raise _damaged()
                return rows
            reader.skip(head & 15)
    except (IndexError, ValueError):
        pass
    raise _damaged()


class _Reader:
    """Thrift's compact protocol, as far as it is passed over."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        """One byte."""
        self._at += 1
        return self._data[self._at - 1]

    def varint(self) -> int:
        """An unsigned number."""
        value = shift = 0
        while True:
            part = self.byte()
            value |= (part & 127) << shift
            shift += 7
            if part < 128:
                return value
            if shift > 63:
                raise ValueError

    def zigzag(self) -> int:
        """A signed number."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def skip(self, kind: int, depth: int = 0) -> None:
        """Pass a value over."""
        if depth > _MAX_DEPTH:
            raise ValueError
        if kind in _BOOLEANS:
            return  # of a field, the type is the value
        if kind == 3:
            self._at += 1
        elif kind in (4, 5, 6):
            self.varint()
        elif kind == 7:
            self._at += 8
        elif kind == 8:
            length = self.varint()
            self._at += length
        elif kind in (9, 10):
            self._skip_list(depth)
        elif kind == 12:
            while (head := self.byte()) != 0:
                if not head >> 4:
                    self.zigzag()
                self.skip(head & 15, depth + 1)
        else:
            raise ValueError  # a map: there is none in what comes before the number of rows

    def _skip_list(self, depth: int) -> None:
        head = self.byte()
        size, kind = head >> 4, head & 15
        if size == 15:
            size = self.varint()
        if size > len(self._data):
            raise ValueError
        for _ in range(size):
            if kind in _BOOLEANS:
                self.byte()
            else:
                self.skip(kind, depth + 1)


def _damaged() -> CheckError:
    return CheckError("manifest", "The manifest is not a Parquet file that can be read.")

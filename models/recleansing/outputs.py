"""The outputs of stages for one shard, lined up with its members."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.parquet import read_parquet
from models.reasons import RETRIED
from models.recleansing.members import Members
from models.recleansing.stamps import Stamps
from models.stages import StageRecord, stage_folder

_RETRIED = pa.array(sorted(reason.value for reason in RETRIED))
Places = npt.NDArray[np.int64]


class TooFewRowsError(Exception):
    """A stage has not examined every asset that it has to be asked about."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.stage = stage


class Output:
    """What one stage has said about a shard.

    Args:
        record: the record that vouches for it.
        path: its file, which has all columns.
        columns: those that a verdict looks at; None for all.
    """

    def __init__(self, record: StageRecord, path: Path, columns: Sequence[str] | None) -> None:
        self.record = record
        self.path = path
        self._columns = None if columns is None else list(columns)

    @cached_property
    def table(self) -> pa.Table:
        """Its rows, read when they are first looked at.

        Raises:
            TooFewRowsError: the file cannot be read any more.
        """
        try:
            table = read_parquet(self.path, self._columns)
            return table if self._columns is None else table.select(self._columns)
        except (OSError, KeyError, pa.ArrowException) as error:
            raise TooFewRowsError(self.record.stage) from error

    def places_of(self, members: Members) -> Places:
        """For each member the row that speaks of it, or -1."""
        found = pc.index_in(members.rows["asset_id"], value_set=self.table["asset_id"])
        return np.asarray(pc.fill_null(found, -1).to_numpy(), np.int64)

    def lacks(self, members: Members) -> npt.NDArray[np.bool_]:
        """For each member whether it has no row, or one of which something is to be tried again."""
        places = self.places_of(members)
        codes = pc.is_in(self.table["fault_code"], value_set=_RETRIED)
        retried = np.append(np.asarray(codes.to_numpy(), bool), True)
        return np.asarray(retried[places])


def find_output(
    workspace: Path,
    stage: str,
    shard: str,
    fingerprint: str,
    columns: Sequence[str] | None,
    stamps: Stamps,
) -> Output | None:
    """The output of a finished stage, or None where there is none whose file is whole.

    Args:
        columns: which to look at; None for all.
        stamps: files that have been verified are not read in full again.
    """
    folder = stage_folder(workspace, stage, shard)
    try:
        record = StageRecord(**json.loads((folder / f"{fingerprint}.json").read_bytes()))
        path = folder / record.output
        if record.fingerprint != fingerprint or not stamps.holds(path, record.output_sha256):
            return None
    except (OSError, ValueError, TypeError):
        return None
    return Output(record, path, columns)

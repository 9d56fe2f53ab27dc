"""The nearest of many descriptors.

Few are compared one by one. Many are sorted into lists around centres, of which only those nearest
to a descriptor are searched (inverted file; J. Sivic and A. Zisserman, "Video Google", ICCV 2003),
by tables over 16 bytes a descriptor (product quantisation; H. Jegou, M. Douze and C. Schmid, PAMI
2011; F. Andre, A.-M. Kermarrec and N. Le Scouarnec, "Quicker ADC", PAMI 2019).
"""

from __future__ import annotations

from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from models.motifs.local.descriptors import DIMENSION, Codes
from models.motifs.local.geometry import Indices

_FLAT_UP_TO = 20_000
_PROBED = 6
_FEWEST_LISTS, _MOST_LISTS = 256, 8192
_ROWS_PER_LIST = 300
_TRAINED_ON = 40
_PARTS, _PART_BITS = 32, 4
_ROUNDS = 8
_SEED = 7


class Neighbours:
    """An index of descriptors. Safe to search from several threads."""

    def __init__(self, array: npt.NDArray[np.uint8]) -> None:
        """Take up what ``to_array`` gave.

        Raises:
            ValueError: the array is not such an index.
        """
        self._array = array
        try:
            self._index: Any = faiss.deserialize_index(np.ascontiguousarray(array))
        except RuntimeError as error:
            raise ValueError("the array is not an index of descriptors") from error
        if self._index.d != DIMENSION:
            raise ValueError(f"the index is of {self._index.d} dimensions, not of {DIMENSION}")
        if isinstance(self._index, faiss.IndexIVF):
            self._index.nprobe = min(_PROBED, self._index.nlist)

    @property
    def count(self) -> int:
        """How many descriptors it holds."""
        return int(self._index.ntotal)

    @classmethod
    def build(cls, codes: Codes) -> Self:
        """Index descriptors; the same ones give the same index."""
        faiss.omp_set_num_threads(1)
        metric = faiss.METRIC_INNER_PRODUCT
        if len(codes) <= _FLAT_UP_TO:
            kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
            flat = faiss.IndexScalarQuantizer(DIMENSION, kind, metric)
            flat.add(codes.astype(np.float32))
            return cls(faiss.serialize_index(flat))
        lists = 1 << int(np.log2(len(codes) / _ROWS_PER_LIST))
        lists = min(max(lists, _FEWEST_LISTS), _MOST_LISTS)
        centres = faiss.IndexFlatIP(DIMENSION)
        index: Any = faiss.IndexIVFPQFastScan(centres, DIMENSION, lists, _PARTS, _PART_BITS, metric)
        index.by_residual = False
        index.cp.seed = index.pq.cp.seed = _SEED
        index.cp.niter = _ROUNDS
        step = max(1, len(codes) // (lists * _TRAINED_ON))
        index.train(codes[::step].astype(np.float32))
        index.add(codes.astype(np.float32))
        return cls(faiss.serialize_index(index))

    def to_array(self) -> npt.NDArray[np.uint8]:
        """The index as bytes, to be kept."""
        return self._array

    def search(self, codes: Codes, wanted: int) -> tuple[Indices, Indices]:
        """Pairs of (row in ``codes``, row in the index), each row's nearest first."""
        # Holds for the calling thread only: shards are searched side by side, each on one core.
        faiss.omp_set_num_threads(1)
        wanted = min(wanted, self.count)
        _, rows = self._index.search(codes.astype(np.float32), wanted)
        asked = np.repeat(np.arange(len(codes)), wanted)
        found = rows.ravel()
        sound = found >= 0
        return asked[sound], found[sound]

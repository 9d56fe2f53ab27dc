"""How fast and how completely vectors are searched: ours, and what could be used instead.

    python benchmarks/motif_vectors.py
    python benchmarks/motif_vectors.py --million --faiss-million --hnsw-million
    python benchmarks/motif_vectors.py --url postgresql+psycopg://user@host/database

The vectors are drawn to lie as embeddings do: in clusters of very different sizes, around centres
that lie around centres themselves, in a few dozen of the dimensions. Queries are vectors of the
index, disturbed to a cosine of 0.6 to 0.95, and as many new ones from the same clusters. Recall on
uniform noise would say nothing: there all neighbours are equally far.

Everything that is compared runs in one process on the same vectors. Times are processor time of
all threads, the best of several rounds, except where it says wall: other programs disturb them
less. Ratios carry over to other machines, times do not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import faiss
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from models.motifs.vectors.building import build
from models.motifs.vectors.kinds import Choice, cells_for
from models.motifs.vectors.live import LiveIndex
from models.motifs.vectors.opening import open_existing
from models.motifs.vectors.protocol import Found, Identity, VectorIndex, Vectors
from models.motifs.vectors.recall import share_found
from models.motifs.vectors.scanning import Block, read_features, read_matrix, scan
from models.motifs.vectors.sealed import write_index

Answer = TypeVar("Answer")

_IDENTITY = Identity("benchmark", "1")
_K = 10
_DRAWN_AT_ONCE = 50_000


@dataclass(frozen=True)
class Timed:
    """Processor and wall seconds of the best round."""

    cpu: float
    wall: float


class Source:
    """Clustered unit vectors of a dimension; the same seed draws the same."""

    def __init__(self, dimension: int, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        inner = 64
        coarse = self._rng.standard_normal((100, inner))
        self._centres = coarse[self._rng.integers(0, 100, 4_000)]
        self._centres = self._centres + 0.7 * self._rng.standard_normal((4_000, inner))
        self._axes = self._rng.standard_normal((inner, dimension)) / np.sqrt(inner)
        weights = 1 / np.arange(1, 4_001) ** 0.8
        self._weights = weights / weights.sum()

    def draw(self, count: int) -> npt.NDArray[np.float16]:
        """float16, count x dimension."""
        out = np.empty((count, self._axes.shape[1]), np.float16)
        for start in range(0, count, _DRAWN_AT_ONCE):
            size = min(_DRAWN_AT_ONCE, count - start)
            picked = self._centres[self._rng.choice(len(self._centres), size, p=self._weights)]
            points = picked + 0.6 * self._rng.standard_normal(picked.shape)
            spread = points @ self._axes
            spread += 0.25 * self._rng.standard_normal(spread.shape)
            out[start : start + size] = spread / np.linalg.norm(spread, axis=1, keepdims=True)
        return out

    def queries(self, vectors: npt.NDArray[np.float16], count: int) -> Vectors:
        """Half of them disturbed vectors of these, half new ones."""
        half = count // 2
        picked = vectors[self._rng.integers(0, len(vectors), half)].astype(np.float64)
        other = self.draw(half).astype(np.float64)
        cosines = np.linspace(0.6, 0.95, half)[:, None]
        other -= picked * (picked * other).sum(axis=1, keepdims=True)
        other /= np.linalg.norm(other, axis=1, keepdims=True)
        disturbed = cosines * picked + np.sqrt(1 - cosines**2) * other
        drawn = np.concatenate([disturbed, self.draw(count - half)])
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        return drawn.astype(np.float32)


def timed(work: Callable[[], Answer], rounds: int = 3) -> tuple[Timed, Answer]:
    """The best of some rounds, and what the work gave."""
    cpu = wall = float("inf")
    for _ in range(rounds):
        began, clock = time.process_time(), time.perf_counter()
        answer = work()
        cpu = min(cpu, time.process_time() - began)
        wall = min(wall, time.perf_counter() - clock)
    return Timed(cpu, wall), answer


def show(*cells: object) -> None:
    """A line of a table."""
    print("| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |")
    sys.stdout.flush()


def measure_exact(count: int, dimension: int) -> None:
    """1,000 queries over so many vectors, against matrix product and argpartition."""
    source = Source(dimension)
    halves = source.draw(count)
    plain = halves.astype(np.float32)
    queries = source.queries(halves, 1_000)
    print(f"\nexact, 1,000 queries over {count:,} x {dimension}, {_K} best")
    show("way", "CPU s", "of NumPy", "one query, CPU ms")

    def with_numpy(asked: Vectors) -> npt.NDArray[np.int64]:
        products = asked @ plain.T
        return np.argpartition(-products, _K, axis=1)[:, :_K]

    base, _ = timed(lambda: with_numpy(queries), 2)
    single, _ = timed(lambda: with_numpy(queries[:1]), 20)
    show("NumPy matmul + argpartition", base.cpu, 1.0, 1e3 * single.cpu)
    flat = faiss.IndexFlatIP(dimension)
    flat.add(plain)
    taken, _ = timed(lambda: flat.search(queries, _K))
    single, _ = timed(lambda: flat.search(queries[:1], _K), 20)
    show("faiss IndexFlatIP", taken.cpu, taken.cpu / base.cpu, 1e3 * single.cpu)
    for kind, vectors in (("exact", plain), ("exact_half", halves)):
        ids = np.arange(count)
        index = LiveIndex(dimension, build(ids, vectors, Choice(kind, 0, 0, "")).segment)
        taken, _ = timed(lambda index=index: index.search(queries, _K))
        single, _ = timed(lambda index=index: index.search(queries[:1], _K), 20)
        show(f"ours, {kind}", taken.cpu, taken.cpu / base.cpu, 1e3 * single.cpu)


def measure_approximate(count: int, dimension: int, *, ivf: bool, hnsw: bool) -> None:
    """Recall, build time, size and speed of ways that do not compare all."""
    source = Source(dimension)
    halves = source.draw(count)
    tuning, queries = source.queries(halves, 400), source.queries(halves, 400)
    plain = halves.astype(np.float32)
    print(
        f"\n{count:,} x {dimension}: recall of the {_K} best, of other queries than it is tuned by"
    )
    show("way", "recall", "build CPU s", "bytes a vector", "batch of 400, CPU ms a query",
         "one by one, CPU ms", "open ms", "of exact")  # fmt: skip
    ids = np.arange(count)
    exact = LiveIndex(dimension, build(ids, halves, Choice("exact_half", 0, 0, "")).segment)
    base, truth = timed(lambda: exact.search(queries, _K))
    aim = exact.search(tuning, _K)
    _show_ours("exact_half", 0.0, exact, queries, truth, base, halves)
    choice = Choice("cells_half", cells_for(count), 0, "")
    building, built = timed(lambda: build(ids, halves, choice, queries=tuning), 1)
    cells = LiveIndex(dimension, built.segment)
    name = f"cells_half, {choice.cells} cells, {built.probes} searched"
    _show_ours(name, building.cpu, cells, queries, truth, base, halves, built)
    nlist = choice.cells
    for name in (f"IVF{nlist},Flat", f"IVF{nlist},SQfp16", f"IVF{nlist},SQ8") if ivf else ():
        index = faiss.index_factory(dimension, name, faiss.METRIC_INNER_PRODUCT)
        building, _ = timed(lambda index=index: _fill(index, plain, nlist), 1)
        lists = faiss.extract_index_ivf(index)
        for probes in _steps(nlist):
            lists.nprobe = probes
            if _overlap(index.search(tuning, _K), aim) >= 0.99:
                break
        _show_faiss(f"faiss {name}, nprobe {lists.nprobe}", building, index, queries, truth, base)
    if hnsw:
        for name in ("HNSW32,Flat", "HNSW32_SQfp16", "HNSW32_SQ8"):
            index = faiss.index_factory(dimension, name, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = 100
            building, _ = timed(lambda index=index: _fill(index, plain, 0), 1)
            for ef in _steps(4_096):
                index.hnsw.efSearch = max(_K, ef)
                if _overlap(index.search(tuning, _K), aim) >= 0.99:
                    break
            shown = f"faiss {name}, efSearch {index.hnsw.efSearch}"
            _show_faiss(shown, building, index, queries, truth, base)


def _fill(index: Any, vectors: Vectors, cells: int) -> None:
    index.train(vectors[: max(1_000, 32 * cells)])
    index.add(vectors)


def _overlap(found: Found, truth: Found) -> float:
    """Share of the same ids: FAISS rounds scores differently, and 8 bits change them."""
    pairs = zip(found[1].tolist(), truth[1].tolist(), strict=True)
    return float(np.mean([len({*ours} & {*true}) / _K for ours, true in pairs]))


def _steps(most: int) -> Iterator[int]:
    step = 1
    while step <= most:
        yield step
        step = max(step + 1, step * 3 // 2)


def _show_ours(
    name: str,
    building: float,
    index: LiveIndex,
    queries: Vectors,
    truth: Found,
    base: Timed,
    vectors: npt.NDArray[np.float16],
    built: Any = None,
) -> None:
    taken, found = timed(lambda: index.search(queries, _K))
    single, _ = timed(lambda: [index.search(queries[i : i + 1], _K) for i in range(20)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors")
        kept = built or build(np.arange(len(vectors)), vectors, Choice("exact_half", 0, 0, ""))
        write_index(path, _IDENTITY, kept)
        size = path.stat().st_size / len(vectors)
        opening, _ = timed(lambda: open_existing(path, _IDENTITY), 5)
    show(f"ours, {name}", share_found(found, truth), building, round(size), 1e3 * taken.cpu / 400,
         1e3 * single.cpu / 20, 1e3 * opening.wall, taken.cpu / base.cpu)  # fmt: skip


def _show_faiss(
    name: str, building: Timed, index: Any, queries: Vectors, truth: Found, base: Timed
) -> None:
    taken, found = timed(lambda: index.search(queries, _K))
    single, _ = timed(lambda: [index.search(queries[i : i + 1], _K) for i in range(20)])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "vectors"))
        faiss.write_index(index, path)
        size = Path(path).stat().st_size / index.ntotal
        opening, _ = timed(lambda: faiss.read_index(path), 2)
    show(name, _overlap(found, truth), building.cpu, round(size), 1e3 * taken.cpu / 400,
         1e3 * single.cpu / 20, 1e3 * opening.wall, taken.cpu / base.cpu)  # fmt: skip


def measure_retro(count: int, dimension: int) -> None:
    """Ten new references against the cached embeddings of a dataset."""
    source = Source(dimension)
    vectors = source.draw(count)
    queries = source.queries(vectors, 10)
    print(f"\nretro-search of {count:,} x {dimension} with 10 references, floor 0.6")
    show("way", "CPU s", "wall s", "of NumPy", "hits")

    def with_numpy() -> int:
        products = (
            vectors[i : i + 16_384].astype(np.float32) @ queries.T for i in range(0, count, 16_384)
        )
        return sum(int((p >= 0.6).sum()) for p in products)

    base, hits = timed(with_numpy, 2)
    show("NumPy astype + matmul, in memory", base.cpu, base.wall, 1.0, hits)
    _show_scan("ours, in memory", lambda: read_matrix(vectors), queries, base, 1)
    _show_scan("ours, in memory, 2 threads", lambda: read_matrix(vectors), queries, base, 2)
    forms = (
        ("list with dictionary", "zstd"),
        ("list", "zstd"),
        ("list", "none"),
        ("binary", "zstd"),
        ("binary", "none"),
    )
    for form, compression in forms:
        with tempfile.TemporaryDirectory() as folder:
            paths = list(_write_features(Path(folder), vectors, form, compression))
            size = sum(path.stat().st_size for path in paths) / 1e6
            for threads in (1, 2):
                name = f"ours, Parquet, {form}, {compression}, {size:.0f} MB, {threads} thread(s)"
                _show_scan(name, lambda p=paths: read_features(p), queries, base, threads)


def _show_scan(
    name: str,
    blocks: Callable[[], Iterator[Block]],
    queries: Vectors,
    base: Timed,
    threads: int,
) -> None:
    taken, found = timed(lambda: scan(blocks(), queries, 1_000, 0.6, threads=threads), 2)
    show(name, taken.cpu, taken.wall, taken.cpu / base.cpu, sum(hit.total for hit in found))


def _write_features(
    folder: Path, vectors: npt.NDArray[np.float16], form: str, compression: str
) -> Iterator[Path]:
    count, dimension = vectors.shape
    for start in range(0, count, 100_000):
        part = vectors[start : start + 100_000]
        if form != "binary":
            column = pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), dimension)
        else:
            kind = pa.binary(2 * dimension)
            column = pa.FixedSizeBinaryArray.from_buffers(
                kind, len(part), [None, pa.py_buffer(part.tobytes())]
            )
        ids = pa.array([f"{start + row:064x}" for row in range(len(part))])
        path = folder / f"{start:09}.parquet"
        table = pa.table({"asset_id": ids, "embedding": column})
        pq.write_table(table, path, compression=compression, use_dictionary="with" in form)
        yield path


def measure_postgresql(url: str, count: int, dimension: int) -> None:
    """The same vectors in PostgreSQL with pgvector, exact and by its graph."""
    from models.motifs.vectors.postgres import PostgresIndex

    source = Source(dimension)
    halves = source.draw(count)
    queries = source.queries(halves, 100)
    ids = np.arange(count)
    exact: VectorIndex = LiveIndex(
        dimension, build(ids, halves, Choice("exact_half", 0, 0, "")).segment
    )
    base, truth = timed(lambda: exact.search(queries, _K))
    print(f"\npgvector, {count:,} x {dimension}, 100 queries")
    show("way", "recall", "wall ms a query", "of ours, exact_half")
    show("ours, exact_half", 1.0, 1e3 * base.wall / 100, 1.0)
    with PostgresIndex(url, Identity(f"benchmark {dimension}", "1"), dimension) as index:
        index.remove(ids)
        filling, _ = timed(lambda: index.add(ids, halves.astype(np.float32)), 1)
        taken, found = timed(lambda: index.search(queries, _K), 1)
        show("all compared", share_found(found, truth), 10 * taken.wall, taken.wall / base.wall)
        graphing, _ = timed(index.build_graph, 1)
        taken, found = timed(lambda: index.search(queries, _K), 1)
        show("graph (HNSW)", share_found(found, truth), 10 * taken.wall, taken.wall / base.wall)
        print(f"filling {filling.wall:.1f} s, graph {graphing.wall:.1f} s")
        index.remove(ids)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["exact", "approximate", "retro", "postgresql"])
    parser.add_argument("--dimension", type=int, action="append", default=None)
    parser.add_argument("--million", action="store_true", help="approximate ways over 1,000,000")
    parser.add_argument("--faiss-million", action="store_true", help="also FAISS's own lists")
    parser.add_argument("--hnsw-million", action="store_true", help="also graphs: an hour")
    parser.add_argument("--retro", type=int, default=1_000_000, help="embeddings to retro-search")
    parser.add_argument("--url", help="of a PostgreSQL database with pgvector")
    parser.add_argument("--rows", type=int, default=100_000, help="vectors put into PostgreSQL")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    faiss.omp_set_num_threads(asked.threads)
    for dimension in asked.dimension or (256, 512):
        if asked.only in (None, "exact"):
            measure_exact(100_000, dimension)
        if asked.only in (None, "approximate"):
            measure_approximate(100_000, dimension, ivf=True, hnsw=True)
            if asked.million:
                measure_approximate(
                    1_000_000, dimension, ivf=asked.faiss_million, hnsw=asked.hnsw_million
                )
        if asked.only in (None, "retro"):
            measure_retro(asked.retro, dimension)
        if asked.url and asked.only in (None, "postgresql"):
            measure_postgresql(asked.url, asked.rows, dimension)


if __name__ == "__main__":
    main()

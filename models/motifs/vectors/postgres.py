"""A vector index in PostgreSQL, with the extension pgvector 0.7 or later.

For registers that outgrow one machine, or that several machines change at once. Each encoder has a
table of its own, listed in ``kiyome_vector_sets`` with the register version that it stands for;
every statement makes sure of both, so that vectors of two encoders or versions cannot meet.

The database proposes and we compute the inner products again from the vectors themselves, so that
scores and order are those of ``LiveIndex``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Engine,
    Index,
    Row,
    Select,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.exc import DBAPIError

from models.errors import RegisterError, StoreError
from models.motifs.vectors.building import ASKED_RECALL
from models.motifs.vectors.exact import ArrayRows, keep_best, score_pairs
from models.motifs.vectors.pgvector import (
    LONGEST,
    SETS,
    as_copy,
    check_set,
    connect,
    driver_error,
    find_or_make,
    from_sent,
    nearest_rows,
    prepare,
    rows_within,
    see,
    table_of,
    unique_violation,
    use_graph,
)
from models.motifs.vectors.protocol import (
    Found,
    Identity,
    Ids,
    Vectors,
    check_ids,
    check_vectors,
    check_wanted,
    nothing_found,
)
from models.motifs.vectors.recall import RECALL_AT, sample_queries, share_found

_SPARE = 32
_ASKED_AT_ONCE = 64
# The database rounds the query to halves: 11 bits of fraction, in sums that are at most 1.
_SLACK = 2.0**-10
_MOST_EF = 1_000
_EFS = (40, 60, 90, 130, 200, 300, 450, 700, _MOST_EF)


class PostgresIndex:
    """A ``VectorIndex`` in a database. Close it, or use it in a ``with``."""

    def __init__(self, url: str, identity: Identity, dimension: int) -> None:
        """Open the vectors of an encoder, or make an empty table for them.

        Args:
            url: SQLAlchemy URL of a PostgreSQL database.
            identity: whose vectors they are.
            dimension: numbers in a vector, at most ``LONGEST``.

        Raises:
            StoreError: the database cannot be reached, has no pgvector, or holds another format.
            RegisterError: the encoder's vectors there are of another register version or length.
        """
        if not 1 <= dimension <= LONGEST:
            raise StoreError(
                f"pgvector cannot index vectors of {dimension} numbers.",
                f"Use an encoder of at most {LONGEST}, or an index in a file.",
            )
        self._engine = connect(url)
        self._readers = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._identity = identity
        self._dimension = dimension
        self._extension_schema = ""
        try:
            with self._transaction() as connection:
                self._extension_schema = prepare(connection)
                see(connection, self._extension_schema)
                number = find_or_make(connection, identity, dimension)
                self._table = table_of(number, dimension)
                self._table.create(connection, checkfirst=True)
        except BaseException:
            self.close()
            raise

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    @property
    def recall(self) -> float:
        """Of the 10 best: as measured when the graph was built; 1 without a graph.

        Raises:
            StoreError: the database cannot be reached.
            RegisterError: somebody has changed the register version.
        """
        with self._reading() as (_, ours):
            return float(ours.recall)

    def __len__(self) -> int:
        with self._reading() as (connection, _):
            return self._count(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """See ``VectorIndex.add``.

        Raises:
            EncoderError: a vector cannot be compared with others.
            RegisterError: an id cannot be used, or somebody has changed the register version.
            StoreError: the database cannot be reached.
        """
        given = check_vectors(vectors, self._dimension)
        numbers = check_ids(ids, len(given))
        if len(numbers) == 0:
            return
        with self._writing() as connection:
            try:
                self._copy(connection, numbers, given)
            except unique_violation() as error:
                raise RegisterError(
                    "There is a vector with one of the ids already.", "Remove it first."
                ) from error

    def remove(self, ids: Ids) -> int:
        """See ``VectorIndex.remove``.

        Raises:
            RegisterError: somebody has changed the register version.
            StoreError: the database cannot be reached.
        """
        wanted = cast_to(literal(np.unique(ids).tolist(), ARRAY(BigInteger)), ARRAY(BigInteger))
        with self._writing() as connection:
            gone = connection.execute(
                delete(self._table).where(self._table.c.id == func.any(wanted))
            )
            return int(gone.rowcount)

    def search(self, queries: Vectors, k: int) -> Found:
        """See ``VectorIndex.search``; exact until a graph is built.

        Raises:
            EncoderError: a query cannot be compared with the vectors.
            RegisterError: somebody has changed the register version.
            StoreError: the database cannot be reached.
        """
        check_wanted(k)
        asked = check_vectors(queries, self._dimension)
        with self._reading() as (connection, ours):
            return self._search(connection, asked, k, int(ours.ef_search))

    def build_graph(self, *, queries: Vectors | None = None, recall: float = ASKED_RECALL) -> float:
        """Build pgvector's HNSW graph, and find out how far it must be searched.

        Writers wait until it is done, and readers as well where it replaces another. A graph that
        does not reach the asked recall is dropped again, and all vectors are compared as before.

        Args:
            queries: what the recall is measured with; some of the vectors, disturbed, if None.
            recall: asked, of the 10 best.

        Returns:
            The recall of what is used now.

        Raises:
            RegisterError: somebody has changed the register version.
            StoreError: the database cannot be reached.
        """
        graph = Index(
            f"{self._table.name}_graph",
            self._table.c.embedding,
            postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 100},
            postgresql_ops={"embedding": "halfvec_ip_ops"},
        )
        try:
            with self._writing() as connection:
                graph.drop(connection, checkfirst=True)
                asked = self._sample(connection) if queries is None else queries
                truth = self._search(connection, asked, RECALL_AT, 0)
                graph.create(connection)
                ef, reached = self._tune(connection, asked, truth, recall)
                if ef == 0:
                    graph.drop(connection)
                ours = SETS.c.encoder == self._identity.encoder
                connection.execute(update(SETS).where(ours).values(ef_search=ef, recall=reached))
        finally:
            self._table.indexes.discard(graph)
        return reached

    def set_version(self, version: str) -> None:
        """Say that the vectors stand for another register version from now on.

        Whoever has opened the index under the old version is refused from then on.

        Raises:
            RegisterError: somebody else has done so already.
            StoreError: the database cannot be reached.
        """
        with self._writing() as connection:
            ours = SETS.c.encoder == self._identity.encoder
            connection.execute(update(SETS).where(ours).values(version=version))
        self._identity = Identity(self._identity.encoder, version)

    def _tune(
        self, connection: Connection, asked: Vectors, truth: Found, recall: float
    ) -> tuple[int, float]:
        for ef in _EFS:
            reached = share_found(self._search(connection, asked, RECALL_AT, ef), truth)
            if reached >= recall:
                return ef, reached
        return 0, 1.0

    def _sample(self, connection: Connection) -> Vectors:
        count = self._count(connection)
        step = max(1, count // 256)
        place = func.row_number().over(order_by=self._table.c.id).label("place")
        numbered = select(self._table.c.id, place).subquery()
        chosen = select(numbered.c.id).where(numbered.c.place % step == 0)
        rows = connection.execute(
            select(func.halfvec_send(self._table.c.embedding))
            .where(self._table.c.id.in_(chosen))
            .order_by(self._table.c.id)
        )
        return sample_queries(from_sent([row[0] for row in rows], self._dimension))

    def _search(self, connection: Connection, queries: Vectors, k: int, ef: int) -> Found:
        scores, found = nothing_found(len(queries), k)
        speaking = np.flatnonzero(queries.any(axis=1))
        for start in range(0, len(speaking), _ASKED_AT_ONCE):
            part = speaking[start : start + _ASKED_AT_ONCE]
            asked = queries[part]
            graph = ef > 0 and k + _SPARE <= _MOST_EF
            near = self._ask(connection, asked, k + _SPARE, ef if graph else 0)
            best, at = self._rescore(asked, k, near)
            again = self._unsure(near, best, k, len(part), graph=graph)
            for query in again:
                only = asked[query : query + 1]
                if graph:
                    best[query], at[query] = self._search(connection, only, k, 0)
                else:
                    within = self._ask_within(connection, only, float(best[query, -1]) - _SLACK)
                    best[query], at[query] = self._rescore(only, k, within)
            scores[part], found[part] = best, at
        return scores, found

    def _unsure(
        self,
        near: Sequence[Row[Any]],
        best: npt.NDArray[np.float32],
        k: int,
        count: int,
        *,
        graph: bool,
    ) -> list[int]:
        """Queries of which a better row may have been left out.

        A graph gives too few where many of its rows were removed. Without one, a row with a score
        within rounding of the last one wanted may be missing.
        """  # fmt: skip
        proposed = np.zeros(count, np.int64)
        lowest = np.full(count, np.inf)
        for row in near:
            proposed[row.place] += 1
            lowest[row.place] = min(lowest[row.place], row.product)
        if graph:
            return np.flatnonzero(proposed < k).tolist()
        full = proposed == k + _SPARE
        return np.flatnonzero(full & (lowest >= best[:, -1] - _SLACK)).tolist()

    def _ask(
        self, connection: Connection, queries: Vectors, wanted: int, ef: int
    ) -> Sequence[Row[Any]]:
        """The nearest rows, as the database sees them."""
        use_graph(connection, max(ef, min(wanted, _MOST_EF)) if ef else 0)
        return connection.execute(nearest_rows(self._table, queries, wanted)).all()

    def _ask_within(
        self, connection: Connection, query: Vectors, floor: float
    ) -> Sequence[Row[Any]]:
        """Every row at or above the floor, as the database sees it."""
        use_graph(connection, 0)
        return connection.execute(rows_within(self._table, query, floor)).all()

    def _rescore(self, queries: Vectors, k: int, near: Sequence[Row[Any]]) -> Found:
        if not near:
            return nothing_found(len(queries), k)
        which = np.array([row.place for row in near], np.intp)
        ids = np.array([row.id for row in near], np.int64)
        rows = ArrayRows(from_sent([row.sent for row in near], self._dimension))
        scores = score_pairs(rows, queries, which, np.arange(len(near)))
        return keep_best(len(queries), k, which, scores, ids)

    def _count(self, connection: Connection) -> int:
        return int(connection.execute(select(func.count()).select_from(self._table)).scalar_one())

    def _copy(self, connection: Connection, numbers: Ids, vectors: Vectors) -> None:
        from psycopg import Connection as DriverConnection
        from psycopg.sql import SQL, Identifier

        driver = cast("DriverConnection[Any]", connection.connection.driver_connection)
        into = SQL("COPY {} (id, embedding) FROM STDIN (FORMAT BINARY)").format(
            Identifier(self._table.name)
        )
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            for piece in as_copy(numbers, vectors):
                copy.write(piece)

    @contextmanager
    def _transaction(self, engine: Engine | None = None) -> Iterator[Connection]:
        try:
            with (engine or self._engine).begin() as connection:
                if self._extension_schema:
                    see(connection, self._extension_schema)
                yield connection
        except (DBAPIError, driver_error()) as error:
            said = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise StoreError(
                f"The database at {self._engine.url!r} cannot be used: {said}.",
                "Check that it runs, that the user may create tables and that its disk has room.",
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[tuple[Connection, Row[Any]]]:
        # One snapshot: what the set says holds for the rows that are read after it.
        with self._transaction(self._readers) as connection:
            yield connection, self._ours(connection, select(SETS))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._transaction() as connection:
            self._ours(connection, select(SETS).with_for_update())
            yield connection

    def _ours(self, connection: Connection, sets: Select[Any]) -> Row[Any]:
        known = sets.where(SETS.c.encoder == self._identity.encoder)
        row = connection.execute(known).one_or_none()
        check_set(row, self._identity, self._dimension)
        return cast("Row[Any]", row)

"""A vector index in PostgreSQL, with the extension pgvector 0.7 or later.

For registers that outgrow one machine, or that several machines change at once. Each encoder has a
table of its own, listed in ``kiyome_vector_sets`` with the register version that it stands for;
every statement makes sure of both, so that vectors of two encoders or versions cannot meet.

The database proposes and we compute the inner products again from the vectors themselves, so that
scores and order are those of ``LiveIndex``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast
from uuid import uuid4
from weakref import finalize

import numpy as np
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

from models.errors import RegisterError, StoreError
from models.motifs.vectors.building import ASKED_RECALL
from models.motifs.vectors.nearest import MOST_EF, find_nearest
from models.motifs.vectors.pgvector import (
    LONGEST,
    SETS,
    as_copy,
    check_set,
    connect,
    find_or_make,
    from_sent,
    prepare,
    see,
    table_of,
    telling_failures,
    unique_violation,
)
from models.motifs.vectors.protocol import (
    Found,
    Identity,
    Ids,
    Vectors,
    check_ids,
    check_vectors,
    check_wanted,
)
from models.motifs.vectors.recall import RECALL_AT, sample_queries, share_found

_EFS = (40, 60, 90, 130, 200, 300, 450, 700, MOST_EF)


class PostgresIndex:
    """A ``VectorIndex`` in a database. Close it, or use it in a ``with``."""

    def __init__(
        self, url: str, identity: Identity, dimension: int, *, any_version: bool = False
    ) -> None:
        """Open the vectors of an encoder, or make an empty table for them.

        Args:
            url: SQLAlchemy URL of a PostgreSQL database.
            identity: whose vectors they are.
            dimension: numbers in a vector, at most ``LONGEST``.
            any_version: take the register version of what is there, in place of the identity's.

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
        finalize(self, self._engine.dispose)
        self._readers = self._engine.execution_options(isolation_level="REPEATABLE READ")
        self._identity = identity
        self._dimension = dimension
        self._extension_schema = ""
        try:
            with self._transaction() as connection:
                self._extension_schema = prepare(connection)
                see(connection, self._extension_schema)
                known = find_or_make(connection, identity, dimension, any_version=any_version)
                self._identity = Identity(identity.encoder, known.version)
                self._table = table_of(known.number, dimension)
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

    def hold(self, ids: Ids, vectors: Vectors, *, strangers: int, graph_from: int) -> None:
        """Make sure that vectors are there whose ids stand for what they hold.

        Those that are missing are added. Others may stay; where they are more than ``strangers``,
        they are removed, and whoever has opened the index is refused until it is opened anew. The
        graph is made where there are ``graph_from`` vectors, and again when they have doubled.

        Raises:
            EncoderError: a vector cannot be compared with others.
            RegisterError: an id cannot be used.
            StoreError: the database cannot be reached.
        """
        given = check_vectors(vectors, self._dimension)
        numbers = check_ids(ids, len(given))
        ours = cast_to(literal(numbers.tolist(), ARRAY(BigInteger)), ARRAY(BigInteger))
        with self._transaction() as connection:
            named = SETS.c.encoder == self._identity.encoder
            known = connection.execute(select(SETS).where(named).with_for_update()).one_or_none()
            known = check_set(known, self._identity, self._dimension, any_version=True)
            there = connection.execute(
                select(self._table.c.id).where(self._table.c.id == func.any(ours))
            ).scalars()
            missing = ~np.isin(numbers, np.fromiter(there, np.int64))
            self._copy(connection, numbers[missing], given[missing])
            version, count = known.version, self._count(connection)
            if count - len(numbers) > strangers:
                connection.execute(delete(self._table).where(self._table.c.id != func.all(ours)))
                version, count = uuid4().hex, len(numbers)
                self._say(connection, version=version)
            if count >= max(graph_from, 2 * known.tuned):
                self._build_graph(connection, None, ASKED_RECALL)
        self._identity = Identity(self._identity.encoder, version)

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
            return find_nearest(connection, self._table, asked, k, int(ours.ef_search))

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
        with self._writing() as connection:
            return self._build_graph(connection, queries, recall)

    def set_version(self, version: str) -> None:
        """Say that the vectors stand for another register version from now on.

        Whoever has opened the index under the old version is refused from then on.

        Raises:
            RegisterError: somebody else has done so already.
            StoreError: the database cannot be reached.
        """
        with self._writing() as connection:
            self._say(connection, version=version)
        self._identity = Identity(self._identity.encoder, version)

    def _build_graph(self, connection: Connection, queries: Vectors | None, recall: float) -> float:
        graph = Index(
            f"{self._table.name}_graph",
            self._table.c.embedding,
            postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 100},
            postgresql_ops={"embedding": "halfvec_ip_ops"},
        )
        try:
            graph.drop(connection, checkfirst=True)
            asked = self._sample(connection) if queries is None else queries
            truth = find_nearest(connection, self._table, asked, RECALL_AT, 0)
            graph.create(connection)
            ef, reached = self._tune(connection, asked, truth, recall)
            if ef == 0:
                graph.drop(connection)
            self._say(connection, ef_search=ef, recall=reached, tuned=self._count(connection))
        finally:
            self._table.indexes.discard(graph)
        return reached

    def _tune(
        self, connection: Connection, asked: Vectors, truth: Found, recall: float
    ) -> tuple[int, float]:
        for ef in _EFS:
            found = find_nearest(connection, self._table, asked, RECALL_AT, ef)
            reached = share_found(found, truth)
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

    def _say(self, connection: Connection, **values: object) -> None:
        """Change what the list of sets says of ours."""
        ours = SETS.c.encoder == self._identity.encoder
        connection.execute(update(SETS).where(ours).values(values))

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
        with telling_failures(self._engine), (engine or self._engine).begin() as connection:
            if self._extension_schema:
                see(connection, self._extension_schema)
            yield connection

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
        return check_set(row, self._identity, self._dimension)

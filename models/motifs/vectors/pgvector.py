"""What we say to pgvector, and what lies in its database.

Each encoder has a table of its own, ``kiyome_vectors_<number>``. ``kiyome_vector_sets`` lists them,
with the register version that each stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    create_engine,
    func,
    insert,
    literal,
    make_url,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.types import UserDefinedType

from models.errors import RegisterError, StoreError
from models.motifs.vectors.protocol import Identity, Ids, Vectors

FORMAT: Final = 2
OLDEST: Final = (0, 7)
"""Version of pgvector from which on it has halves."""

LONGEST: Final = 4_000
"""Numbers in a vector up to which pgvector makes a graph of halves."""

_COPIED_AT_ONCE = 8_192
_CONNECT_SECONDS = 10
_MOST_WAITED = 600.0  # seconds, of one thread for the others' searches
_LOCK = 5_230_711_940_318_820
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"

_METADATA = MetaData()
SETS = Table(
    "kiyome_vector_sets",
    _METADATA,
    Column("number", Integer, primary_key=True),
    Column("format", Integer, nullable=False),
    Column("encoder", Text, nullable=False, unique=True),
    Column("version", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("ef_search", Integer, nullable=False),
    Column("recall", Float, nullable=False),
    Column("tuned", BigInteger, nullable=False),
)


class Half(UserDefinedType[Any]):
    """pgvector's vector of halves; values go in as text."""

    cache_ok = True

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def get_col_spec(self, **_: Any) -> str:
        return f"halfvec({self.dimension})"


def connect(url: str) -> Engine:
    """An engine for the URL; nothing is connected yet.

    Raises:
        StoreError: it is not the URL of a PostgreSQL database, or the driver is missing.
    """
    remedy = "Name one like postgresql+psycopg://user@host/database."
    try:
        named = make_url(url)
        patience = {} if "connect_timeout" in named.query else {"connect_timeout": _CONNECT_SECONDS}
        engine = create_engine(
            named, pool_pre_ping=True, pool_timeout=_MOST_WAITED, connect_args=patience
        )
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError("The URL of the vector database cannot be read.", remedy) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            "The driver for PostgreSQL is not installed.", "Install kiyome[postgresql]."
        ) from error
    if engine.dialect.name != "postgresql" or engine.driver != "psycopg":
        raise StoreError(f"{engine.url!r} is not the URL of a PostgreSQL database.", remedy)
    return engine


def prepare(connection: Connection) -> str:
    """Make sure of the extension and of our list of sets; returns the extension's schema.

    Raises:
        StoreError: the server has no pgvector, or one that is too old.
    """
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    offered = connection.execute(
        text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    ).scalar_one_or_none()
    remedy = "Install pgvector 0.7 or later on the database's server."
    if offered is None:
        raise StoreError("The PostgreSQL server has no pgvector.", remedy)
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    version, schema = connection.execute(
        text(
            "SELECT extversion, nspname FROM pg_extension "
            "JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'"
        )
    ).one()
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StoreError(f"The database has pgvector {version}.", remedy)
    _METADATA.create_all(connection)
    return str(schema)


def describe_database(url: str) -> str:
    """What serves vectors there, in a few words for a person.

    Raises:
        StoreError: it cannot be reached, has no pgvector, or we may not make tables in it.
    """
    engine = connect(url)
    try:
        with telling_failures(engine), engine.begin() as connection:
            prepare(connection)
            version = connection.execute(
                text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            ).scalar_one()
            sets = connection.execute(select(func.count()).select_from(SETS)).scalar_one()
            return f"{engine.url!r}, pgvector {version}, {sets} sets of vectors"
    finally:
        engine.dispose()


@contextmanager
def telling_failures(engine: Engine) -> Iterator[None]:
    """Raise what the database says as an error for a person, without the password.

    Raises:
        StoreError: it cannot be reached, or does not do what is asked.
    """
    try:
        yield
    except (DBAPIError, NoConnectionLeft, driver_error()) as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreError(
            f"The database at {engine.url!r} cannot be used: {said}.",
            "Check that it runs, that the user may create tables and that its disk has room.",
        ) from error


def as_copy(numbers: Ids, vectors: Vectors) -> Iterator[bytes]:
    """Rows as COPY's binary format has them (PostgreSQL manual, COPY, File Formats)."""
    dimension = vectors.shape[1]
    kind = np.dtype(
        [("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i8"), ("bytes", ">i4"),
         ("dimension", ">i2"), ("unused", ">i2"), ("numbers", ">f2", (dimension,))]
    )  # fmt: skip
    yield _COPY_HEAD
    for start in range(0, len(numbers), _COPIED_AT_ONCE):
        part = vectors[start : start + _COPIED_AT_ONCE]
        rows = np.zeros(len(part), kind)
        rows["fields"], rows["id_bytes"] = 2, 8
        rows["id"] = numbers[start : start + len(part)]
        rows["bytes"], rows["dimension"] = 4 + 2 * dimension, dimension
        rows["numbers"] = part.astype(np.float16)
        yield rows.tobytes()
    yield _COPY_END


def from_sent(sent: list[bytes], dimension: int) -> npt.NDArray[np.float16]:
    """What ``halfvec_send`` gives: two numbers of 16 bits, then the halves, all big-endian."""
    raw = np.frombuffer(b"".join(bytes(one) for one in sent), ">f2")
    return raw.reshape(len(sent), 2 + dimension)[:, 2:].astype(np.float16)


def see(connection: Connection, schema: str) -> None:
    """Let this transaction see the extension's types, in whatever schema they are."""
    path = func.current_setting("search_path").concat(", ").concat(func.quote_ident(schema))
    connection.execute(select(func.set_config("search_path", path, literal(value=True))))


def find_or_make(
    connection: Connection, identity: Identity, dimension: int, *, any_version: bool = False
) -> Row[Any]:
    """What the list of sets says of the encoder's table.

    Raises:
        RegisterError: what is there is of another register version or length.
        StoreError: what is there is of another format.
    """
    known = connection.execute(select(SETS).where(SETS.c.encoder == identity.encoder)).one_or_none()
    if known is not None:
        return check_set(known, identity, dimension, any_version=any_version)
    made = insert(SETS).values(
        format=FORMAT, encoder=identity.encoder, version=identity.version,
        dimension=dimension, ef_search=0, recall=1.0, tuned=0,
    ).returning(SETS)  # fmt: skip
    return connection.execute(made).one()


def check_set(
    known: Row[Any] | None, identity: Identity, dimension: int, *, any_version: bool = False
) -> Row[Any]:
    """What the list of sets says, once it is certain that these vectors are meant.

    Raises:
        RegisterError: there are none, or they are of another register version or length.
        StoreError: they are of another format.
    """
    if known is None:
        raise RegisterError(
            "The encoder's vectors are no longer in the database.",
            "Run again: they are put there anew.",
        )
    if known.format != FORMAT:
        raise StoreError(
            f"The vectors in the database have the format {known.format}, not {FORMAT}.",
            "Drop the tables kiyome_vector*, then run again.",
        )
    if known.dimension != dimension:
        raise RegisterError(
            f"The encoder's vectors in the database have {known.dimension} numbers, "
            f"not {dimension}.",
            "Fill the index again with the encoder of the settings.",
        )
    if not any_version and known.version != identity.version:
        raise RegisterError(
            f"The vectors in the database are of register version {known.version!r}, "
            f"not {identity.version!r}.",
            "Run again: what is there now is searched.",
        )
    return known


def table_of(number: int, dimension: int) -> Table:
    """The table of an encoder."""
    return Table(
        f"kiyome_vectors_{number}",
        MetaData(),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("embedding", Half(dimension), nullable=False),
    )


def use_graph(connection: Connection, ef: int) -> None:
    """Let this transaction's searches use the graph so far, or not at all where ef is 0."""
    settings = {"enable_indexscan": "on" if ef else "off"}
    if ef:
        settings |= {"hnsw.ef_search": str(ef), "enable_seqscan": "off"}
    else:
        settings |= {"enable_seqscan": "on"}
    for name, value in settings.items():
        connection.execute(select(func.set_config(name, value, literal(value=True))))


def nearest_rows(table: Table, queries: Vectors, wanted: int) -> Select[Any]:
    """The rows nearest to each query: place of the query, id, vector as sent, product."""
    texts = cast_to([_as_text(query) for query in queries], ARRAY(Text))
    given = func.unnest(texts).table_valued("query", with_ordinality="place").render_derived()
    vector = cast_to(given.c.query, Half(queries.shape[1])).label("query")
    # Materialised, or the text would be read again for every row that it is compared with.
    asked = select(vector, given.c.place).cte("asked").prefix_with("MATERIALIZED")
    product = table.c.embedding.op("<#>")(asked.c.query)
    near = (
        select(table.c.id, table.c.embedding, product.label("distance"))
        .order_by(product)
        .limit(wanted)
        .lateral()
    )
    return select(
        (asked.c.place - 1).label("place"),
        near.c.id,
        func.halfvec_send(near.c.embedding).label("sent"),
        (-type_coerce(near.c.distance, Float)).label("product"),
    ).select_from(asked.join(near, true()))


def rows_within(table: Table, query: Vectors, floor: float) -> Select[Any]:
    """Every row whose product with the only query is at or above the floor."""
    asked = cast_to(_as_text(query[0]), Half(query.shape[1]))
    distance = table.c.embedding.op("<#>", return_type=Float())(asked)
    return select(
        literal(0).label("place"),
        table.c.id,
        func.halfvec_send(table.c.embedding).label("sent"),
    ).where(distance <= -floor)


def _as_text(vector: npt.NDArray[np.float32]) -> str:
    return f"[{','.join(map(repr, vector.tolist()))}]"


def unique_violation() -> tuple[type[Exception], ...]:
    """The errors that say that an id is there already."""
    from psycopg.errors import UniqueViolation

    return (UniqueViolation, IntegrityError)


def driver_error() -> type[Exception]:
    """The driver's own errors, which COPY raises past SQLAlchemy."""
    from psycopg import Error

    return Error

"""Fixtures that several areas share: a database of each kind, empty and of this test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from models.store.database import Database
from models.store.tables import Base
from tests.postgresql import wait_until_ready

_PREFECT_HOME = Path(tempfile.mkdtemp(prefix="kiyome-prefect-"))
os.environ.update(
    {
        "PREFECT_HOME": str(_PREFECT_HOME),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }
)
os.environ.pop("PREFECT_API_URL", None)


def pytest_unconfigure() -> None:
    """Remove the Prefect home of this session; it was made before Prefect could be imported."""
    shutil.rmtree(_PREFECT_HOME, ignore_errors=True)


POSTGRESQL_VARIABLE = "KIYOME_TEST_POSTGRESQL"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """SQLAlchemy URL of a PostgreSQL server: the one that is named, or a private one.

    The private server listens on a free port of the loopback, keeps nothing, and is started as
    the user ``postgres``, because initdb refuses to run as root.
    """
    if url := os.environ.get(POSTGRESQL_VARIABLE):
        yield url
        return
    binaries = _find_binaries()
    if binaries is None:
        pytest.skip(f"no PostgreSQL: set {POSTGRESQL_VARIABLE} to a SQLAlchemy URL, or install it")
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="kiyome-postgresql-"))
    if as_user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    port = _free_port()
    settings = [
        "--listen_addresses=127.0.0.1",
        f"--port={port}",
        f"--unix_socket_directories={folder}",
        "--fsync=off",
        "--full_page_writes=off",
        "--shared_buffers=32MB",
    ]
    initial = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run(
        [*as_user, binaries / "initdb", *initial],
        check=True,
        capture_output=True,
        cwd="/",
    )
    server = subprocess.Popen(
        [*as_user, binaries / "postgres", "-D", data, *settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    try:
        wait_until_ready(url)
        yield url
    finally:
        subprocess.run(
            [*as_user, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd="/",
        )
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of an empty schema on the PostgreSQL server; it is dropped afterwards."""
    schema = f"kiyome_{uuid.uuid4().hex}"
    engine = create_engine(postgresql_server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(postgresql_server).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database: every test that asks for it runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kiyome.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables and no rows, of each kind in turn."""
    opened = _with_tables(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with all tables and no rows, where the kind does not matter."""
    opened = _with_tables(f"sqlite:///{tmp_path / 'kiyome.db'}")
    yield opened
    opened.dispose()


def _with_tables(url: str) -> Database:
    """Tables as the code declares them; that migrations make the same is a test of its own."""
    database = Database(url)
    Base.metadata.create_all(database.engine)
    return database


def _find_binaries() -> Path | None:
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    usable = [f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()]
    needs_runuser = os.getuid() == 0 and shutil.which("runuser") is None
    return usable[0] if usable and not needs_runuser else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

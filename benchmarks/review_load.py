"""How fast the review page answers many reviewers at once, over a long queue.

A server process (`kiyome review`) works on a database that is filled here; every reviewer is an
account with a session of its own and a real HTTP connection. A decision is one form post and the
page of the next item that it leads to. Between two decisions a reviewer looks for a while, by
default three seconds on average, each wait drawn from an exponential distribution; ``--think 0`` is
as fast as the server goes. List pages are loaded by one more reviewer meanwhile. The same is done
over a queue of 1,000 items first: the baseline.

The processor time of the server process is read from the kernel: on a machine that others use as
well, it says more than the wall clock. The load of the machine is printed with it, and the
processor time that this program, which plays the reviewers, takes for itself. What a PostgreSQL
server takes is not counted.

python benchmarks/review_load.py
python benchmarks/review_load.py --items 1000000 --think 0
python benchmarks/review_load.py --database-url postgresql+psycopg://localhost/load
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy import text

from models.accounts.keeping import create_account
from models.accounts.roles import Role
from models.accounts.sessions import begin_session
from models.canonical import digest_lines
from models.review.desk import DAY_MS
from models.review.enqueueing import enqueue
from models.review.items import Question
from models.review.ranking import PER_DAY
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import ReviewItemRow

BASELINE = 1000
DATASETS = ("large", "small")
BATCH = 100_000
DAYS = 21
"""Over so many days the questions were asked."""

KEPT_OPEN = 4.0
"""Seconds after which a connection that nobody uses is taken for closed."""

SMALL = 50
"""One item in so many is of another dataset."""

_FIELD = re.compile(r'name="(csrf|lease_token|item_version)" value="([^"]*)"')
_REASONS = ("motif_resembles", "name_possible", "consent_undetermined", "unknown_term")
_REASONS_GIVEN = ("copied_motif", "names_protected", "consent_missing")
_CAPTIONS = (
    "1girl, solo, red ribbon, hill, smile",
    "A cat with a ribbon on a hill",
    "丘の上のねこ",
)
_LISTS = ("/", "/?dataset=small", "/?show=decided", "/?page=20")


@dataclass(slots=True)
class Load:
    """What was measured, in seconds; posts are decisions without the page that follows."""

    turns: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)
    lists: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def make_question(number: int) -> tuple[str, Question]:
    """A made-up question as a run would ask it, and its dataset."""
    dataset = DATASETS[1] if number % SMALL == 0 else DATASETS[0]
    asset_id = digest_lines(["load", str(number)])
    reason = _REASONS[number % len(_REASONS)]
    name = f"part-{number % 97:02d}/{number:08d}.png"
    caption = _CAPTIONS[number % len(_CAPTIONS)]
    finding = {
        "kind": "name_possible",
        "detector": "register/1",
        "score": 0.5,
        "explanation": "The caption says 'ribbon', which is registered.",
        "label": "Ribbon",
        "category": "character",
        "caption": 0,
        "start": 0,
        "end": 1,
        "surface": caption[:1],
        "distance": None,
        "reference": "n-1",
        "box": None,
    }
    evidence = {
        "asset": {
            "id": asset_id,
            "name": name,
            "names": [name],
            "width": 800,
            "height": 600,
            "format": "PNG",
        },
        "dataset": dataset,
        "captions": [{"text": caption, "source": f"{name}.txt:1", "rewritten": ""}],
        "findings": [finding],
        "statements": [],
        "reasons": [reason],
        "explanation": {"en": "Something may be protected here.", "ja": "確認が必要です。"},
        "consent": {"en": "Nobody has said anything.", "ja": "意思表示はありません。"},
        "references": [],
        "motifs": {"risk": 0.5, "named_risk": 0.3},
        "policy": "house 3, opt-in",
        "run": "2f6a1c9e",
    }
    digest = digest_lines(["question", asset_id])
    return dataset, Question(asset_id, digest, 200 + number % 700, evidence)


def fill(database: Database, items: int) -> None:
    """Put items into the queue: the first as a run does, the others as copies within the database.

    Copies have ids of their own, and were asked about on some day of the last three weeks.
    """
    by_dataset: dict[str, list[Question]] = {name: [] for name in DATASETS}
    for number in range(min(items, BASELINE)):
        dataset, question = make_question(number)
        by_dataset[dataset].append(question)
    with database.transaction() as session:
        for dataset, questions in by_dataset.items():
            enqueue(session, dataset, questions, None)
    if database.engine.dialect.name == "sqlite":
        drawn = "lower(hex(randomblob(16)))"
    else:
        drawn = "replace(CAST(gen_random_uuid() AS TEXT), '-', '')"
    days = f"(turn % {DAYS})"
    columns = [column.name for column in ReviewItemRow.__table__.columns]
    written = {
        "id": drawn,
        "asset_id": f"{drawn} || {drawn}",
        "asked_ms": f"asked_ms - {DAY_MS} * {days}",
        "created_ms": f"created_ms - {DAY_MS} * {days}",
        "priority": f"priority + {PER_DAY} * {days}",
    }
    copy = (
        f"INSERT INTO review_items ({', '.join(columns)}) "
        f"WITH RECURSIVE turns (turn) AS "
        f"(SELECT 1 UNION ALL SELECT turn + 1 FROM turns WHERE turn < :times) "
        f"SELECT {', '.join(written.get(name, name) for name in columns)} FROM "
        f"(SELECT * FROM review_items ORDER BY priority LIMIT {BASELINE}) AS known, turns"
    )
    made = BASELINE
    while made < items:
        times = min(BATCH, items - made) // BASELINE
        if not times:
            break
        with database.transaction() as session:
            session.execute(text(copy), {"times": times})
        made += times * BASELINE
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.engine.dialect.name == "postgresql":
            # A long queue is measured, and not the minutes after a million rows were written, in
            # which the disk is busy with them and every row that is counted is looked up.
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
        else:
            connection.execute(text("ANALYZE"))


def let_in(database: Database, reviewers: int) -> list[str]:
    """Make accounts, and return a session token for each; the last one is a lead's."""
    tokens = []
    with database.transaction() as session:
        for number in range(reviewers + 1):
            role = Role.LEAD if number == reviewers else Role.REVIEWER
            account = create_account(session, f"load-{number}", role, "benchmark")
            tokens.append(begin_session(session, account, address="", agent="load", how="link"))
    return tokens


class Browser:
    """One connection that stays open, and the session's cookie."""

    def __init__(self, port: int, token: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Cookie": f"kiyome_session={token}", "Accept-Language": "en"}
        self._used = 0.0

    def get(self, path: str) -> tuple[int, str]:
        """A page."""
        self._keep_open()
        self._http.request("GET", path, headers=self._headers)
        answer = self._http.getresponse()
        return answer.status, answer.read().decode()

    def post(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        """A form; the status, and where it leads."""
        self._keep_open()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._http.request("POST", path, urlencode(form), {**self._headers, **kind})
        answer = self._http.getresponse()
        answer.read()
        return answer.status, answer.getheader("Location", "")

    def _keep_open(self) -> None:
        """Connect anew where the server has closed a connection that nobody used."""
        now = time.monotonic()
        if now - self._used > KEPT_OPEN:
            self._http.close()
        self._used = now


def review(browser: Browser, seed: int, think: float, until: float, load: Load) -> None:
    """One reviewer at work until a moment of the clock."""
    chance = random.Random(seed)
    time.sleep(chance.random() * think)  # they do not all begin at once
    _, page = browser.get("/help")
    status, path = browser.post("/next", {"csrf": dict(_FIELD.findall(page))["csrf"]})
    _, page = browser.get(path)
    while time.monotonic() < until:
        form = dict(_FIELD.findall(page))
        # Whether a reason suffices to approve depends on the item; to exclude, any does.
        form |= {"ruling": "exclude", "exclude_reason": chance.choice(_REASONS_GIVEN)}
        began = time.monotonic()
        status, following = browser.post(f"{urlsplit(path).path}/ruling", form)
        posted = time.monotonic()
        if status == 303 and following.startswith("/?held=1"):
            return  # nothing is left
        if status != 303 or not following.startswith("/items/"):
            with load.lock:
                load.wrong.append(f"{status} {following}")
            return
        path = following
        status, page = browser.get(path)
        ended = time.monotonic()
        with load.lock:
            load.posts.append(posted - began)
            load.turns.append(ended - began)
            if status != 200:
                load.wrong.append(f"{status} {path}")
        if think:
            time.sleep(min(chance.expovariate(1 / think), max(0.0, until - time.monotonic())))


def look(browser: Browser, paths: Sequence[str], until: float, load: Load) -> None:
    """Somebody who looks at lists, one every second."""
    turn = 0
    while time.monotonic() < until:
        path = paths[turn % len(paths)]
        turn += 1
        began = time.monotonic()
        status, _ = browser.get(path)
        ended = time.monotonic()
        with load.lock:
            load.lists.setdefault(path, []).append(ended - began)
            if status != 200:
                load.wrong.append(f"{status} {path}")
        time.sleep(max(0.0, 1 - (ended - began)))


def run_load(port: int, tokens: Sequence[str], think: float, seconds: float) -> Load:
    """Let everybody work for a while."""
    load = Load()
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=review, args=(Browser(port, token), seed, think, until, load))
        for seed, token in enumerate(tokens[:-1])
    ]
    threads.append(
        threading.Thread(target=look, args=(Browser(port, tokens[-1]), _LISTS, until, load))
    )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


class Server:
    """`kiyome review` in a process of its own."""

    def __init__(self, workspace: Path, url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {**os.environ, "KIYOME_DATABASE_URL": url}
        program = Path(sys.executable).with_name("kiyome")
        command = [str(program), "review", "--port", str(self.port)]
        command += ["--workspace", str(workspace)]
        self.process = subprocess.Popen(command, env=environment, cwd=workspace.parent)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.1)
            else:
                return

    def read_seconds(self) -> float:
        """Processor time that the process has used."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(30)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of the values does not exceed, in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def describe(values: Sequence[float]) -> str:
    """Three percentiles in words."""
    return "  ".join(
        f"p{share:.0%}".rstrip("%") + f" {percentile(values, share):7.1f} ms"
        for share in (0.5, 0.95, 0.99)
    )


def measure(
    folder: Path, items: int, reviewers: int, think: float, seconds: float, url: str
) -> dict[str, float]:
    """Fill a database, serve it, and let everybody work."""
    workspace = folder / f"workspace-{items}"
    workspace.mkdir(parents=True, exist_ok=True)
    database = open_database(url or f"sqlite:///{workspace / 'load.db'}")
    began = time.monotonic()
    fill(database, items)
    print(f"{items:,} items queued in {time.monotonic() - began:.0f} s", flush=True)
    tokens = let_in(database, reviewers)
    used_url = database.url
    database.dispose()
    server = Server(workspace, used_url)
    try:
        run_load(server.port, tokens, think, 3)
        before, began, own = server.read_seconds(), time.monotonic(), time.process_time()
        load = run_load(server.port, tokens, think, seconds)
        took, used = time.monotonic() - began, server.read_seconds() - before
        own = time.process_time() - own
        busy = os.getloadavg()[0]
    finally:
        server.end()
    rate = len(load.turns) / took
    print(f"  {len(load.turns):,} decisions by {reviewers} reviewers in {took:.0f} s: {rate:.1f}/s")
    print(f"  decide and next, with the page  {describe(load.turns)}")
    print(f"  decide and next, the answer     {describe(load.posts)}")
    for path, times in load.lists.items():
        print(f"  list {path:<26} {describe(times)}")
    each = 1000 * used / max(1, len(load.turns))
    print(
        f"  server: {used:.1f} s of processor time, {used / took:.0%} of one core, "
        f"{each:.1f} ms a decision (lists included)"
    )
    print(f"  reviewers: {own:.1f} s of processor time; load of the machine: {busy:.1f}")
    for wrong in load.wrong[:5]:
        print(f"  WRONG: {wrong}")
    return {
        "items": items,
        "decisions": len(load.turns),
        "per_second": rate,
        "p50_ms": percentile(load.turns, 0.5),
        "p95_ms": percentile(load.turns, 0.95),
        "p99_ms": percentile(load.turns, 0.99),
        "list_p95_ms": percentile([each for times in load.lists.values() for each in times], 0.95),
        "server_ms_per_decision": each,
        "load": busy,
        "wrong": len(load.wrong),
    }


def main() -> None:
    """Measure the baseline, then the long queue."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--baseline", type=int, default=BASELINE, help="0: none")
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--think", type=float, default=3.0, help="seconds, on average")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--database-url", default="", help="an empty database, for --items only")
    parser.add_argument("--keep", type=Path, help="keep the databases in this folder")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="kiyome-load-"))
    # Baseline reviewers must not run dry: each item is ruled on once.
    longest = (given.reviewers, given.think, given.seconds)
    results = []
    try:
        if given.baseline:
            results.append(measure(folder, given.baseline, *longest, ""))
        results.append(measure(folder, given.items, *longest, given.database_url))
    finally:
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(results))


if __name__ == "__main__":
    main()

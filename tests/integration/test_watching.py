"""Watching a real workspace: figures, alerts told once, mail to a real server, metrics."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_string
from email.policy import default
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update
from starlette.testclient import TestClient

from flows.cli import kiyome
from models.review.queue import Question, enqueue
from models.runs import fail_run, finish_run, start_run
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import OutboxRow, RunRow
from models.watching.alerting import list_raised, note_alerts
from models.watching.conditions import Alert, Kind, Limits
from models.watching.figures import gather_figures
from models.watching.looking import look, look_and_tell
from models.watching.metrics import render_metrics
from models.watching.progress import ProgressNote
from models.workspace import hold_workspace, is_held
from review_ui.app import create_app
from tests.pipeline import make_settings

AGED = Alert(Kind.QUEUE_AGES, "posters", "3 items wait.", "Ask for reviewers.")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace of this test's own."""
    found = make_settings(tmp_path, alert_free_gib=0, alert_outbox_hours=0)
    found.workspace.mkdir()
    return found


def end_well(database: Database, **counts: int) -> str:
    """A run that ended well."""
    run_id = start_run(database, "posters")
    finish_run(database, run_id, inputs="", release="", counts=counts, holds_until=None)
    return run_id


class TestFigures:
    """What is read."""

    def test_an_empty_system_has_figures_too(self, settings: Settings, database: Database) -> None:
        seen = gather_figures(settings, database)
        assert (seen.datasets, seen.rulings, seen.ledger) == ((), 0, None)

    def test_a_run_that_goes_on_shows_how_far_it_has_come(
        self, settings: Settings, database: Database
    ) -> None:
        run_id = start_run(database, "posters")
        note = ProgressNote(settings.workspace, run_id, 8)
        note.note(0)
        note.note(8)
        with hold_workspace(settings.workspace):
            (dataset,) = gather_figures(settings, database).datasets
        assert dataset.last is not None
        assert dataset.last.progress is not None
        assert (dataset.last.progress.finished, dataset.last.progress.total) == (8, 8)
        assert dataset.last.progress.seconds_left == 0

    def test_a_run_whose_process_is_gone_is_interrupted_before_another_one_begins(
        self, settings: Settings, database: Database
    ) -> None:
        start_run(database, "posters")
        figures, alerts = look(settings, database)
        assert figures.datasets[0].last is not None
        assert figures.datasets[0].last.status == "interrupted"
        assert [alert.kind for alert in alerts] == [Kind.RUN_INTERRUPTED]
        holder = {"pid": os.getpid(), "host": socket.gethostname()}
        for since, held in (("2000-01-01T00:00:00+00:00", False), ("2999-01-01T00:00:00", True)):
            file = settings.workspace / "run.holder.json"
            file.write_text(json.dumps({**holder, "since": since}))
            assert is_held(settings.workspace) is held
        file.write_text(json.dumps({**holder, "since": since, "host": "elsewhere"}))
        assert is_held(settings.workspace)

    def test_a_run_took_as_long_as_its_summary_says(
        self, settings: Settings, database: Database
    ) -> None:
        end_well(database, milliseconds=12_340)
        (dataset,) = gather_figures(settings, database).datasets
        assert dataset.finished[0].seconds == 12.34

    def test_the_opt_in_share_is_that_of_the_newest_good_run(
        self, settings: Settings, database: Database
    ) -> None:
        end_well(database, opt_in=9, opt_out=1)
        with database.transaction() as session:  # a database's clock may stand still for two rows
            session.execute(update(RunRow).values(finished_ms=RunRow.finished_ms - 10))
        end_well(database, opt_in=3, opt_out=1)
        (dataset,) = gather_figures(settings, database).datasets
        assert [run.opt_in_share for run in dataset.finished] == [0.75, 0.9]


class TestAlerts:
    """What people are told."""

    def test_it_is_told_once_and_once_more_when_it_is_over(self, database: Database) -> None:
        assert note_alerts(database, [AGED]).raised == (AGED,)
        again = note_alerts(database, [replace(AGED, problem="4 items wait.")])
        assert (again.raised, again.cleared) == ((), ())
        assert [alert.problem for alert in again.standing] == ["4 items wait."]
        assert note_alerts(database, []).cleared == (AGED,)
        assert note_alerts(database, [AGED]).raised == (AGED,)

    def test_webhooks_are_told_the_kind_and_no_sentence(self, database: Database) -> None:
        note_alerts(database, [AGED])
        note_alerts(database, [])
        with database.snapshot() as session:
            query = select(OutboxRow.topic, OutboxRow.payload).order_by(OutboxRow.topic)
            rows = [(topic, json.loads(payload)) for topic, payload in session.execute(query)]
        told = {"kind": "queue_ages", "subject": "posters"}
        assert rows == [("alert.cleared", told), ("alert.raised", told)]

    def test_what_is_told_can_be_listed(self, database: Database) -> None:
        note_alerts(database, [AGED])
        with database.snapshot() as session:
            ((alert, since),) = list_raised(session)
        assert alert == AGED
        assert since > 0

    def test_limits_come_from_the_settings(self, settings: Settings) -> None:
        changed = settings.model_copy(update={"alert_queue_days": 2.5})
        assert Limits.of(changed).queue_days == 2.5


class _Inbox:
    def __init__(self) -> None:
        self.messages: list[str] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        self.messages.append(envelope.content.decode())  # type: ignore[attr-defined]
        return "250 taken"


@pytest.fixture
def inbox() -> Iterator[tuple[_Inbox, str]]:
    """A mail server on this machine, and its address."""
    handler = _Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"smtp://127.0.0.1:{port}"
    controller.stop()


class TestMail:
    """What comes by mail."""

    def test_a_failed_run_is_mailed_with_what_to_do(
        self, settings: Settings, database: Database, inbox: tuple[_Inbox, str]
    ) -> None:
        handler, address = inbox
        error = RuntimeError("The disk is full.\nFree some space.")
        fail_run(database, start_run(database, "posters"), error)
        told = look_and_tell(
            settings.model_copy(
                update={"alert_mail_to": ("ops@example.com",), "alert_smtp": address}
            ),
            database,
        )
        assert told.mail, told.trouble
        (mail,) = handler.messages
        read = message_from_string(mail, policy=default)
        assert (
            read["Subject"].strip().startswith("[Kiyome] The last run of posters failed: The disk")
        )
        assert read["To"] == "ops@example.com"
        assert "kiyome cleanse" in read.get_content()
        assert look_and_tell(settings, database).change.raised == ()

    def test_a_server_that_is_away_keeps_nobody_else_from_being_told(
        self, settings: Settings, database: Database
    ) -> None:
        fail_run(database, start_run(database, "posters"), RuntimeError())
        told = look_and_tell(
            settings.model_copy(
                update={"alert_mail_to": ("ops@example.com",), "alert_smtp": "smtp://127.0.0.1:9"}
            ),
            database,
        )
        assert not told.mail
        assert "Check alert_smtp" in told.trouble
        with database.snapshot() as session:
            assert len(list_raised(session)) == 1

    @pytest.mark.parametrize(
        "address",
        ["", "mail.example.com", "smtp://me:secret@mail.example.com", "http://x", "smtp://"],
    )
    def test_an_address_that_cannot_be_used_is_said_without_its_password(
        self, settings: Settings, database: Database, address: str
    ) -> None:
        fail_run(database, start_run(database, "posters"), RuntimeError())
        told = look_and_tell(
            settings.model_copy(
                update={"alert_mail_to": ("ops@example.com",), "alert_smtp": address}
            ),
            database,
        )
        assert "alert_smtp cannot be used" in told.trouble
        assert "secret" not in told.trouble


def test_metrics_are_what_prometheus_reads(settings: Settings, database: Database) -> None:
    end_well(database, clear=7, exclude=2, review=1, error=0, opt_in=6, opt_out=1)
    text = render_metrics(*look(settings, database)).decode()
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    posters = ("dataset", "posters")
    assert found["kiyome_assets", (posters, ("verdict", "clear"))] == 7
    assert found["kiyome_opt_in_share", (posters,)] == pytest.approx(6 / 7)
    assert found["kiyome_last_run_state", (posters, ("state", "finished"))] == 1
    assert all(re.fullmatch(r"kiyome_[a-z_]+", name) for name, _ in found)


class TestMetricsPage:
    """What a Prometheus server is given."""

    def ask(self, settings: Settings, database: Database, token: str | None) -> httpx.Response:
        """Ask the review page for metrics."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with TestClient(create_app(settings, database), "http://127.0.0.1:8620") as client:
            return client.get("/metrics", headers=headers)

    def test_it_takes_the_token(self, settings: Settings, database: Database) -> None:
        with_token = settings.model_copy(update={"metrics_token": "long and secret"})
        answer = self.ask(with_token, database, "long and secret")
        assert answer.status_code == 200
        assert b"kiyome_disk_free_bytes" in answer.content

    @pytest.mark.parametrize("token", [None, "", "long and", "Long and secret"])
    def test_without_the_right_token_nothing_is_said(
        self, settings: Settings, database: Database, token: str | None
    ) -> None:
        with_token = settings.model_copy(update={"metrics_token": "long and secret"})
        answer = self.ask(with_token, database, token)
        assert answer.status_code == 401
        assert b"kiyome_" not in answer.content

    def test_there_is_no_such_page_without_a_token_in_the_settings(
        self, settings: Settings, database: Database
    ) -> None:
        assert self.ask(settings, database, "").status_code == 404


class TestCommand:
    """kiyome status"""

    def test_it_says_what_needs_a_person_and_exits_with_1(self, settings: Settings) -> None:
        database = open_database(settings.resolved_database_url)
        fail_run(database, start_run(database, "posters"), RuntimeError("The disk is full."))
        database.dispose()
        said = CliRunner().invoke(kiyome, ["status", "--workspace", str(settings.workspace)])
        assert said.exit_code == 1
        assert "failed" in said.output
        assert "Needs a person" in said.output
        assert "The disk is full." in said.output

    def test_items_to_review_are_named_where_nothing_else_needs_a_person(
        self, settings: Settings
    ) -> None:
        database = open_database(settings.resolved_database_url)
        end_well(database, clear=7)
        calm = ["status", "--workspace", str(settings.workspace)]
        at_ease = CliRunner(env={"KIYOME_ALERT_FREE_GIB": "0"})
        assert "Nothing needs a person." in at_ease.invoke(kiyome, calm).output
        question = Question("5f" * 32, "a1" * 32, 700, {})
        with database.transaction() as session:
            enqueue(session, "posters", [question], still_asked=None)
        database.dispose()
        assert "except the items to review" in at_ease.invoke(kiyome, calm).output

    def test_json_holds_the_same(self, settings: Settings) -> None:
        database = open_database(settings.resolved_database_url)
        end_well(database, clear=7)
        database.dispose()
        said = CliRunner(env={"KIYOME_ALERT_FREE_GIB": "0"}).invoke(
            kiyome, ["status", "--json", "--workspace", str(settings.workspace)]
        )
        assert said.exit_code == 0, said.output
        assert json.loads(said.output)["datasets"][0]["finished"][0]["counts"]["clear"] == 7

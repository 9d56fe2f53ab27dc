"""Runners: what the settings may ask for, and what a process elsewhere has to agree on."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner

from flows import runners
from flows.prefect_environment import telling_lost_server
from flows.runners import make_runner, reachable_server, telling_losses
from models.errors import RunnerError, SettingsError
from models.runs import start_run
from models.settings import Settings, load_settings
from models.store.schema import open_database
from tasks import elsewhere
from tasks.elsewhere import Handover, describe_equipment, hand_over_shards, open_desk_elsewhere
from tasks.order import open_desk, write_order
from tests.pipeline import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace of this test's own."""
    made = make_settings(tmp_path)
    made.workspace.mkdir()
    return made


@pytest.fixture
def order(settings: Settings) -> Iterator[str]:
    """The order of a run that has begun."""
    database = open_database(settings.resolved_database_url)
    run_id = start_run(database, "set")
    yield str(write_order(run_id, "set", "/set", "auto", settings, database))
    open_desk.cache_clear()
    database.dispose()


@pytest.fixture
def handover(order: str, monkeypatch: pytest.MonkeyPatch) -> Handover:
    """What the leading process hands over; this process has opened no desk yet."""
    monkeypatch.setattr(elsewhere, "_kept", elsewhere._Kept())
    return hand_over_shards(open_desk(order), attempt=1)


@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_a_runner_whose_extra_is_missing_is_refused_and_the_message_installs_it(
    runner: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=rf"pip install 'kiyome\[{runner}\]'"):
        make_runner(settings.model_copy(update={"runner": runner}))


def test_threads_are_as_many_as_the_settings_say(settings: Settings) -> None:
    runner = make_runner(settings.model_copy(update={"workers": 3}))
    assert isinstance(runner, ThreadPoolTaskRunner)
    assert runner._max_workers == 3


@pytest.mark.parametrize(
    ("runner", "address"), [("dask", "ray://host:10001"), ("ray", "tcp://host:8786")]
)
def test_the_address_of_another_kind_of_cluster_is_refused(
    runner: str, address: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "require_extra", lambda _: None)
    with pytest.raises(SettingsError, match=f"no address of a {runner} cluster"):
        make_runner(settings.model_copy(update={"runner": runner, "runner_address": address}))


@pytest.mark.parametrize("address", ["tcp://user:secret@host:1", "host", "/var/run/x", "tcp://"])
def test_an_address_with_a_secret_or_without_a_port_is_no_setting(address: str) -> None:
    with pytest.raises(SettingsError):
        load_settings(runner_address=address)


def test_workers_elsewhere_need_a_server_that_they_can_reach(settings: Settings) -> None:
    given = {"runner": "dask", "runner_address": "tcp://10.0.0.5:8786"}
    far = settings.model_copy(update=given)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4200/api"}),
        pytest.raises(SettingsError, match="cannot reach the Prefect server"),
        reachable_server(far),
    ):
        pytest.fail("it was let through")
    with (
        temporary_settings({PREFECT_API_URL: "http://10.0.0.4:4200/api"}),
        reachable_server(far),
    ):
        assert PREFECT_API_URL.value() == "http://10.0.0.4:4200/api"


def test_a_cluster_that_does_not_answer_is_told_in_a_sentence(settings: Settings) -> None:
    pytest.importorskip("prefect_dask")
    lost = settings.model_copy(update={"runner": "dask", "runner_address": "tcp://10.0.0.5:1"})
    with (
        pytest.raises(RunnerError, match=r"tcp://10\.0\.0\.5:1 did not carry out the run"),
        telling_losses(lost),
    ):
        raise TimeoutError("no answer")


@pytest.mark.parametrize("here", ["RAY_AUTH_TOKEN", "file", ""])
def test_a_ray_cluster_that_runs_already_is_sent_the_token_that_is_here(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")  # so that what is set below is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    if here == "file":
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text("a token")
    elif here:
        monkeypatch.setenv(here, "a token")
    runners._send_ray_token()
    assert os.environ.get("RAY_AUTH_MODE") == ("token" if here else None)


def test_a_ray_head_that_does_not_answer_may_be_one_that_asks_for_a_token(
    settings: Settings,
) -> None:
    pytest.importorskip("prefect_ray")
    given = {"runner": "ray", "runner_address": "ray://10.0.0.5:10001"}
    with (
        pytest.raises(RunnerError, match="RAY_AUTH_TOKEN"),
        telling_losses(settings.model_copy(update=given)),
    ):
        raise ConnectionError("ray client connection timeout")


def test_a_prefect_server_that_is_gone_is_told_in_a_sentence() -> None:
    with pytest.raises(RunnerError, match="does not answer"), telling_lost_server():
        raise RuntimeError("Failed to reach API at http://127.0.0.1:4200/api/")
    with pytest.raises(RuntimeError, match="something else"), telling_lost_server():
        raise RuntimeError("something else")


def test_an_error_of_the_disk_stays_what_it_is_with_threads(settings: Settings) -> None:
    with pytest.raises(OSError, match="full"), telling_losses(settings):
        raise OSError(28, "full")


def test_a_process_that_agrees_gets_a_desk_of_one_thread_and_keeps_it(
    order: str, handover: Handover
) -> None:
    desk = open_desk_elsewhere(order, handover)
    assert desk.settings.workers == 1
    assert open_desk_elsewhere(order, handover) is desk


def test_a_later_attempt_reads_rulings_and_refusals_anew(order: str, handover: Handover) -> None:
    desk = open_desk_elsewhere(order, handover)
    first = desk.bench
    assert open_desk_elsewhere(order, handover).bench is first
    assert open_desk_elsewhere(order, replace(handover, attempt=2)).bench is not first


def test_a_process_without_the_workspace_is_refused(order: str, handover: Handover) -> None:
    with pytest.raises(SettingsError, match="does not see the workspace"):
        open_desk_elsewhere(order + ".elsewhere", handover)


def test_a_process_without_a_secret_is_refused_by_the_name_of_its_variable(
    order: str, handover: Handover
) -> None:
    with pytest.raises(SettingsError, match="KIYOME_DATABASE_URL") as refused:
        open_desk_elsewhere(order, replace(handover, secrets=("database_url",)))
    assert socket.gethostname() in str(refused.value)


def test_a_process_that_looks_into_another_database_is_refused(
    order: str, handover: Handover, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/another.db"
    open_database(url).dispose()
    monkeypatch.setenv("KIYOME_DATABASE_URL", url)
    with pytest.raises(SettingsError, match="does not know the run"):
        open_desk_elsewhere(order, handover)


def test_a_process_that_examines_with_something_else_is_refused(
    order: str, handover: Handover
) -> None:
    with pytest.raises(SettingsError, match="other code, models or registers"):
        open_desk_elsewhere(order, replace(handover, equipment="0" * 64))


def test_two_machines_share_no_sqlite_file(order: str, handover: Handover) -> None:
    with pytest.raises(SettingsError, match="PostgreSQL"):
        open_desk_elsewhere(order, replace(handover, host="another.example"))


def test_a_refused_process_is_asked_again_from_the_beginning(
    order: str, handover: Handover
) -> None:
    with pytest.raises(SettingsError):
        open_desk_elsewhere(order, replace(handover, equipment="0" * 64))
    assert open_desk_elsewhere(order, handover).order.dataset == "set"


@pytest.mark.parametrize("change", [{"max_pixels": 1_000}, {"encoder": "builtin:art"}])
def test_what_detectors_are_made_with_is_part_of_the_equipment(
    change: dict[str, Any], order: str, settings: Settings
) -> None:
    from models.detectors import load_detectors

    desk = open_desk(order)
    other = settings.model_copy(update=change)
    changed = load_detectors(other, desk.policy, settings.policy.parent, desk.database)
    assert describe_equipment(changed) != describe_equipment(desk.detectors)

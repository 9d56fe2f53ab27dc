"""What is said before a re-cleansing, and where a schedule's dataset lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.serve import absolute_root, say_if_missing
from models.policy import load_policy
from models.recleansing.forecast import describe_state, recall_state, remember_state, tell_causes
from tests.pipeline import make_settings


def test_a_changed_policy_is_named_with_what_it_was(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    before = describe_state({"rulings": {}}, load_policy(settings.policy))
    settings.policy.write_text(settings.policy.read_text().replace('version = "1"', 'version="2"'))
    now = describe_state({"rulings": {}}, load_policy(settings.policy))
    assert tell_causes(before, now) == ("the policy (test 2, opt-in; it was test 1, opt-in)",)
    assert tell_causes(now, now) == ()
    assert tell_causes({}, now) == ()


def test_a_run_that_is_no_re_cleansing_keeps_what_the_last_one_took(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "set"
    folder.mkdir(parents=True)
    remember_state(tmp_path, "set", {"policy": "a"}, {"shards": 2.0})
    remember_state(tmp_path, "set", {"policy": "b"})
    assert recall_state(tmp_path, "set") == ({"policy": "b"}, {"shards": 2.0})


def test_a_dataset_is_told_without_the_way_that_led_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ops", "data", "far/away"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ops" / "link").symlink_to(tmp_path / "far" / "away")
    monkeypatch.chdir(tmp_path / "ops")
    assert absolute_root("../data") == str(tmp_path / "data")
    assert absolute_root("link/../data") == str(tmp_path / "ops" / "link" / ".." / "data")
    assert absolute_root("s3://bucket/../data") == "s3://bucket/../data"


def test_a_root_that_is_not_there_is_said_before_its_first_run_is_due(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for root in (str(tmp_path), "s3://bucket/data", str(tmp_path / "typo")):
        say_if_missing(root)
    (said,) = capsys.readouterr().err.splitlines()
    assert said == f"There is nothing at {tmp_path / 'typo'} now: runs fail until there is."

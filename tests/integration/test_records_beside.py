"""A process beside the one that enters a release makes the records that would be made there."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from models.errors import LedgerError
from models.settings import Settings
from tasks.order import open_desk
from tasks.preloading import begin_preloading, begin_process
from tasks.recording import RecordMaker, make_beside, open_link, take_end
from tasks.walkers import Walkers
from tests.recleansing import KNOWN_POLICY, MANY_SHARDS, make_known, run_cleanse, run_recleanse

pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a workspace with a dataset whose shards are walked by processes."""
    root, settings = make_known(tmp_path_factory.mktemp("known"), shard_size=MANY_SHARDS)
    run_cleanse(root, settings)
    return settings


def edit_policy(settings: Settings, version: str, character: str) -> None:
    edited = KNOWN_POLICY.replace('version = "1"', f'version = "{version}"')
    settings.policy.write_text(f'{edited}character = "{character}"\n', encoding="utf-8")


def test_another_process_makes_the_records_that_are_made_here(
    known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    offer = Walkers.offer

    def remember(walkers: Walkers, work: Any, *given: Any) -> Any:
        asked.append((work, *given))
        return offer(walkers, work, *given)

    monkeypatch.setattr(Walkers, "offer", remember)
    edit_policy(known, "2", "exclude")
    run_recleanse(known)
    ((order, release, verdicts, _),) = [given for work, *given in asked if work is make_beside]
    entering, making = open_link()
    environment = (dict(os.environ),)
    with ProcessPoolExecutor(1, begin_preloading(), begin_process, environment) as pool:
        done = pool.submit(make_beside, order, release, verdicts, making)
        with take_end(entering) as link:
            link.recv()
            link.send(1)
            there = [list(link.recv()) for _ in verdicts[1:]]
        done.result()
    maker = RecordMaker(open_desk(order), release)
    assert there == [list(maker.make(verdict)) for verdict in verdicts[1:]]
    assert len(there) > 1
    assert all(there)


def test_where_a_release_cannot_be_entered_nobody_waits_for_it(known: Settings) -> None:
    key = known.workspace / "ledger" / "private" / "references.key"
    kept: bytes = key.read_bytes()
    edit_policy(known, "3", "review")
    key.write_bytes(b"")
    with pytest.raises(LedgerError, match=r"references\.key is missing or damaged"):
        run_recleanse(known)
    key.write_bytes(kept)
    assert run_recleanse(known).summary.ledger_size > 0

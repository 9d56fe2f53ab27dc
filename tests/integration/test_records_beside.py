"""A process beside the one that enters a release makes the records that would be made there."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest

from models.ledger.written import WrittenRecord
from tasks.order import open_desk
from tasks.preloading import begin_preloading, begin_process
from tasks.recording import RecordMaker, make_beside, open_link
from tasks.walkers import Walkers
from tests.recleansing import KNOWN_POLICY, MANY_SHARDS, make_known, run_cleanse, run_recleanse

pytestmark = pytest.mark.prefect


def test_another_process_makes_the_records_that_are_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, settings = make_known(tmp_path, shard_size=MANY_SHARDS)
    run_cleanse(root, settings)
    edited = KNOWN_POLICY.replace('version = "1"', 'version = "2"') + 'character = "exclude"\n'
    settings.policy.write_text(edited, encoding="utf-8")
    asked: list[tuple[Any, ...]] = []
    do_beside = Walkers.do_beside

    def remember(walkers: Walkers, work: Any, *given: Any) -> Any:
        asked.append((work, *given))
        return do_beside(walkers, work, *given)

    monkeypatch.setattr(Walkers, "do_beside", remember)
    run_recleanse(settings)
    (order, release, verdicts, _) = next(given for work, *given in asked if work is make_beside)
    entering, making = open_link()
    environment = (dict(os.environ),)
    with ProcessPoolExecutor(1, begin_preloading(), begin_process, environment) as pool:
        done = pool.submit(make_beside, order, release, verdicts, making)
        with ForkingPickler.loads(entering) as link:
            link.recv()
            link.send(1)
            handed = [zip(*link.recv(), strict=True) for _ in verdicts[1:]]
        done.result()
    there = [list(map(WrittenRecord._make, records)) for records in handed]
    maker = RecordMaker(open_desk(order), release)
    assert there == [maker.make(verdict) for verdict in verdicts[1:]]
    assert len(there) > 1
    assert all(there)

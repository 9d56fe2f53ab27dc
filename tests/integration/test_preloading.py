"""Processes that walk shards are forked from one that has loaded what they need."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tasks.preloading import begin_preloading, begin_process

VARIABLE = "KIYOME_SAID_LATER"


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """A process that is asked for after its variable was set, which its origin does not have."""
    context = begin_preloading()
    with ProcessPoolExecutor(1, context, begin_process, ({**os.environ, VARIABLE: "yes"},)) as made:
        yield made


def test_a_process_has_the_environment_of_whoever_asks_for_it(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(os.getenv, VARIABLE).result() == "yes"
    assert pool.submit(os.getenv, "PATH").result() == os.environ["PATH"]


def test_a_process_has_loaded_what_walkers_need_before_it_is_asked(
    pool: ProcessPoolExecutor,
) -> None:
    assert pool.submit(_has_loaded, "tasks.walking").result()


def _has_loaded(module: str) -> bool:
    return module in sys.modules

"""Deep nesting is measured before it is parsed, and the recursion limit stays what it is."""

from __future__ import annotations

import json
import sys
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from models.recursion import is_nested_deeper, keeping_recursion_limit

values = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\ab', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"', max_size=2), inner),
    max_leaves=12,
)


def depth_of(value: object) -> int:
    if not isinstance(value, list | dict):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0)


@given(values)
def test_the_depth_of_json_is_measured_without_parsing_it(value: object) -> None:
    depth = depth_of(value)
    assert not is_nested_deeper(json.dumps(value), depth)
    assert depth == 0 or is_nested_deeper(json.dumps(value), depth - 1)


def test_hostile_text_is_measured_in_time() -> None:
    started = time.monotonic()
    for text in ("[" * 10**6, '"' * 10**6, '"\\' * 10**6, "]" * 10**6):
        is_nested_deeper(text, 64)
    assert time.monotonic() - started < 10


def test_the_recursion_limit_is_kept_also_by_several_threads_at_once() -> None:
    before = sys.getrecursionlimit()

    def load() -> None:
        with keeping_recursion_limit():
            sys.setrecursionlimit(before + 1000)
            time.sleep(0.01)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.getrecursionlimit() == before

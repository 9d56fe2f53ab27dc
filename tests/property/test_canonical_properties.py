"""Canonical JSON: the quick way writes what the reference writes."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from models.canonical import canonical_json

_PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e30, 1e30)
)
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(_VALUES)
def test_every_value_is_written_as_the_reference_writes_it(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        with pytest.raises(type(error)):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected


def test_every_character_is_written_as_the_reference_writes_it() -> None:
    for character in map(chr, [*range(0x2100), 0xFEFF, 0xFFFF, 0x1F600]):
        assert canonical_json([character]) == rfc8785.dumps([character])


@pytest.mark.parametrize("value", ["\ud800", {"a": "\udfff"}, 2**53, float("nan")])
def test_what_json_cannot_express_is_refused(value: Any) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json(value)

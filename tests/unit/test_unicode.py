"""Text that cannot be shown as it is."""

from __future__ import annotations

import pytest

from models.unicode import escape_unprintable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b.png", "a b.png"),
        ("橋の上\u3000夜.png", "橋の上\u3000夜.png"),
        ("\x1b[2J\n.png", "\\x1b[2J\\n.png"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_and_not_sent(text: str, shown: str) -> None:
    assert escape_unprintable(text) == shown

"""The example in docs/datasets.md prints what the page says it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from models.assets.layouts import LAYOUTS
from tests.assets_files import fill, picture

PAGE = Path(__file__).resolve().parents[2] / "docs" / "datasets.md"


def test_the_example_prints_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, bytes | str] = {
        "a.png": picture(),
        "a.txt": "a girl on a bridge\n",
        "copy/a.png": picture(),
        "copy/a.txt": "橋の上の少女",
        "b.png": picture(1),
        "b.txt": "a red house",
        "b.caption": "a blue house",
        "empty.png": b"",
    }
    fill(tmp_path / "sample", files)
    monkeypatch.chdir(tmp_path)
    code, output = re.findall(r"```(?:python|text)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == output


def test_the_page_names_every_layout() -> None:
    page = PAGE.read_text("utf-8")
    for layout in LAYOUTS:
        assert f"| `{layout.name}` |" in page

"""What docs/review.md says is so: its example runs, and its tables are complete."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

from models.review.queue import RULING_REASONS, RulingReason
from models.settings import Settings
from tests.review_seed import make_evidence

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "review.md").read_text("utf-8")


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    said = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code[0], {})
    finally:
        os.chdir(before)
    assert printed.getvalue() == said[0]


def test_every_reason_code_is_listed_with_its_ruling_and_its_words() -> None:
    rows = re.findall(r"\| `(\w+)` \| (approve|exclude|rewrite) \| (yes)? ?\| (.+) \|", TEXT)
    listed = {code: (ruling, bool(note), words) for code, ruling, note, words in rows}
    assert listed == {
        code.value: (reason.ruling.value, reason.needs_note, reason.en)
        for code, reason in ((code, RULING_REASONS[code]) for code in RulingReason)
    }


def test_every_key_of_the_evidence_is_listed() -> None:
    table = TEXT.split("## Evidence")[1].split("Pictures are not part")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(
        make_evidence("0" * 64, "a.png")
    )


def test_the_address_is_the_default_one() -> None:
    settings = Settings.model_fields
    assert f"http://{settings['review_host'].default}:{settings['review_port'].default}" in TEXT

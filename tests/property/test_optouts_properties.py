"""Opt-out lists: what holds for every input."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from models.consent.optouts import iterate_entries, iterate_said, read_optouts
from models.consent.optouts.columns import Role
from models.consent.optouts.names import read_name
from models.consent.purposes import Preference
from models.errors import DatasetError

words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)
awkward = st.text(st.sampled_from('",\n\r; \tabc#'), max_size=12)
naming = st.sampled_from([Role.SHA256, Role.CID, Role.URL, Role.DOMAIN, Role.PDQ, Role.ISCC])


def counted(data: bytes) -> tuple[int, int, int]:
    """Rows, entries and bad rows of a list that is taken whatever it holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(data)
        optouts = read_optouts(path, "x", forced=True)
        said = list(iterate_said(optouts))
        assert sum(1 for _ in iterate_entries(optouts)) == optouts.entries
        for each in said:
            assert set(each.statement.preferences.values()) == {Preference.NOT_ALLOWED}
        return optouts.rows, optouts.entries, optouts.bad_rows


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_a_dataset_error(data: bytes) -> None:
    try:
        rows, entries, bad_rows = counted(data)
    except DatasetError:
        return
    assert entries <= rows
    assert bad_rows <= rows


@given(st.lists(awkward | words, max_size=12))
def test_every_row_is_an_entry_or_a_problem(reasons: list[str]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["url", "reason"])
    for number, reason in enumerate(reasons):
        writer.writerow([f"https://a.example/{number}", reason])
    rows, entries, bad_rows = counted(out.getvalue().encode())
    assert entries == len(reasons)
    assert bad_rows <= rows - entries + bad_rows


@given(st.lists(awkward, min_size=1, max_size=8), st.integers(0, 8))
def test_a_refusal_on_its_own_line_survives_broken_lines_before_it(
    broken: list[str], place: int
) -> None:
    lines = [text.replace("\n", "").replace("\r", "") for text in broken]
    lines.insert(min(place, len(lines)), "https://a.example/kept,x")
    data = ("url,reason\n" + "\n".join(lines) + "\n").encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(data)
        optouts = read_optouts(path, "x", forced=True)
        found = {str(s) for entry in iterate_entries(optouts) for s in entry.subjects}
        told = " ".join(problem.note for problem in optouts.problems)
    assert "url:https://a.example/kept" in found or "a.example/kept" in told


@given(naming, words | st.text(max_size=80))
def test_a_name_once_read_is_read_as_itself(role: Role, text: str) -> None:
    try:
        subject = read_name(role, text)
    except ValueError:
        return
    assert read_name(Role(subject.kind.value), subject.value) == subject

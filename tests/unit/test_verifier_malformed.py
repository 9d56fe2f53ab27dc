"""Malformed files are failed checks, never exceptions, and take no time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.verifier_files import make_log, write
from tests.verifier_malformed import malformed_files
from tests.verifiers import Question, ask_python
from verifier.canonical import decode_file, encode
from verifier.cli import main
from verifier.report import CheckError

LOG, FILES = malformed_files()


@pytest.mark.parametrize("name", FILES)
def test_a_malformed_file_fails_with_one_sentence(name: str) -> None:
    report = ask_python(Question(FILES[name], key=LOG.vkey))
    assert report["outcome"] == "fails"
    (fault,) = (check for check in report["checks"] if check["status"] == "failed")
    assert fault["detail"].endswith(".")
    assert len(fault["detail"]) < 1000


def test_a_raised_recursion_limit_does_not_let_deep_nesting_end_the_process() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        report = ask_python(Question(FILES["10 MB of objects"]))
    finally:
        sys.setrecursionlimit(limit)
    assert report["outcome"] == "fails"


def test_text_is_kept_as_it_is_in_canonical_json() -> None:
    value = {"a": '"\\\b\f\n\r\t\x01\x7f\u2028\u00e9\U0001f600/', "b": [True, False, None, -5]}
    data = encode(value) + b"\n"
    assert decode_file(data) == value
    assert (
        data
        == (
            '{"a":"\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\u2028\u00e9\U0001f600/","b":[true,false,null,-5]}\n'
        ).encode()
    )


@pytest.mark.parametrize(
    "text", ['{"a":1.5}', '{"a":1e21}', '{"\u00e9":1}', '{"a":9007199254740992}']
)
def test_what_two_languages_may_read_differently_is_refused(text: str) -> None:
    with pytest.raises(CheckError):
        decode_file(text.encode() + b"\n")


@pytest.mark.parametrize("kind", ["missing", "pipe", "nul"])
def test_what_cannot_be_read_was_not_checked(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    named = f"{path}\0" if kind == "nul" else str(path)
    assert main([named]) == 2
    assert "could not be checked" in capsys.readouterr().out


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(b"{")
        file.truncate(1 << 40)
    assert main([str(path)]) == 1


def test_a_hostile_name_is_escaped_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a\x1b[2J\u202e.json"
    path.write_bytes(write(make_log(3).inclusion(1)))
    assert main([str(path)]) == 0
    said = capsys.readouterr().out
    assert "\\x1b[2J\\u202e" in said
    assert "\x1b" not in said

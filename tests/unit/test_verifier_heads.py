"""Several files together: forks, old heads, and what links one head to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.ledger.note import Signer, sign_checkpoint
from tests.verifier_files import ORIGIN, SampleLog, make_log, write
from verifier.cli import verify
from verifier.heads import Trust
from verifier.note import Key, Note


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log, fork = make_log(3, 2, 9), make_log(3, 2, 9)
    fork.leaves[1] = bytes(32)
    for name, value in {
        "now": log.inclusion(7),
        "then": log.inclusion(2, 5),
        "grown": log.consistency(5),
        "early": log.consistency(3, 5),
        "fork": fork.inclusion(7),
    }.items():
        (tmp_path / name).write_bytes(write(value))
    for size in (0, 3, 5, 14):
        (tmp_path / f"head{size}").write_text(log.checkpoint(size))
    (tmp_path / "forked5").write_text(fork.checkpoint(5))
    stranger = sign_checkpoint(log.head(), Signer(ORIGIN, b"\x08" * 32))
    (tmp_path / "stranger").write_bytes(stranger)
    return tmp_path


def outcomes(folder: Path, *names: str, kept: str = "") -> list[str]:
    note = Note.parse((folder / kept).read_bytes()) if kept else None
    trust = Trust(Key.parse(SampleLog().vkey), note)
    return [r.checks.outcome.value for r in verify([str(folder / name) for name in names], trust)]


def test_two_roots_for_one_size_are_a_fork(folder: Path) -> None:
    assert outcomes(folder, "now", "then") == ["holds", "holds"]
    assert outcomes(folder, "fork") == ["holds"]
    assert outcomes(folder, "now", "fork") == ["holds", "fails"]


def test_a_fork_is_told_by_the_head_that_was_kept(folder: Path) -> None:
    assert outcomes(folder, "fork", kept="head14") == ["fails"]
    assert outcomes(folder, "then", kept="forked5") == ["fails"]
    assert outcomes(folder, "grown", kept="forked5") == ["fails"]


def test_an_older_head_is_believed_once_something_links_it(folder: Path) -> None:
    assert outcomes(folder, "now", kept="head5") == ["unchecked"]
    assert outcomes(folder, "now", "grown", kept="head5") == ["holds", "holds"]
    assert outcomes(folder, "now", "grown", "early", kept="head3") == ["holds"] * 3


def test_a_head_that_is_older_than_the_kept_one_needs_a_link_as_well(folder: Path) -> None:
    assert outcomes(folder, "then", kept="head14") == ["unchecked"]
    assert outcomes(folder, "then", "grown", kept="head14") == ["holds", "holds"]


def test_a_link_between_other_heads_helps_nobody(folder: Path) -> None:
    assert outcomes(folder, "now", "early", kept="head3") == ["unchecked", "holds"]


def test_everything_begins_with_the_empty_log(folder: Path) -> None:
    assert outcomes(folder, "now", kept="head0") == ["holds"]


def test_a_kept_head_has_to_be_signed_by_the_log(folder: Path) -> None:
    assert outcomes(folder, "now", kept="stranger") == ["fails"]

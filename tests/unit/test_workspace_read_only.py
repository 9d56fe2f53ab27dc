"""A workspace that turns read-only while a run holds it: a sentence, and the lock is let go."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from flows.cli import kiyome, main
from models import workspace as holding
from models.errors import WorkspaceError
from models.workspace import hold_workspace


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), "run.holder.json")


def test_a_workspace_that_cannot_name_its_holder_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as read_only:
        read_only.setattr(holding, "write_atomically", _refuse)
        with pytest.raises(WorkspaceError, match="not permitted"), hold_workspace(tmp_path):
            pytest.fail("it was held")
    with hold_workspace(tmp_path):
        pass


def test_what_a_run_came_to_is_told_though_its_name_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as read_only, hold_workspace(tmp_path):
        read_only.setattr(Path, "unlink", _refuse)
    with hold_workspace(tmp_path):
        pass


@pytest.mark.parametrize("code", ["ENOSPC", "EROFS", "EPERM", "EIO", "ESTALE", "EFBIG"])
def test_a_command_whose_disk_fails_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    number = getattr(errno, code)

    def fail(**_: object) -> None:
        raise OSError(number, os.strerror(number), "plan.json")

    monkeypatch.setattr(kiyome, "main", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert os.strerror(number) in capsys.readouterr().err

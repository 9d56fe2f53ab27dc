"""kill -9 in the middle of a push to S3: a reader sees nothing, or something whole."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import fsspec
import pytest

from flows.cleanse import cleanse
from models.ledger.verification import verify_ledger
from models.mirror.pushing import check_pushed
from models.mirror.target import open_target
from tests.pipeline import draw_dataset, make_settings, release_of, run_kiyome
from tests.s3 import running_s3

pytestmark = [pytest.mark.kill, pytest.mark.prefect]
POINTS = ("mirror-written:1", "mirror-written:4", "mirror-ledger", "mirror-files", "mirror-indexed")


@pytest.mark.timeout(900)
def test_a_push_killed_again_and_again_never_shows_half_a_release(tmp_path: Path) -> None:
    with running_s3() as s3:
        settings = make_settings(tmp_path, release_target="")
        root = draw_dataset(tmp_path / "set", 4)
        cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
        settings = settings.model_copy(update={"release_target": f"{s3.url}/killed"})
        env = {**s3.variables, "KIYOME_RELEASE_TARGET": settings.release_target}
        words = ("releases", "push", "set", "--workspace", settings.workspace)
        for point in POINTS:
            killed = run_kiyome(*words, env={**env, "KIYOME_FAILPOINT": point})
            assert killed.returncode == -signal.SIGKILL, f"{point} was not reached: {killed.stderr}"
            assert check_pushed(settings, "set") == (0, [])
            _require_ledger_whole(settings.release_target, tmp_path / point)
        done = run_kiyome(*words, env=env)
        assert done.returncode == 0, done.stderr
        assert check_pushed(settings, "set") == (1, [])
        pointer = json.loads(open_target(settings.release_target).read("set/latest.json") or b"")
        assert pointer["id"] == release_of(settings, "set").id


def _require_ledger_whole(url: str, folder: Path) -> None:
    """Where there is a checkpoint, all that it rests on is there too."""
    system, root = fsspec.core.url_to_fs(url)
    system.invalidate_cache()
    if not system.exists(f"{root}/ledger/checkpoint"):
        return
    system.get(f"{root}/ledger/", f"{folder}/", recursive=True)
    report = verify_ledger(folder, None, None)
    assert report.ok, report.checks

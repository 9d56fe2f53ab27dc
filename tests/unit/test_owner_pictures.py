"""Small copies of owners' works: of which bytes, for whom, and what is said without one."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from models.assets.asset import Asset
from models.owners.drawing_process import DrawingProcess
from models.owners.works import OwnedFile, find_files, find_works
from models.owners.works_copies import copies_folder, find_copy, prune_copies
from models.owners.works_pictures import NoPicture, draw_work, find_originals, look_for
from models.planning import dataset_folder
from models.reasons import Reason
from models.review.derivatives import FOLDER, SIZES, THUMB, VIEW, derivative_path
from models.settings import Settings
from models.verdicts import Verdict
from review_ui import own_pictures
from review_ui.own_pictures import BusyError, OwnPictures
from tests.owner_works_parts import (
    HANAKO,
    TARO,
    asset_of,
    draw_asset,
    index_judged,
    judge_as,
    keep_asset,
    say,
    shard,
)

CLEAR = (Verdict.CLEAR, (Reason.CONSENT_CONTRACT,))
LIMITS = 10_000_000, 1_000_000


def draw(asset: Asset, folder: Path, sizes: tuple[int, ...] = SIZES) -> NoPicture | None:
    return draw_work(asset.asset_id, asset.locations, folder, sizes, *LIMITS)


def path_of(asset: Asset) -> Path:
    return Path(asset.locations[0].uri)


@pytest.fixture
def asset(tmp_path: Path) -> Asset:
    return draw_asset(tmp_path / "data", "a.png")


class TestApart:
    def test_a_picture_that_ends_its_process_is_unreadable_and_the_next_is_drawn(
        self, tmp_path: Path, asset: Asset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = draw_asset(tmp_path / "data", "b.png")
        monkeypatch.setenv("KIYOME_FAILPOINT", f"drawing-{asset.asset_id}")
        apart = DrawingProcess()
        for each, missing in ((asset, NoPicture.UNREADABLE), (other, None)):
            sizes = (THUMB,)
            said = apart.draw(each.asset_id, each.locations, tmp_path / "small", sizes, *LIMITS)
            assert said == missing
            path = derivative_path(tmp_path / "small", each.asset_id, THUMB)
            assert path.exists() is (missing is None)
        apart.close()

    def test_a_process_that_does_not_start_says_nothing_of_the_picture(
        self, tmp_path: Path, asset: Asset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        apart, asked = DrawingProcess(), (tmp_path / "small", (THUMB,), *LIMITS)
        with monkeypatch.context() as broken:
            broken.setattr("models.owners.drawing_process._serve", id)  # ends at once
            with pytest.raises(OSError, match="does not start"):
                apart.draw(asset.asset_id, asset.locations, *asked)
        assert apart.draw(asset.asset_id, asset.locations, *asked) is None
        apart.close()

    def test_a_folder_that_cannot_be_written_is_told(self, tmp_path: Path, asset: Asset) -> None:
        (tmp_path / "small").write_text("a file")
        apart = DrawingProcess()
        with pytest.raises(OSError):
            apart.draw(asset.asset_id, asset.locations, tmp_path / "small", (THUMB,), *LIMITS)
        apart.close()


class TestDrawing:
    def test_a_copy_is_small_and_holds_nothing_but_pixels(
        self, tmp_path: Path, asset: Asset
    ) -> None:
        assert b"<script>" in path_of(asset).read_bytes()
        assert draw(asset, tmp_path, (THUMB,)) is None
        copy = derivative_path(tmp_path, asset.asset_id, THUMB).read_bytes()
        assert copy[8:12] == b"WEBP"
        assert b"script" not in copy
        assert not derivative_path(tmp_path, asset.asset_id, VIEW).exists()

    @pytest.mark.parametrize(
        ("spoil", "why"),
        [
            (lambda path: path.unlink(), NoPicture.GONE),
            (lambda path: path.write_bytes(b"another"), NoPicture.REPLACED),
            (lambda path: path.write_bytes(b""), NoPicture.REPLACED),
            (lambda path: (path.unlink(), os.mkfifo(path)), NoPicture.GONE),
        ],
        ids=["gone", "other bytes", "no bytes", "a pipe"],
    )
    def test_what_stands_there_now_is_not_shown_for_what_was_examined(
        self, tmp_path: Path, asset: Asset, spoil: Callable[[Path], object], why: NoPicture
    ) -> None:
        spoil(path_of(asset))
        assert draw(asset, tmp_path / "copies") is why
        assert not (tmp_path / "copies").exists()

    def test_another_copy_of_the_same_bytes_will_do(self, tmp_path: Path, asset: Asset) -> None:
        gone = replace(asset.locations[0], uri=str(tmp_path / "gone.png"))
        both = replace(asset, locations=(gone, *asset.locations))
        assert look_for(both.locations) is None
        assert draw(both, tmp_path) is None

    def test_what_no_run_could_read_is_called_so(self, tmp_path: Path) -> None:
        damaged = keep_asset(tmp_path, "b.png", b"\x89PNG\r\n\x1a\n, and no more")
        assert draw(damaged, tmp_path / "copies") is NoPicture.UNREADABLE
        unread = replace(damaged.locations[0], digest="")
        assert look_for([unread]) is NoPicture.UNREADABLE
        assert look_for([]) is NoPicture.UNKNOWN
        assert look_for(asset_of("nowhere.png").locations) is NoPicture.GONE


class TestKeeping:
    def test_what_was_looked_at_least_recently_goes_first_and_a_runs_copies_stay(
        self, tmp_path: Path
    ) -> None:
        names = [f"{number:064x}" for number in range(10)]
        for age, name in enumerate(names):
            path = derivative_path(copies_folder(tmp_path), name, THUMB)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(1000))
            os.utime(path, (0, 1_600_000_000 - 86_400 * age))
        by_run = derivative_path(tmp_path / FOLDER, "f" * 64, THUMB)
        by_run.parent.mkdir()
        by_run.write_bytes(bytes(1000))
        os.utime(by_run, (0, 0))
        assert find_copy(tmp_path, names[9], THUMB) is not None
        assert prune_copies(copies_folder(tmp_path), most=10_000) == 10_000
        assert prune_copies(copies_folder(tmp_path), most=9_000) == 8_000
        left = [name for name in names if find_copy(tmp_path, name, THUMB)]
        assert left == [*names[:7], names[9]]
        assert find_copy(tmp_path, "f" * 64, THUMB) == by_run
        assert by_run.stat().st_mtime == 0

    def test_two_processes_that_prune_at_once_leave_what_one_would(self, tmp_path: Path) -> None:
        folder = copies_folder(tmp_path)
        for number in range(400):
            path = derivative_path(folder, f"{number:064x}", THUMB)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(100))
            os.utime(path, (0, number))
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            pool.starmap(prune_copies, [(folder, 20_000)] * 2)
        left = sorted(path.name for path in folder.rglob("*.webp"))
        assert left == [f"{number:064x}-{THUMB}.webp" for number in range(220, 400)]


class TestFinding:
    @pytest.fixture
    def workspace(self, tmp_path: Path, asset: Asset) -> Path:
        other = draw_asset(tmp_path / "data", "taro.png", (10, 90, 200))
        judged = shard(judge_as(asset, *CLEAR, say(HANAKO)), judge_as(other, *CLEAR, say(TARO)))
        index_judged(tmp_path, "set", judged)
        return tmp_path

    def work(self, workspace: Path, owner: str = HANAKO) -> OwnedFile:
        (found,) = find_works(workspace, [owner]).works
        return found.file

    def test_files_are_found_of_the_owners_own_works_only(
        self, workspace: Path, asset: Asset
    ) -> None:
        both = [asset.asset_id, self.work(workspace, TARO).asset_id, "nothing"]
        found = find_files(workspace, [HANAKO], "set", both)
        assert found == {asset.asset_id: self.work(workspace)}
        assert find_files(workspace, [HANAKO], "../set", both) == {}
        assert find_originals(workspace, found.values()) == {self.work(workspace): asset.locations}

    def test_where_the_list_of_the_run_is_gone_or_damaged_nothing_is_found(
        self, workspace: Path
    ) -> None:
        (file,) = (dataset_folder(workspace, "set") / "shards").iterdir()
        file.write_bytes(b"PAR1, and no more")
        work = self.work(workspace)
        assert find_originals(workspace, [work]) == {work: ()}
        file.unlink()
        assert find_originals(workspace, [work]) == {work: ()}
        odd = replace(work, part="../../x")
        assert find_originals(workspace, [odd]) == {odd: ()}

    def test_a_work_that_was_shown_is_known_until_its_owner_or_its_index_changes(
        self, workspace: Path, asset: Asset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures = OwnPictures(Settings(workspace=workspace))
        work = self.work(workspace)
        pictures.remember([HANAKO], [work], pictures.stamps())
        asked = []
        monkeypatch.setattr(
            "models.owners.works.find_files", lambda *given: asked.append(given) or {}
        )
        assert pictures.find([HANAKO], "set", asset.asset_id) == work
        assert asked == []
        assert pictures.find([TARO], "set", asset.asset_id) is None
        index_judged(workspace, "set", shard(judge_as(asset, *CLEAR, say(TARO))))
        assert pictures.find([HANAKO], "set", asset.asset_id) is None
        assert len(asked) == 2

    def test_what_an_index_said_is_not_remembered_of_the_one_that_took_its_place(
        self, workspace: Path, asset: Asset
    ) -> None:
        pictures = OwnPictures(Settings(workspace=workspace))
        stamps, work = pictures.stamps(), self.work(workspace)
        index_judged(workspace, "set", shard(judge_as(asset, *CLEAR, say(TARO))))
        pictures.remember([HANAKO], [work], stamps)
        assert pictures.find([HANAKO], "set", asset.asset_id) is None

    def test_one_that_cannot_be_drawn_is_not_tried_again_at_once(
        self, workspace: Path, asset: Asset
    ) -> None:
        now = [0.0]
        pictures = OwnPictures(Settings(workspace=workspace), lambda: now[0])
        work, whole = self.work(workspace), path_of(asset).read_bytes()
        path_of(asset).write_bytes(b"another")
        assert anyio.run(pictures.draw, work, THUMB) is None
        assert pictures.show([work]) == {asset.asset_id: NoPicture.REPLACED}
        path_of(asset).write_bytes(whole)
        assert anyio.run(pictures.draw, work, THUMB) is None
        now[0] += own_pictures.PLACES_S
        assert pictures.show([work]) == {asset.asset_id: None}
        assert anyio.run(pictures.draw, work, THUMB) == pictures.copy(work, THUMB)

    def test_whoever_comes_when_too_many_wait_is_sent_away(
        self, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(own_pictures, "MOST_WAITING", 0)
        with pytest.raises(BusyError):
            anyio.run(OwnPictures(Settings(workspace=workspace)).draw, self.work(workspace), THUMB)

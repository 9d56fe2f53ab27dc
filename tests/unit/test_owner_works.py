"""The index of owners' works: whose a row is, what is in it, and what is read of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assets.asset import Location
from models.assets.shards import make_shard, write_shard
from models.errors import WorkspaceError
from models.judged import remember_judged
from models.judging import VerdictRecord
from models.owners.works import find_work, find_works
from models.owners.works_index import FILE, OWNED, ROW_GROUP, build_owned, index_works
from models.planning import dataset_folder
from models.reasons import Reason
from models.stages import stage_folder, store_table
from models.verdicts import Verdict
from tests.owner_works_parts import (
    HANAKO,
    TARO,
    Judged,
    asset_of,
    id_of,
    index_judged,
    judge_as,
    judge_example,
    names_in,
    say,
    shard,
)

CLEAR = (Verdict.CLEAR, (Reason.CONSENT_CONTRACT,))


def names_of(workspace: Path, *identities: str, **choice: object) -> list[str]:
    page = find_works(workspace, identities, **choice)  # type: ignore[arg-type]
    return [work.name for work in page.works]


class TestReading:
    def test_an_owner_gets_the_works_of_their_identities_by_name(self, tmp_path: Path) -> None:
        index_judged(tmp_path, "set", judge_example())
        assert names_of(tmp_path, TARO) == ["c.png", "taro-1.png", "taro-2.png"]
        assert names_of(tmp_path, "Somebody") == []
        assert names_of(tmp_path) == []

    def test_a_work_that_two_own_identities_speak_of_is_listed_once(self, tmp_path: Path) -> None:
        index_judged(tmp_path, "set", judge_example())
        assert names_of(tmp_path, HANAKO, TARO).count("c.png") == 1
        found = find_work(tmp_path, (HANAKO, TARO), "set", id_of("c.png"))
        assert {work.identity for work in found} == {HANAKO, TARO}

    def test_a_row_holds_the_statements_of_its_own_setter_only(self, tmp_path: Path) -> None:
        index_judged(tmp_path, "set", judge_example())
        (work,) = find_work(tmp_path, (HANAKO,), "set", id_of("c.png"))
        assert [statement.setter for statement in work.statements] == [HANAKO]
        assert work.others == ("plus",)
        assert work.may_grant
        (taros,) = find_work(tmp_path, (TARO,), "set", id_of("c.png"))
        assert not taros.may_grant
        assert TARO not in repr(work)

    def test_counts_are_of_all_works_whatever_is_chosen(self, tmp_path: Path) -> None:
        index_judged(tmp_path, "set", judge_example())
        index_judged(tmp_path, "more", shard(judge_as(asset_of("z.png"), *CLEAR, say(TARO))))
        page = find_works(tmp_path, (TARO,), verdict="clear", dataset="set")
        assert [work.name for work in page.works] == ["taro-1.png"]
        assert page.verdicts == {"clear": 2, "exclude": 1, "review": 1}
        assert page.datasets == {"more": 1, "set": 3}

    @pytest.mark.parametrize(
        ("dataset", "asset_id"),
        [
            ("set", id_of("taro-1.png")),
            ("set", id_of("nothing")),
            ("other", id_of("a.png")),
            ("../datasets/set", id_of("a.png")),
            ("set", "x"),
            ("set", id_of("a.png").upper()),
        ],
    )
    def test_what_is_not_theirs_is_not_there(
        self, tmp_path: Path, dataset: str, asset_id: str
    ) -> None:
        index_judged(tmp_path, "set", judge_example())
        assert find_work(tmp_path, (HANAKO,), dataset, asset_id) == ()

    @settings(max_examples=20, deadline=None)
    @given(st.integers(1, 5), st.integers(1, 40))
    def test_pages_show_every_work_once(
        self, tmp_path_factory: pytest.TempPathFactory, size: int, count: int
    ) -> None:
        workspace = tmp_path_factory.mktemp("pages")
        made = [judge_as(asset_of(f"{n:02d}.png"), *CLEAR, say(HANAKO)) for n in range(count)]
        index_judged(workspace, "set", shard(*made))
        last = find_works(workspace, (HANAKO,), size=size).last
        shown = [
            work.name
            for page in range(1, last + 1)
            for work in find_works(workspace, (HANAKO,), page=page, size=size).works
        ]
        assert shown == [f"{n:02d}.png" for n in range(count)]
        beyond = find_works(workspace, (HANAKO,), page=last + 9, size=size)
        assert beyond.number == last

    def test_only_the_row_groups_are_read_in_which_an_owner_can_stand(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = [
            judge_as(asset_of(f"{n}.png"), *CLEAR, say(f"owner {n % 50:02d}"))
            for n in range(3 * ROW_GROUP)
        ]
        index_judged(tmp_path, "set", shard(*made))
        read: list[int] = []
        real = pq.ParquetFile.read_row_group

        def spy(self: pq.ParquetFile, group: int, **more: object) -> pa.Table:
            read.append(group)
            return real(self, group, **more)

        monkeypatch.setattr(pq.ParquetFile, "read_row_group", spy)
        assert find_works(tmp_path, ("owner 00",)).total == 3 * ROW_GROUP // 50
        assert set(read) == {0}

    def test_a_setter_too_long_for_statistics_is_found_all_the_same(self, tmp_path: Path) -> None:
        long = "z" * 10_000
        index_judged(tmp_path, "set", shard(judge_as(asset_of("a.png"), *CLEAR, say(long))))
        assert names_of(tmp_path, long) == ["a.png"]

    def test_a_damaged_index_is_an_error_and_no_empty_list(self, tmp_path: Path) -> None:
        index_judged(tmp_path, "set", judge_example())
        (tmp_path / "datasets" / "set" / FILE).write_bytes(b"PAR1PAR1")
        with pytest.raises(WorkspaceError, match="cannot be read"):
            find_works(tmp_path, (HANAKO,))


class TestWriting:
    def test_statements_of_nobody_belong_to_nobody(self) -> None:
        ((assets, rows),) = shard(judge_as(asset_of("a.png"), *CLEAR, say("")))
        assert build_owned(names_in(assets), rows, "p").num_rows == 0

    def test_names_that_are_no_text_are_shown_escaped(self) -> None:
        asset = replace(asset_of("a.png"), locations=(Location("\udcff.png", "x"),))
        ((assets, rows),) = shard(judge_as(asset, *CLEAR, say(HANAKO)))
        assert build_owned(names_in(assets), rows, "p")["name"].to_pylist() == ["\\udcff.png"]

    def test_nobody_else_on_the_machine_can_read_it(self, tmp_path: Path) -> None:
        index_judged(tmp_path, "set", judge_example())
        assert (tmp_path / "datasets" / "set" / FILE).stat().st_mode & 0o077 == 0

    def test_the_same_rows_give_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            index_judged(tmp_path, name, judge_example())
        one, two = (tmp_path / "datasets" / name / FILE for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


class TestRuns:
    def remember(self, workspace: Path, *shards: Judged) -> None:
        """Put shards and their verdicts where a run would, and say that they are the last run's."""
        folder = dataset_folder(workspace, "set") / "shards"
        folder.mkdir(parents=True, exist_ok=True)
        records = []
        for judged in shards:
            ((assets, rows),) = judged
            made = make_shard(assets)
            digest = made.digest
            write_shard(folder, made)
            output, sha256 = store_table(stage_folder(workspace, "verdict", digest), "f", rows)
            records.append(VerdictRecord(digest, "f", output, sha256, {}, {}, 0, None, 0.0))
        remember_judged(workspace, "set", records)

    def test_an_index_holds_every_part_of_the_last_run(self, tmp_path: Path) -> None:
        other = shard(judge_as(asset_of("z.png"), *CLEAR, say(HANAKO)))
        self.remember(tmp_path, judge_example(), other)
        assert index_works(tmp_path, "set")
        assert names_of(tmp_path, HANAKO)[-1] == "z.png"
        table = pq.read_table(tmp_path / "datasets" / "set" / FILE)
        assert table.schema.equals(OWNED, check_metadata=False)

    def test_nothing_new_leaves_the_file_alone(self, tmp_path: Path) -> None:
        nobodys = shard(judge_as(asset_of("n.png"), *CLEAR))
        self.remember(tmp_path, judge_example(), nobodys)
        index_works(tmp_path, "set")
        before = (tmp_path / "datasets" / "set" / FILE).stat().st_mtime_ns
        assert not index_works(tmp_path, "set")
        assert (tmp_path / "datasets" / "set" / FILE).stat().st_mtime_ns == before

    def test_only_parts_that_were_judged_anew_are_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = shard(judge_as(asset_of("z.png"), *CLEAR, say(HANAKO)))
        self.remember(tmp_path, judge_example(), other)
        index_works(tmp_path, "set")
        self.remember(tmp_path, judge_example(refused=True), other)
        from models.owners import works_index

        read = []
        real = works_index.read_judged_rows
        monkeypatch.setattr(
            works_index, "read_judged_rows", lambda *a: read.append(a[2]) or real(*a)
        )
        assert index_works(tmp_path, "set")
        assert len(read) == 1
        (work,) = find_work(tmp_path, (HANAKO,), "set", id_of("d.png"))
        assert work.verdict == "exclude"
        assert names_of(tmp_path, HANAKO).count("z.png") == 1

    def test_an_asset_that_is_gone_is_gone_from_the_index(self, tmp_path: Path) -> None:
        other = shard(judge_as(asset_of("z.png"), *CLEAR, say(HANAKO)))
        self.remember(tmp_path, judge_example(), other)
        index_works(tmp_path, "set")
        self.remember(tmp_path, other)
        index_works(tmp_path, "set")
        assert names_of(tmp_path, HANAKO) == ["z.png"]
        assert names_of(tmp_path, TARO) == []

    def test_a_damaged_index_is_made_anew(self, tmp_path: Path) -> None:
        self.remember(tmp_path, judge_example())
        index_works(tmp_path, "set")
        file = tmp_path / "datasets" / "set" / FILE
        whole = file.read_bytes()
        file.write_bytes(whole[:-40])
        assert index_works(tmp_path, "set")
        assert file.read_bytes() == whole

    def test_verdicts_that_were_changed_are_never_indexed(self, tmp_path: Path) -> None:
        self.remember(tmp_path, judge_example())
        judged = json.loads((tmp_path / "datasets" / "set" / "judged.json").read_bytes())
        name, output, _ = judged["shards"][0]
        path = stage_folder(tmp_path, "verdict", name) / output
        path.write_bytes(path.read_bytes() + b" ")
        with pytest.raises(WorkspaceError, match="cannot be read"):
            index_works(tmp_path, "set")
        assert not (tmp_path / "datasets" / "set" / FILE).exists()

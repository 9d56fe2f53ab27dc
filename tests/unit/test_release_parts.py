"""What shards add to a release is kept, and found again where it is whole and of the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from models.assets.shards import make_shard, write_shard
from models.reasons import Reason
from models.recleansing.members import Members, read_members
from models.recleansing.stamps import Stamps
from models.releases.parts import PartRecord, drop_other_parts, find_part, read_parts, write_part
from models.verdicts import Verdict
from tests.owner_works_parts import HANAKO, asset_of, judge_as, say, shard

CLEAR = (Verdict.CLEAR, (Reason.CONSENT_CONTRACT,))


def _judge(folder: Path, *names: str) -> tuple[Members, pa.Table]:
    ((assets, rows),) = shard(*(judge_as(asset_of(n), *CLEAR, say(HANAKO)) for n in names))
    path = write_shard(folder / "shards", make_shard(assets))
    return read_members(path, Stamps()), rows


def _write(folder: Path, *names: str, made_of: str = "this") -> tuple[str, PartRecord]:
    members, rows = _judge(folder, *names)
    (folder / "parts").mkdir(exist_ok=True)
    record = write_part(folder / "parts", members, rows, made_of, asked=True, terms=False)
    return members.shard, record


def test_a_part_is_found_under_what_it_was_made_of(tmp_path: Path) -> None:
    digest, record = _write(tmp_path, "a.png")
    assert find_part(tmp_path / "parts", digest, "this") == record
    assert record.asked
    assert not record.terms


def test_a_part_that_was_made_of_something_else_is_none(tmp_path: Path) -> None:
    digest, _ = _write(tmp_path, "a.png")
    assert find_part(tmp_path / "parts", digest, "that") is None
    assert find_part(tmp_path / "parts", "f" * 64, "this") is None


@pytest.mark.parametrize("kind", ["manifest.arrow", "outcomes.arrow", "rewritten.arrow", "json"])
@pytest.mark.parametrize("harm", ["gone", "empty", "cut", "changed"])
def test_a_part_of_which_a_file_is_not_whole_is_none(tmp_path: Path, kind: str, harm: str) -> None:
    digest, _ = _write(tmp_path, "a.png")
    path = tmp_path / "parts" / f"{digest}.{kind}"
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        flipped = data[:-1] + bytes([data[-1] ^ 1])
        path.write_bytes({"empty": b"", "cut": data[:-9], "changed": flipped}[harm])
    assert find_part(tmp_path / "parts", digest, "this") is None


def test_a_part_is_written_in_the_place_of_the_one_before(tmp_path: Path) -> None:
    digest, _ = _write(tmp_path, "a.png")
    _, record = _write(tmp_path, "a.png", made_of="that")
    assert find_part(tmp_path / "parts", digest, "this") is None
    assert find_part(tmp_path / "parts", digest, "that") == record


def test_parts_are_put_together_in_the_order_of_their_assets(tmp_path: Path) -> None:
    shards = [_write(tmp_path, *names)[0] for names in (("a.png", "b.png"), ("c.png", "d.png"))]
    ids = read_parts(tmp_path / "parts", shards).manifest["asset_id"].to_pylist()
    assert ids == sorted(asset_of(name).asset_id for name in ("a.png", "b.png", "c.png", "d.png"))


def test_parts_of_shards_that_are_gone_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    stays, record = _write(tmp_path, "a.png")
    _write(tmp_path, "b.png")
    (tmp_path / "parts" / f".{stays[:40]}.123").write_bytes(b"left by a run that was killed")
    drop_other_parts(tmp_path / "parts", [stays])
    left = {path.name.partition(".")[0] for path in (tmp_path / "parts").iterdir()}
    assert left == {stays}
    assert find_part(tmp_path / "parts", stays, "this") == record

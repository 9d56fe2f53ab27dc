"""Caption edits from end to end: a reviewer rewrites a caption, and the next run follows."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cleanse import cleanse
from models.captions.edits import digest_caption
from models.captions.making import CaptionPlace, accept, plan_edit, propose, put_in_force
from models.captions.records import effective_edits
from models.captions.ruling import decide_rewriting, undo_edit_or_ruling
from models.nouns.register.storage import add_name
from models.nouns.terms.listing import TermFilter, list_terms
from models.releases.exporting import export_release
from models.review.items import Item, find_item
from models.review.leasing import lease_item
from models.review.listing import list_items
from models.review.rulings import decide
from models.review.undoing import undo
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import CaptionEditRow
from models.summary import Summary
from tests.pipeline import (
    POLICY,
    draw_dataset,
    draw_picture,
    make_settings,
    manifest_bytes,
    outcomes_of,
    release_of,
)

pytestmark = pytest.mark.prefect
SET = "set"
NAMED = "Hoshino Kirari waves from the platform"
CAPTIONS = {0: NAMED, 1: "Tsukino Mei and a dog, drawn in ink"}
CLEAN = "A girl waves from the platform"
ASKING = f'{POLICY}\n[nouns]\ncharacter = "review"\nartist = "exclude"\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, ASKING)


@pytest.fixture
def store(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        for name in ("Hoshino Kirari", "Tsukino Mei"):
            add_name(session, name, "character")
        add_name(session, "Zxqvort Amano", "artist")
    yield database
    database.dispose()


def _run(root: Path, settings: Settings) -> Summary:
    value = cleanse(str(root), dataset=SET, settings=settings.model_dump(mode="json"))
    return Summary.from_dict(value)


def _examined(summary: Summary) -> dict[str, int]:
    return {stage.stage: stage.examined for stage in summary.stages}


def _item(store: Database, name: str) -> Item:
    with store.transaction() as session:
        (listed,) = (each for each in list_items(session).items if each.name == name)
        lease_item(session, listed.id, "mika")
        item = find_item(session, listed.id)
    assert item is not None
    return item


def _rewrite(store: Database, name: str, text: str) -> str:
    item = _item(store, name)
    with store.transaction() as session:
        return decide_rewriting(
            session,
            item.id,
            item.lease_token,
            item.version,
            {0: text},
            "names_removed",
            "",
            "mika",
        ).ruling_id


def _captions(settings: Settings) -> dict[str, list[str]]:
    folder = release_of(settings, SET).path(settings.workspace)
    rows: list[dict[str, Any]] = pq.read_table(folder / "manifest.parquet").to_pylist()
    return {row["names"][0]: [caption["text"] for caption in row["captions"]] for row in rows}


def _bytes_below(folder: Path) -> bytes:
    found = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    texts = [json.dumps(pq.read_table(path).to_pylist()) for path in folder.rglob("*.parquet")]
    return found + "".join(texts).encode()


def test_the_next_run_clears_an_asset_with_its_new_caption_and_undoing_restores(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 5, CAPTIONS)
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"] == ("review", "name_protected")
    first = manifest_bytes(settings, SET)

    ruling_id = _rewrite(store, "000.png", CLEAN)
    summary = _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"] == ("clear", "caption_edited")
    assert outcomes_of(settings, SET)["001.png"] == ("review", "name_protected")
    assert _captions(settings)["000.png"] == [CLEAN]
    examined = _examined(summary)
    assert examined["edited"] == 1
    assert not any(count for stage, count in examined.items() if stage != "edited")
    assert (root / "000.txt").read_text() == NAMED
    with store.snapshot() as session:
        assert "000.png" not in {each.name for each in list_items(session).items}

    export_release(store, settings.workspace, SET, tmp_path / "out", copy_images=True)
    assert (tmp_path / "out" / "dataset" / "000.txt").read_text() == CLEAN
    assert b"Kirari" not in _bytes_below(tmp_path / "out")
    folder = release_of(settings, SET).path(settings.workspace)
    assert b"Kirari" not in _bytes_below(folder / "sidecars")
    (kept,) = pq.read_table(folder / "rewritten.parquet").to_pylist()
    assert (kept["original"], kept["text"]) == (NAMED, CLEAN)

    again = _run(root, settings)
    assert not any(_examined(again).values())
    with store.transaction() as session:
        undo(session, ruling_id, "ken")
    undone = _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"] == ("review", "name_protected")
    assert manifest_bytes(settings, SET) == first
    assert not any(_examined(undone).values())


def test_a_name_that_a_new_caption_smuggles_in_is_asked_about_again(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 3, CAPTIONS)
    _run(root, settings)
    _rewrite(store, "000.png", "Tsukino Mei waves from the platform")
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"] == ("review", "name_protected")
    item = _item(store, "000.png")
    (caption,) = item.evidence["captions"]
    assert caption["text"] == "Tsukino Mei waves from the platform"
    assert caption["original"] == NAMED
    (finding,) = item.evidence["findings"]
    assert caption["text"][finding["start"] : finding["end"]] == "Tsukino Mei"

    with store.transaction() as session:
        decide_rewriting(
            session,
            item.id,
            item.lease_token,
            item.version,
            {0: CLEAN},
            "names_removed",
            "",
            "mika",
        )
    _run(root, settings)
    assert _captions(settings)["000.png"] == [CLEAN]


def test_a_new_caption_that_the_policy_excludes_excludes(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 2, CAPTIONS)
    _run(root, settings)
    _rewrite(store, "000.png", "a platform by Zxqvort Amano")
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"] == ("exclude", "name_protected")


def test_an_edit_whose_caption_has_changed_is_stale_and_the_asset_is_asked_about(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 3, CAPTIONS)
    _run(root, settings)
    _rewrite(store, "000.png", CLEAN)
    _run(root, settings)
    (root / "000.txt").write_text("a platform in the rain", encoding="utf-8")
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"] == ("review", "caption_changed")

    with store.transaction() as session:
        ((edit,),) = effective_edits(session, SET).values()
        undo_edit_or_ruling(session, edit.id, "mika")
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.png"][0] == "clear"
    assert _captions(settings)["000.png"] == ["a platform in the rain"]


def test_an_edit_that_cannot_be_applied_never_clears_its_asset_and_stops_no_other(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 3, CAPTIONS)
    _run(root, settings)
    _rewrite(store, "000.png", CLEAN)
    with store.transaction() as session:
        (row,) = session.query(CaptionEditRow)
        row.spans = '[[3, 900, ""]]'
    _run(root, settings)
    outcomes = outcomes_of(settings, SET)
    assert outcomes["000.png"] == ("error", "stage_failed")
    assert outcomes["002.png"][0] == "clear"


def test_an_owners_proposal_changes_nothing_until_it_is_accepted(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 3)
    _run(root, settings)
    before = _captions(settings)["002.png"][0]
    with store.transaction() as session:
        row = next(
            each
            for each in pq.read_table(
                release_of(settings, SET).path(settings.workspace) / "manifest.parquet"
            ).to_pylist()
            if each["names"] == ["002.png"]
        )
        place = CaptionPlace(SET, row["asset_id"], "002.png", before)
        edit_id = propose(session, place, plan_edit(before, "ink on paper"), "owner", "o1")
    _run(root, settings)
    assert _captions(settings)["002.png"] == [before]
    with store.transaction() as session:
        accept(session, edit_id, "mika")
    _run(root, settings)
    assert _captions(settings)["002.png"] == ["ink on paper"]


def test_a_caption_that_a_person_edited_can_be_cut_by_the_policy_as_well(
    tmp_path: Path, store: Database
) -> None:
    settings = make_settings(tmp_path, ASKING.replace('"review"', '"rewrite"'))
    root = draw_dataset(tmp_path / SET, 2, {0: "Tsukino Mei"})
    _run(root, settings)
    _rewrite(store, "000.png", "Tsukino Mei waves from the platform")
    _run(root, settings)
    assert _captions(settings)["000.png"] == ["A character waves from the platform"]
    folder = release_of(settings, SET).path(settings.workspace)
    (kept,) = pq.read_table(folder / "rewritten.parquet").to_pylist()
    assert kept["original"] == "Tsukino Mei"
    assert len(kept["edits"]) == 2


def _webdataset(root: Path) -> None:
    root.mkdir()
    with tarfile.open(root / "000.tar", "w") as tar:
        for number in range(2):
            draw_picture(root / "draw.png", number)
            picture = (root / "draw.png").read_bytes()
            text = NAMED if number == 0 else "a drawing in ink"
            about = json.dumps({"caption": text, "status": "success", "key": f"{number}"}).encode()
            for name, data in (("png", picture), ("txt", text.encode()), ("json", about)):
                member = tarfile.TarInfo(f"{number:06d}.{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    (root / "draw.png").unlink()


def _imagefolder(root: Path) -> None:
    root.mkdir()
    lines = []
    for number in range(2):
        draw_picture(root / f"{number}.png", number)
        text = NAMED if number == 0 else "a drawing in ink"
        lines.append(json.dumps({"file_name": f"{number}.png", "text": text}))
    (root / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _manifest(root: Path) -> None:
    root.mkdir()
    lines = ["path,caption"]
    for number in range(2):
        draw_picture(root / f"{number}.png", number)
        lines.append(f"{number}.png,{NAMED if number == 0 else 'a drawing in ink'}")
    (root / "list.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


LAYOUTS = {"webdataset": _webdataset, "imagefolder": _imagefolder, "manifest": _manifest}


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_no_layout_publishes_the_caption_that_was_rewritten(
    tmp_path: Path, settings: Settings, store: Database, layout: str
) -> None:
    root = tmp_path / SET
    LAYOUTS[layout](root)
    _run(root, settings)
    with store.snapshot() as session:
        (listed,) = list_items(session).items
    _rewrite(store, listed.name, CLEAN)
    summary = _run(root, settings)
    assert summary.counts["clear"] == 2, outcomes_of(settings, SET)
    export_release(store, settings.workspace, SET, tmp_path / "out", copy_images=True)
    written = _bytes_below(tmp_path / "out")
    assert b"Kirari" not in written
    assert CLEAN.encode() in written


def test_a_rewrite_answers_what_else_was_asked_and_only_with_its_caption(
    tmp_path: Path, store: Database
) -> None:
    policy = ASKING + '\n[images]\nanimated = "review"\n'
    settings = make_settings(tmp_path, policy)
    root = draw_dataset(tmp_path / SET, 1, {0: NAMED})
    from PIL import Image

    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(root / "000.gif", save_all=True, append_images=frames[1:])
    (root / "000.png").unlink()
    _run(root, settings)
    item = _item(store, "000.gif")
    assert set(item.evidence["reasons"]) == {"name_protected", "image_animated"}
    _rewrite(store, "000.gif", CLEAN)
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.gif"] == ("clear", "ruling_approved")
    assert _captions(settings)["000.gif"] == [CLEAN]

    with store.transaction() as session:
        ((edit,),) = effective_edits(session, SET).values()
        place = CaptionPlace(SET, item.asset_id, "000.gif", NAMED)
        other = "Tsukino Mei waves"
        put_in_force(session, place, plan_edit(NAMED, other), "ken")
    assert edit.original_sha256 == digest_caption(NAMED)
    _run(root, settings)
    assert outcomes_of(settings, SET)["000.gif"][0] == "review"


def test_unknown_terms_are_counted_in_captions_as_they_are_edited(
    tmp_path: Path, store: Database
) -> None:
    settings = make_settings(tmp_path, ASKING + 'unknown_term = "review"\n')
    root = draw_dataset(tmp_path / SET, 2, {0: "1girl, qwertyzon_flim, smile", 1: "1girl, smile"})
    _run(root, settings)

    def terms() -> set[str]:
        with store.snapshot() as session:
            return {each.surface for each in list_terms(session, TermFilter(SET, "open"))}

    assert terms() == {"qwertyzon_flim"}
    _rewrite(store, "000.png", "1girl, brombulon_dax, smile")
    _run(root, settings)
    assert terms() == {"brombulon_dax"}
    assert outcomes_of(settings, SET)["000.png"] == ("review", "unknown_term")
    item = _item(store, "000.png")
    with store.transaction() as session:
        decide(
            session, item.id, item.lease_token, item.version, "approve", "ordinary_word", "", "mika"
        )
    _run(root, settings)
    assert _captions(settings)["000.png"] == ["1girl, brombulon_dax, smile"]

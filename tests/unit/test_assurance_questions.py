"""What a reviewer is shown of a sampled asset, and where it comes from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.assets.asset import Asset, Caption, Location
from models.assets.shards import make_shard, write_shard
from models.errors import ReviewError, WorkspaceError
from models.findings import Finding
from models.judged import read_last_judged, remember_judged
from models.judging import VERDICTS, VerdictRecord
from models.planning import dataset_folder
from models.review.items import Question
from models.review.sampling.asking import Released, ask_sampled
from models.stages import stage_folder, store_table

ASSET = Asset(
    "a" * 64,
    (Location("cats/a.png", "/nowhere/a.png"),),
    (Caption("Hoshino Kirari sits", "cats/a.txt"), Caption("a cat", "cats/a.txt")),
)
RELEASED = Released("cats", "run 1", "strict 2", "d" * 64, "seed", ())
LICENSED = Finding("name_protected", "register/1", 0.9, "It names a character.")


def make_rows(**given: Any) -> pa.Table:
    row = {
        "asset_id": ASSET.asset_id,
        "verdict": "clear",
        "reasons": ["caption_rewritten", "consent_contract"],
        "decided_by": "machine",
        "explanation_en": "A contract covers it.",
        "explanation_ja": "契約の対象です。",
        "question": "",
        "ruling_id": "",
        "findings": [json.dumps(LICENSED.as_dict())],
        "statements": [],
        "attribution": False,
        "authors": [],
        "basis": ["consent_contract"],
        "consent_en": "Rule: cleared.",
        "consent_ja": "規則：問題なし。",
        "captions": [
            {
                "index": 0,
                "original": "Hoshino Kirari sits",
                "text": "a girl sits",
                "edits": [],
                "edited": "",
            }
        ],
        "width": 8,
        "height": 9,
        "format": "PNG",
    }
    return pa.Table.from_pylist([{**row, **given}], schema=VERDICTS)


def ask(released: Released = RELEASED, asset: Asset = ASSET, **given: Any) -> Question:
    judged = [((asset,), make_rows(**given))]
    drawn = frozenset([asset.asset_id])
    return next(ask_sampled(judged, drawn, released, all_of_them=True))[1]


def test_nothing_that_was_found_or_decided_is_shown() -> None:
    evidence = ask().evidence
    for key in ("findings", "reasons", "references"):
        assert evidence[key] == []
    assert evidence["explanation"] == evidence["consent"] == {"en": "", "ja": ""}
    assert evidence["motifs"] == {}
    assert "clear" not in json.dumps(evidence)


def test_captions_are_shown_as_the_release_has_them() -> None:
    captions = ask().evidence["captions"]
    assert [caption["text"] for caption in captions] == ["a girl sits", "a cat"]
    assert {caption["rewritten"] for caption in captions} == {""}


def test_the_same_is_asked_of_whatever_release_it_is_drawn_from() -> None:
    later = replace(RELEASED, run="run 2", seed="another")
    assert ask(later).digest == ask().digest
    assert ask(replace(RELEASED, policy_sha256="e" * 64)).digest != ask().digest
    assert ask(captions=[]).digest != ask().digest
    renamed = replace(ASSET, locations=(Location("b.png", "/nowhere/b.png"),))
    assert ask(asset=renamed).digest != ask().digest


def test_its_priority_is_that_of_some_other_item() -> None:
    assert ask().priority == 400
    assert ask(replace(RELEASED, priorities=(801, 902))).priority in (801, 902)


def test_what_the_last_run_did_not_clear_is_refused_or_left_out() -> None:
    drawn = frozenset([ASSET.asset_id])
    rows = make_rows(verdict="review")
    with pytest.raises(ReviewError, match="did not clear 1 of the drawn"):
        list(ask_sampled([((ASSET,), rows)], drawn, RELEASED, all_of_them=True))
    assert list(ask_sampled([((ASSET,), rows)], drawn, RELEASED, all_of_them=False)) == []


def test_the_verdicts_of_the_last_run_are_read_again(tmp_path: Path) -> None:
    shard = make_shard([ASSET])
    write_shard(dataset_folder(tmp_path, "cats") / "shards", shard)
    folder = stage_folder(tmp_path, "verdict", shard.digest)
    output, digest = store_table(folder, "f" * 64, make_rows())
    record = VerdictRecord(shard.digest, "f" * 64, output, digest, {}, {}, 0, None, 0.0)
    remember_judged(tmp_path, "cats", [record])
    [(assets, rows)] = read_last_judged(tmp_path, "cats")
    assert (assets[0], rows.num_rows) == (ASSET, 1)

    (folder / output).write_bytes(b"something else")
    with pytest.raises(WorkspaceError, match="kiyome cleanse --again"):
        list(read_last_judged(tmp_path, "cats"))


def test_a_workspace_of_an_older_kiyome_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="kiyome cleanse --again"):
        list(read_last_judged(tmp_path, "cats"))

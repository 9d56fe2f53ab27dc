"""The features stage and the motifs stage: one row per asset, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from models.assets.asset import Asset, Fault, Location
from models.errors import EncoderError
from models.findings import Finding
from models.motifs.encoder import Embeddings
from models.motifs.features_stage import FeaturesStage
from models.motifs.fingerprints import Pixels
from models.motifs.index import ReferenceIndex
from models.motifs.layout import LayoutEncoder
from models.motifs.motifs_stage import MotifsStage
from models.motifs.register import Reference
from models.reasons import Reason
from models.stages import read_output, run_stage, stage_folder
from tests.motif_pictures import (
    build_index,
    decode_file,
    draw,
    encode_file,
    register_file,
    scaled,
    write_asset,
)

LIMITS = {"max_bytes": 10_000_000, "max_pixels": 10_000_000, "workers": 2}
encoder = LayoutEncoder()


class BatchEncoder(LayoutEncoder):
    """builtin:layout, taken in batches, remembering them, and failing where told to."""

    def __init__(self, batch_size: int, fails_on: Pixels | None = None) -> None:
        self.batch_size = batch_size
        self.batches: list[int] = []
        self._fails_on = fails_on

    def encode(self, images: Sequence[Pixels]) -> Embeddings:
        self.batches.append(len(images))
        if any(np.array_equal(image, self._fails_on) for image in images):
            raise MemoryError("no memory for this picture")
        return super().encode(images)


def nothing(_: int) -> None:
    """Progress that nobody watches."""


def features_of(assets: Sequence[Asset], stage: FeaturesStage | None = None) -> pa.Table:
    return (stage or FeaturesStage(encoder, **LIMITS)).examine(assets, nothing)


def findings_of(row: dict[str, object]) -> list[Finding]:
    findings = row["findings"]
    assert isinstance(findings, list)
    return [Finding.from_dict(json.loads(text)) for text in findings]


def registered(folder: Path, seed: int) -> Reference:
    return register_file(folder, f"motif {seed}", encode_file(draw(seed)))


def index_of(*references: Reference) -> ReferenceIndex:
    return build_index(references, encoder)


def test_a_picture_gets_its_facts_its_hash_and_its_embedding(tmp_path: Path) -> None:
    asset = write_asset(tmp_path, "a.jpg", encode_file(draw(1, (700, 500)), "JPEG"))
    (row,) = features_of([asset]).to_pylist()
    assert (row["width"], row["height"], row["format"], row["frames"]) == (700, 500, "JPEG", 1)
    assert row["fault_code"] is None
    assert len(row["pdq"]) == 32
    assert row["pdq_quality"] == 100
    embedding = np.frombuffer(row["embedding"], np.float16).astype(np.float32)
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-2)
    assert row["findings"] == []


def test_the_rows_come_in_the_order_of_the_assets(tmp_path: Path) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(20)]
    table = features_of(assets)
    assert table["asset_id"].to_pylist() == [asset.asset_id for asset in assets]
    assert table.schema == FeaturesStage(encoder, **LIMITS).schema


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("batch", [1, 3, 50])
def test_workers_and_batches_change_nothing(tmp_path: Path, workers: int, batch: int) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(14)]
    stage = FeaturesStage(BatchEncoder(batch), **{**LIMITS, "workers": workers})
    assert stage.examine(assets, nothing) == features_of(assets)


def test_no_batch_is_larger_than_the_encoder_likes(tmp_path: Path) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(25)]
    batched = BatchEncoder(4)
    features_of(assets, FeaturesStage(batched, **LIMITS))
    assert max(batched.batches) == 4
    assert sum(batched.batches) == 25


@pytest.mark.parametrize("batch", [1, 4])
def test_progress_counts_every_asset_once(tmp_path: Path, batch: int) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(9)]
    assets.append(write_asset(tmp_path, "bad.png", b"no picture"))
    done: list[int] = []
    FeaturesStage(BatchEncoder(batch), **LIMITS).examine(assets, done.append)
    assert sum(done) == 10


def test_an_animation_is_a_finding(tmp_path: Path) -> None:
    frames = [Image.fromarray(draw(seed)) for seed in (1, 2, 3)]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    (row,) = features_of([write_asset(tmp_path, "b.gif", path.read_bytes())]).to_pylist()
    (finding,) = findings_of(row)
    assert finding.kind == "image_animated"
    assert "3 frames" in finding.explanation
    assert row["frames"] == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.IMAGE_EMPTY),
        (b"just text", Reason.IMAGE_FORMAT),
        (encode_file(draw(1))[:1500], Reason.IMAGE_DAMAGED),
        (encode_file(draw(1, (4000, 3000))), Reason.IMAGE_TOO_LARGE),
    ],
    ids=["empty", "text", "cut short", "too large"],
)
def test_what_cannot_be_decoded_is_a_fault_and_the_others_go_on(
    tmp_path: Path, data: bytes, reason: Reason
) -> None:
    bad = write_asset(tmp_path, "bad.png", data)
    good = write_asset(tmp_path, "good.png", encode_file(draw(2)))
    first, second = features_of([bad, good]).to_pylist()
    assert first["fault_code"] == reason.value
    assert first["fault_detail"]
    assert [first[name] for name in ("pdq", "embedding", "width", "findings")] == [None] * 4
    assert second["fault_code"] is None


def test_bytes_that_changed_since_the_scan_are_a_fault(tmp_path: Path) -> None:
    asset = write_asset(tmp_path, "a.png", encode_file(draw(1)))
    Path(asset.locations[0].uri).write_bytes(encode_file(draw(2)))
    (row,) = features_of([asset]).to_pylist()
    assert row["fault_code"] == Reason.BYTES_CHANGED.value


def test_a_missing_file_is_a_fault_also_under_a_name_that_is_not_text(tmp_path: Path) -> None:
    location = Location("\udcff.png", str(tmp_path / "gone.png"))
    (row,) = features_of([Asset("0" * 64, (location,))]).to_pylist()
    assert row["fault_code"] == Reason.IMAGE_MISSING.value
    assert "\\udcff.png" in row["fault_detail"]


def test_a_fault_of_the_scan_is_copied(tmp_path: Path) -> None:
    asset = write_asset(tmp_path, "a.png", encode_file(draw(1)))
    faulty = replace(asset, fault=Fault(Reason.CAPTION_UNREADABLE, "a.txt is not UTF-8"))
    (row,) = features_of([faulty]).to_pylist()
    assert (row["fault_code"], row["fault_detail"]) == ("caption_unreadable", "a.txt is not UTF-8")


def test_an_encoder_that_fails_on_one_picture_costs_only_that_one(tmp_path: Path) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(6)]
    stage = FeaturesStage(BatchEncoder(4, fails_on=draw(2)), **LIMITS)
    rows = features_of(assets, stage).to_pylist()
    faults = [row["fault_code"] for row in rows]
    assert faults == [None, None, "stage_failed", None, None, None]
    assert "no memory for this picture" in rows[2]["fault_detail"]


def test_an_embedding_that_is_not_finite_is_a_fault(tmp_path: Path) -> None:
    class Broken(LayoutEncoder):
        def encode(self, images: Sequence[Pixels]) -> Embeddings:
            return super().encode(images) * np.float32("nan")

    asset = write_asset(tmp_path, "a.png", encode_file(draw(1)))
    (row,) = features_of([asset], FeaturesStage(Broken(), **LIMITS)).to_pylist()
    assert row["fault_code"] == Reason.STAGE_FAILED.value
    assert row["embedding"] is None


def test_the_features_fingerprint_covers_encoder_and_limits() -> None:
    class Other(LayoutEncoder):
        fingerprint = "another"

    stages = [FeaturesStage(encoder, **LIMITS), FeaturesStage(Other(), **LIMITS)]
    stages += [FeaturesStage(encoder, **{**LIMITS, "max_pixels": 5})]
    stages += [FeaturesStage(encoder, **{**LIMITS, "workers": 7})]
    prints = [stage.fingerprint for stage in stages]
    assert prints[0] == prints[3]
    assert len(set(prints)) == 3


def test_features_survive_the_stage_runner_and_grow(tmp_path: Path) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(4)]
    assets.append(write_asset(tmp_path, "bad.png", b"no picture"))
    stage = FeaturesStage(encoder, **LIMITS)
    run_stage(stage, "s" * 64, assets[:2], tmp_path)
    record = run_stage(stage, "s" * 64, assets, tmp_path)
    table = read_output(stage_folder(tmp_path, stage.name, "s" * 64), record)
    assert table.cast(stage.schema) == features_of(assets).sort_by("asset_id")
    motifs = MotifsStage(index_of(registered(tmp_path, 3)), table).examine(assets, nothing)
    assert [len(f or ()) > 0 for f in motifs["findings"].to_pylist()] == [False] * 3 + [True, False]


def test_the_registered_file_itself_is_a_copy(tmp_path: Path) -> None:
    motif = registered(tmp_path, 1)
    asset = write_asset(tmp_path, "a.png", encode_file(draw(1)))
    stage = MotifsStage(index_of(motif), features_of([asset]))
    (finding,) = findings_of(stage.examine([asset], nothing).to_pylist()[0])
    assert (finding.kind, finding.distance, finding.score) == ("motif_copy", 0, 1)
    assert (finding.reference, finding.label, finding.category) == (
        motif.id,
        "motif 1",
        "character",
    )
    assert "same file" in finding.explanation


def test_an_edited_copy_is_one_finding_that_tells_all_that_was_seen(tmp_path: Path) -> None:
    edited = decode_file(encode_file(scaled(draw(1), 0.7), "JPEG", quality=60))
    asset = write_asset(tmp_path, "a.png", encode_file(edited))
    stage = MotifsStage(index_of(registered(tmp_path, 1)), features_of([asset]))
    (copy,) = findings_of(stage.examine([asset], nothing).to_pylist()[0])
    assert copy.kind == "motif_copy"
    assert copy.score > 0.95
    assert copy.distance is not None
    assert 0 < copy.distance <= 31
    assert {"pdq/1", "points/1"} <= set(copy.detector.split(", "))
    assert f"{copy.distance:.0f} of 256 bits" in copy.explanation
    assert "matched points agree on one place" in copy.explanation
    assert copy.alignment is not None
    assert copy.box == copy.alignment.box


def test_a_motif_pasted_into_a_scene_is_contained_with_its_box(tmp_path: Path) -> None:
    scene = draw(99, (900, 700)).copy()
    scene[300:540, 500:820] = draw(1)
    asset = write_asset(tmp_path, "a.png", encode_file(scene))
    stage = MotifsStage(index_of(registered(tmp_path, 1)), features_of([asset]))
    (found,) = findings_of(stage.examine([asset], nothing).to_pylist()[0])
    assert found.kind == "motif_contained"
    assert found.box == pytest.approx((0.556, 0.429, 0.911, 0.771), abs=0.03)


def test_damaged_points_cost_only_their_own_picture(tmp_path: Path) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(3)]
    table = features_of(assets)
    points = [*table["points"].to_pylist()[:2], b"damaged"]
    damaged = table.set_column(
        table.schema.get_field_index("points"), "points", pa.array(points, pa.binary())
    )
    stage = MotifsStage(index_of(registered(tmp_path, 1)), damaged)
    rows = stage.examine(assets, nothing).to_pylist()
    assert [row["fault_code"] for row in rows] == [None, None, "stage_failed"]
    assert rows[2]["findings"] is None
    assert len(rows[1]["findings"]) == 1


@pytest.mark.parametrize(
    ("column", "damage"),
    [("embedding", None), ("parts", None), ("parts", b"odd"), ("part_boxes", b"odd")],
)
def test_embeddings_that_cannot_be_read_cost_only_their_own_picture(
    tmp_path: Path, column: str, damage: bytes | None
) -> None:
    assets = [write_asset(tmp_path, f"{i}.png", encode_file(draw(i))) for i in range(3)]
    rows = features_of(assets).to_pylist()
    rows[2][column] = damage
    damaged = pa.Table.from_pylist(rows, schema=FeaturesStage(encoder, **LIMITS).schema)
    stage = MotifsStage(index_of(registered(tmp_path, 1)), damaged)
    rows = stage.examine(assets, nothing).to_pylist()
    assert [row["fault_code"] for row in rows] == [None, None, "stage_failed"]
    assert "do not belong together" in rows[2]["fault_detail"]
    assert len(rows[1]["findings"]) == 1


def test_a_picture_like_nothing_registered_has_no_findings(tmp_path: Path) -> None:
    asset = write_asset(tmp_path, "a.png", encode_file(draw(11)))
    stage = MotifsStage(index_of(registered(tmp_path, 1)), features_of([asset]))
    (row,) = stage.examine([asset], nothing).to_pylist()
    assert (row["fault_code"], row["findings"]) == (None, [])


def test_an_asset_without_features_is_a_fault_and_never_clear(tmp_path: Path) -> None:
    seen = write_asset(tmp_path, "a.png", encode_file(draw(1)))
    unseen = write_asset(tmp_path, "b.png", encode_file(draw(2)))
    stage = MotifsStage(index_of(), features_of([seen]))
    first, second = stage.examine([unseen, seen], nothing).to_pylist()
    assert (first["fault_code"], first["findings"]) == ("stage_failed", None)
    assert second["fault_code"] is None


def test_a_fault_of_the_features_is_copied(tmp_path: Path) -> None:
    asset = write_asset(tmp_path, "a.png", b"no picture")
    features = features_of([asset])
    (row,) = MotifsStage(index_of(), features).examine([asset], nothing).to_pylist()
    assert (row["fault_code"], row["fault_detail"], row["findings"]) == (
        features["fault_code"][0].as_py(),
        features["fault_detail"][0].as_py(),
        None,
    )


def test_features_of_another_encoder_are_refused(tmp_path: Path) -> None:
    class Short(LayoutEncoder):
        dimension = 5

    features = FeaturesStage(Short(), **LIMITS).schema.empty_table()
    with pytest.raises(EncoderError, match="5 numbers"):
        MotifsStage(index_of(), features)


def test_the_motifs_fingerprint_follows_the_register(tmp_path: Path) -> None:
    features = FeaturesStage(encoder, **LIMITS).schema.empty_table()
    held = (), (registered(tmp_path, 1),), (registered(tmp_path, 1), registered(tmp_path, 2))
    assert len({MotifsStage(index_of(*refs), features).fingerprint for refs in held}) == 3

"""Clusters of near-identical pictures: found, kept, read again, and believed only while whole."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.canonical import digest_bytes
from models.duplicates.bands import MAX_DISTANCE, BandIndex
from models.duplicates.clusters import LEAST_COSINE, Clustering, Pictures, find_clusters
from models.duplicates.listing import write_csv
from models.duplicates.reading import find_features, key_of, read_pictures
from models.duplicates.storing import (
    duplicates_path,
    find_record,
    list_clusters,
    read_duplicates,
    read_representatives,
    store_duplicates,
    store_failure,
)
from models.errors import WorkspaceError
from models.motifs.fingerprints import QUALITY_FLOOR, hamming_distance
from models.stages import StageRecord, stage_folder, store_record, store_table
from models.summary import Summary, describe_duplicates

FINGERPRINT = "f" * 64


def asset(number: int) -> str:
    return f"{number:064x}"


def flip(hash_: bytes, bits: range) -> bytes:
    """The hash with some of its bits turned over."""
    value = int.from_bytes(hash_, "big")
    for bit in bits:
        value ^= 1 << bit
    return value.to_bytes(32, "big")


def picture_set(
    hashes: list[bytes],
    *,
    pixels: list[int] | None = None,
    qualities: list[int] | None = None,
    embeddings: list[list[float]] | None = None,
) -> Pictures:
    count = len(hashes)
    return Pictures(
        [asset(number) for number in range(count)],
        np.frombuffer(b"".join(hashes), np.uint8).reshape(count, 32),
        np.array(qualities or [100] * count, np.int16),
        np.array(pixels or [1000] * count, np.int64),
        None if embeddings is None else np.array(embeddings, np.float16),
    )


def members(clustering: Clustering) -> list[list[str]]:
    return [[member.asset_id for member in cluster.members] for cluster in clustering.clusters]


HASH = bytes(range(32))


class TestSearch:
    def test_every_pair_within_reach_is_found_and_no_other(self) -> None:
        dice = np.random.default_rng(5)
        stored = dice.integers(0, 256, (300, 32), dtype=np.uint8)
        flips = [sorted(dice.choice(256, int(dice.integers(0, 50)), replace=False)) for _ in stored]
        near = np.unpackbits(stored, axis=1)
        for row, bits in enumerate(flips):
            near[row, bits] ^= 1
        queries = np.packbits(near, axis=1)
        hits = BandIndex(stored).search(queries)
        found = set(zip(hits.queries.tolist(), hits.found.tolist(), strict=True))
        assert found == {
            (q, s)
            for q in range(300)
            for s in range(300)
            if hamming_distance(queries[q].tobytes(), stored[s].tobytes()) <= MAX_DISTANCE
        }

    @pytest.mark.parametrize(
        "bits", [range(31), range(0, 248, 8), range(225, 256), range(0, 256, 9)]
    )
    def test_31_bits_are_found_wherever_they_lie(self, bits: range) -> None:
        one = np.frombuffer(HASH, np.uint8).reshape(1, 32)
        other = np.frombuffer(flip(HASH, bits[:31]), np.uint8).reshape(1, 32)
        assert BandIndex(one).search(other).distances.tolist() == [len(bits[:31])]

    def test_nothing_is_found_among_nothing(self) -> None:
        nothing = np.zeros((0, 32), np.uint8)
        assert len(BandIndex(nothing).search(nothing).found) == 0

    def test_hashes_of_another_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            BandIndex(np.zeros((2, 8), np.uint8))


class TestClusters:
    def test_a_chain_does_not_bring_together_what_is_far_apart(self) -> None:
        chain = [flip(HASH, range(25 * step)) for step in range(4)]
        assert members(find_clusters(picture_set(chain))) == [
            [asset(0), asset(1)],
            [asset(2), asset(3)],
        ]

    def test_the_largest_picture_represents_its_cluster(self) -> None:
        found = find_clusters(picture_set([HASH, HASH, flip(HASH, range(3))], pixels=[5, 9, 9]))
        assert found.clusters[0].representative == asset(1)

    def test_members_come_nearest_first_with_their_distance(self) -> None:
        pictures = picture_set([HASH, flip(HASH, range(9)), flip(HASH, range(4))])
        (cluster,) = find_clusters(pictures).clusters
        assert [(m.asset_id, m.distance) for m in cluster.members] == [
            (asset(0), 0),
            (asset(2), 4),
            (asset(1), 9),
        ]

    def test_near_hashes_of_other_pictures_are_told_apart_by_the_embedding(self) -> None:
        pictures = picture_set([HASH] * 3, embeddings=[[1, 0], [0.1, 1], [2, 0.1]])
        (cluster,) = find_clusters(pictures).clusters
        assert [m.asset_id for m in cluster.members] == [asset(0), asset(2)]
        assert cluster.members[1].cosine is not None
        assert cluster.members[1].cosine > LEAST_COSINE

    def test_without_an_embedding_the_hash_alone_decides(self) -> None:
        (cluster,) = find_clusters(picture_set([HASH] * 2, embeddings=[[1, 0], [0, 0]])).clusters
        assert [m.cosine for m in cluster.members] == [1.0, None]

    def test_plain_pictures_are_in_no_cluster(self) -> None:
        found = find_clusters(picture_set([HASH] * 3, qualities=[QUALITY_FLOOR - 1] * 2 + [90]))
        assert (found.clusters, found.plain) == ((), 2)

    def test_a_search_that_becomes_too_long_leaves_the_rest_alone_and_says_so(self) -> None:
        dice = np.random.default_rng(1)
        hashes = [dice.bytes(32) for _ in range(5000)]
        found = find_clusters(picture_set([*hashes, *hashes]), most_steps=1)
        assert 0 < len(found.clusters) < 5000
        assert found.unsearched > 0

    def test_a_dataset_without_pictures_has_no_clusters(self) -> None:
        assert find_clusters(picture_set([])) == Clustering((), 0, 0, 0)

    def test_columns_of_different_lengths_and_doubled_ids_are_refused(self) -> None:
        hashes, numbers = np.zeros((2, 32), np.uint8), np.zeros(2, np.int64)
        with pytest.raises(ValueError, match="length"):
            Pictures(["a"], hashes, numbers.astype(np.int16), numbers)
        with pytest.raises(ValueError, match="twice"):
            Pictures(["a", "a"], hashes, numbers.astype(np.int16), numbers)


@pytest.fixture
def clustering() -> Clustering:
    return find_clusters(picture_set([HASH, flip(HASH, range(2)), flip(HASH, range(0, 250, 2))]))


class TestStoring:
    def test_what_is_stored_can_be_read_again(self, tmp_path: Path, clustering: Clustering) -> None:
        stored = store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
        assert (stored.clusters, stored.redundant, stored.largest, stored.pictures) == (1, 1, 2, 3)
        record, table = read_duplicates(tmp_path, "foxes")
        assert record == stored
        assert [row["distance"] for row in table.to_pylist()] == [0, 2]
        assert read_representatives(tmp_path, "foxes") == {asset(0): asset(0), asset(1): asset(0)}
        assert [len(rows) for rows in list_clusters(table)] == [2]

    def test_the_same_key_needs_no_second_search(
        self, tmp_path: Path, clustering: Clustering
    ) -> None:
        store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
        assert find_record(tmp_path, "foxes", "k") is not None
        assert find_record(tmp_path, "foxes", "other") is None

    def test_a_damaged_file_is_not_believed(self, tmp_path: Path, clustering: Clustering) -> None:
        store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
        duplicates_path(tmp_path, "foxes").write_bytes(b"PAR1")
        assert find_record(tmp_path, "foxes", "k") is None
        assert read_representatives(tmp_path, "foxes") is None
        with pytest.raises(WorkspaceError, match="damaged"):
            read_duplicates(tmp_path, "foxes")

    def test_after_a_failure_the_earlier_clusters_are_not_vouched_for(
        self, tmp_path: Path, clustering: Clustering
    ) -> None:
        store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
        store_failure(tmp_path, "foxes", "OSError: disk full")
        assert find_record(tmp_path, "foxes", "k") is None
        with pytest.raises(WorkspaceError, match="disk full"):
            read_duplicates(tmp_path, "foxes")

    @pytest.mark.parametrize("record", ["", "[]", "null", '{"key": 1, "odd": 2}', "\xff"])
    def test_a_record_that_nobody_wrote_is_none(self, tmp_path: Path, record: str) -> None:
        folder = duplicates_path(tmp_path, "foxes").parent
        folder.mkdir(parents=True)
        (folder / "duplicates.json").write_bytes(record.encode("latin-1"))
        assert find_record(tmp_path, "foxes", "") is None
        assert read_representatives(tmp_path, "foxes") is None

    def test_the_csv_holds_every_member_and_no_formula(
        self, tmp_path: Path, clustering: Clustering
    ) -> None:
        store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
        _, table = read_duplicates(tmp_path, "foxes")
        file = tmp_path / "out.csv"
        write_csv(file, table, {asset(0): "=1+1", asset(1): 'ねこ, "cat"\udcff'})
        rows = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
        assert [row["asset_id"] for row in rows] == [asset(0), asset(1)]
        assert rows[0]["name"] == "'=1+1"
        assert rows[1]["name"].startswith('ねこ, "cat"')

    def test_a_csv_that_cannot_be_written_is_said(
        self, tmp_path: Path, clustering: Clustering
    ) -> None:
        store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
        _, table = read_duplicates(tmp_path, "foxes")
        with pytest.raises(WorkspaceError, match="cannot be written"):
            write_csv(tmp_path / "no" / "out.csv", table, {})


def write_shard_features(
    workspace: Path, shard: str, rows: list[dict[str, object]], width: int = 2
) -> None:
    schema = pa.schema(
        [
            pa.field("asset_id", pa.string(), nullable=False),
            pa.field("fault_code", pa.string()),
            pa.field("width", pa.int32()),
            pa.field("height", pa.int32()),
            pa.field("pdq", pa.binary(32)),
            pa.field("pdq_quality", pa.int16()),
            *([pa.field("embedding", pa.binary(2 * width))] if width else []),
        ]
    )
    blank = dict.fromkeys(schema.names)
    table = pa.Table.from_pylist([{**blank, **row} for row in rows], schema=schema)
    folder = stage_folder(workspace, "features", shard)
    output, digest = store_table(folder, FINGERPRINT, table)
    record = StageRecord(
        "features", shard, FINGERPRINT, output, digest, len(rows), len(rows), len(rows), 0.0, {}
    )
    store_record(folder, FINGERPRINT, asdict(record))


def seen(number: int, embedding: list[float] | None) -> dict[str, object]:
    return {
        "asset_id": asset(number),
        "width": 4,
        "height": 5,
        "pdq": HASH,
        "pdq_quality": 80,
        "embedding": None if embedding is None else np.array(embedding, np.float16).tobytes(),
    }


class TestReading:
    def test_pictures_of_all_shards_are_read_and_faults_left_out(self, tmp_path: Path) -> None:
        fault = {"asset_id": asset(9), "fault_code": "image_damaged"}
        write_shard_features(tmp_path, "aa", [seen(1, [1, 0]), fault])
        write_shard_features(tmp_path, "bb", [seen(2, None), seen(3, [0, 1])])
        outputs = find_features(tmp_path, ["aa", "missing", "bb"], FINGERPRINT)
        pictures = read_pictures(outputs, tmp_path)
        assert list(pictures.ids) == [asset(1), asset(2), asset(3)]
        assert pictures.pixels.tolist() == [20, 20, 20]
        assert pictures.embeddings is not None
        assert pictures.embeddings.tolist() == [[1, 0], [0, 0], [0, 1]]

    def test_features_without_embeddings_are_read_as_well(self, tmp_path: Path) -> None:
        row = seen(1, None)
        row.pop("embedding")
        write_shard_features(tmp_path, "aa", [row], width=0)
        pictures = read_pictures(find_features(tmp_path, ["aa"], FINGERPRINT), tmp_path)
        assert pictures.embeddings is None

    def test_a_shard_whose_assets_were_all_left_out_has_no_pictures(self, tmp_path: Path) -> None:
        write_shard_features(tmp_path, "aa", [])
        pictures = read_pictures(find_features(tmp_path, ["aa"], FINGERPRINT), tmp_path)
        assert len(pictures.ids) == 0
        assert len(read_pictures((), tmp_path).ids) == 0

    def test_large_embeddings_go_to_a_file_that_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models.duplicates.reading._IN_MEMORY", 0)
        write_shard_features(tmp_path, "aa", [seen(1, [1, 0]), seen(2, [1, 0])])
        pictures = read_pictures(find_features(tmp_path, ["aa"], FINGERPRINT), tmp_path / "dir")
        assert isinstance(pictures.embeddings, np.memmap)
        assert len(find_clusters(pictures).clusters) == 1
        assert list((tmp_path / "dir").iterdir()) == []

    def test_the_key_follows_the_features(self, tmp_path: Path) -> None:
        write_shard_features(tmp_path, "aa", [seen(1, [1, 0])])
        before = key_of(find_features(tmp_path, ["aa"], FINGERPRINT))
        assert before == key_of(find_features(tmp_path, ["aa"], FINGERPRINT))
        write_shard_features(tmp_path, "aa", [seen(1, [1, 0.5])])
        assert key_of(find_features(tmp_path, ["aa"], FINGERPRINT)) != before


def make_summary(**given: object) -> Summary:
    blank = dict.fromkeys(
        ("run", "dataset", "root", "layout", "policy", "encoder", "encoder_limits"), ""
    )
    numbers = dict.fromkeys(("assets", "release", "removed", "ledger_size", "open_items"), 0)
    rest = {
        "counts": {},
        "reasons": {},
        "stages": (),
        "notices": (),
        "release_id": "",
        "release_folder": "",
        "release_is_new": False,
        "ledger_root": "",
        "seconds": 0.0,
    }
    return Summary(**{**blank, **numbers, **rest, **given})  # type: ignore[arg-type]


class TestSummary:
    def test_it_says_how_many_there_are_and_comes_back_from_json(self) -> None:
        summary = make_summary(duplicates=(2, 5, 4))
        again = Summary.from_dict(json.loads(json.dumps(summary.as_dict())))
        assert again == summary
        assert describe_duplicates(again) == (
            "Near-identical pictures: 2 clusters, 5 pictures besides their representatives; "
            "the largest has 4"
        )

    def test_a_summary_of_an_older_version_has_none(self) -> None:
        value = make_summary().as_dict()
        del value["duplicates"], value["duplicates_failure"]
        assert describe_duplicates(Summary.from_dict(value)) == "Near-identical pictures: none"

    def test_a_failure_is_said_with_its_reason(self) -> None:
        summary = make_summary(duplicates_failure="OSError: disk full")
        assert "disk full" in describe_duplicates(summary)


def test_the_record_names_the_file_by_its_digest(tmp_path: Path, clustering: Clustering) -> None:
    record = store_duplicates(tmp_path, "foxes", "k", clustering, 0.5)
    assert record.output_sha256 == digest_bytes(duplicates_path(tmp_path, "foxes").read_bytes())

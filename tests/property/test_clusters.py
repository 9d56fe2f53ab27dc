"""Whatever the pictures are: clusters are stars, and the order of the pictures does not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.duplicates.bands import MAX_DISTANCE
from models.duplicates.clusters import LEAST_COSINE, Clustering, Pictures, find_clusters
from models.motifs.fingerprints import QUALITY_FLOOR, hamming_distance


@st.composite
def crowds(draw: st.DrawFn) -> Pictures:
    """Pictures around a few centres, so that many are near each other and some only just."""
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, 60))
    centres = dice.integers(0, 256, (draw(st.integers(1, 3)), 32), dtype=np.uint8)
    share = draw(st.sampled_from([0.0, 0.03, 0.06, 0.09]))
    flips = np.packbits((dice.random((count, 256)) < share).astype(np.uint8), axis=1)
    hashes = centres[dice.integers(0, len(centres), count)] ^ flips
    embeddings = dice.standard_normal((count, 3)).astype(np.float16) + np.float16(1)
    embeddings[dice.random(count) < 0.1] = 0
    return Pictures(
        [f"{number:064x}" for number in dice.permutation(count).tolist()],
        hashes.reshape(count, 32),
        dice.integers(30, 101, count).astype(np.int16),
        dice.integers(1, 4, count) * 1000,
        embeddings if draw(st.booleans()) else None,
    )


def is_near(pictures: Pictures, one: int, other: int) -> bool:
    near = (
        hamming_distance(pictures.hashes[one].tobytes(), pictures.hashes[other].tobytes())
        <= MAX_DISTANCE
    )
    if pictures.embeddings is None:
        return near
    a, b = (pictures.embeddings[row].astype(np.float32) for row in (one, other))
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return bool(near and (lengths == 0 or a @ b / lengths >= LEAST_COSINE))


def find_by_hand(pictures: Pictures) -> list[set[str]]:
    """The same walk over the ranks, without any index."""
    rows = [row for row, q in enumerate(pictures.qualities.tolist()) if q >= QUALITY_FLOOR]
    rows.sort(key=lambda row: (-int(pictures.pixels[row]), pictures.ids[row]))
    found = []
    while rows:
        leader, *rest = rows
        taken = [row for row in rest if is_near(pictures, leader, row)]
        rows = [row for row in rest if row not in taken]
        if taken:
            found.append({pictures.ids[row] for row in (leader, *taken)})
    return found


def as_sets(clustering: Clustering) -> list[set[str]]:
    return [{member.asset_id for member in cluster.members} for cluster in clustering.clusters]


@settings(deadline=None, max_examples=40)
@given(crowds())
def test_every_member_lies_within_the_reach_of_its_representative(pictures: Pictures) -> None:
    place = {asset_id: row for row, asset_id in enumerate(pictures.ids)}
    seen: set[str] = set()
    for cluster in find_clusters(pictures).clusters:
        for member in cluster.members:
            assert is_near(pictures, place[cluster.representative], place[member.asset_id])
            assert member.asset_id not in seen
            seen.add(member.asset_id)


@settings(deadline=None, max_examples=40)
@given(crowds())
def test_the_index_finds_what_a_walk_by_hand_finds(pictures: Pictures) -> None:
    found = as_sets(find_clusters(pictures))
    assert sorted(map(sorted, found)) == sorted(map(sorted, find_by_hand(pictures)))


@settings(deadline=None, max_examples=40)
@given(crowds(), st.randoms(use_true_random=False))
def test_the_order_of_the_pictures_makes_no_difference(pictures: Pictures, dice: object) -> None:
    rows = list(range(len(pictures.ids)))
    dice.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = Pictures(
        [pictures.ids[row] for row in rows],
        pictures.hashes[rows].reshape(-1, 32),
        pictures.qualities[rows],
        pictures.pixels[rows],
        None if pictures.embeddings is None else pictures.embeddings[rows],
    )
    assert find_clusters(shuffled) == find_clusters(pictures)

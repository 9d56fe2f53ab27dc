"""The reference index: all ways of matching in one, and the cache of what they need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import RegisterError
from models.motifs.calibrations import choose_calibration
from models.motifs.copies import COPY_DISTANCE, COPY_REACH
from models.motifs.fingerprints import QUALITY_FLOOR, PdqHash, Pixels, hash_pixels
from models.motifs.index import BEST_KEPT, ReferenceIndex
from models.motifs.layout import LayoutEncoder
from models.motifs.local.keypoints import KeypointsError
from models.motifs.matching import Match
from models.motifs.register import Reference
from models.motifs.register.inspecting import inspect_picture
from tests.motif_pictures import (
    build_index,
    decode_file,
    draw,
    encode_file,
    features_of,
    inner,
    register_file,
    scaled,
)

MAX_PIXELS = 10_000_000
encoder = LayoutEncoder()
CALIBRATION = choose_calibration(encoder, None)


def references(folder: Path, *seeds: int) -> tuple[Reference, ...]:
    return tuple(register_file(folder, f"motif {s}", encode_file(draw(s))) for s in seeds)


def search(index: ReferenceIndex, pixels: Pixels, asset_id: str = "0" * 64) -> tuple[Match, ...]:
    (matches,) = index.search([features_of(pixels, encoder, asset_id)])
    return matches


def build(held: tuple[Reference, ...], *, cache: Path, workers: int = 1) -> ReferenceIndex:
    return ReferenceIndex.build(
        held, encoder, CALIBRATION, MAX_PIXELS, cache=cache, workers=workers
    )


def test_the_same_file_is_certain(tmp_path: Path) -> None:
    (motif,) = references(tmp_path, 1)
    (match,) = search(build_index((motif,), encoder), draw(1), motif.id)
    assert (match.reference, match.evidence.same_file, match.risk) == (motif, True, 1.0)


def test_a_re_encoded_copy_is_seen_by_fingerprint_points_and_encoder_in_one_match(
    tmp_path: Path,
) -> None:
    motif, other = references(tmp_path, 1, 2)
    copy = decode_file(encode_file(scaled(draw(1), 0.7), "JPEG", quality=60))
    match = search(build_index((motif, other), encoder), copy)[0]
    seen = match.evidence
    assert match.reference == motif
    assert match.risk > 0.95
    assert seen.pdq is not None
    assert seen.pdq <= COPY_DISTANCE
    assert seen.whole is not None
    assert seen.whole >= encoder.suggested_score
    assert seen.alignment is not None
    assert seen.alignment.inliers >= 8


@pytest.mark.parametrize(
    ("turn", "view"),
    [
        (lambda p: np.rot90(p), "turned by 90 degrees"),
        (lambda p: p[:, ::-1], "mirrored left to right"),
        (lambda p: p[::-1], "mirrored top to bottom"),
    ],
)
def test_a_turned_copy_is_found_and_the_match_says_how(tmp_path: Path, turn, view: str) -> None:
    index = build_index(references(tmp_path, 3), encoder)
    seen = search(index, np.ascontiguousarray(turn(draw(3))))[0].evidence
    assert seen.pdq_view == view
    assert seen.pdq is not None
    assert seen.pdq <= 8


def test_a_cropped_copy_is_found_by_its_points_where_pdq_fails(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, 4), encoder)
    match = search(index, np.ascontiguousarray(inner(draw(4, (640, 480)), 0.6)))[0]
    assert match.risk >= 0.5
    assert match.evidence.pdq is None or match.evidence.pdq > COPY_DISTANCE
    assert match.evidence.alignment is not None


def test_a_motif_in_a_part_of_the_picture_is_found_with_its_box(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, 5, 6), encoder)
    scene = draw(99, (900, 700)).copy()
    scene[300:540, 500:820] = draw(5)
    match = search(index, scene)[0]
    assert match.reference.label == "motif 5"
    assert match.risk >= 0.5
    box = match.evidence.box
    assert box == pytest.approx((500 / 900, 300 / 700, 820 / 900, 540 / 700), abs=0.03)


def test_unrelated_pictures_are_no_risk(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, *range(10)), encoder)
    for seed in range(20, 40):
        assert all(match.risk < 0.5 for match in search(index, draw(seed)))


def test_a_hash_that_says_nothing_is_no_evidence(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, 1), encoder)
    whole = features_of(draw(1), encoder)
    for quality, expected in ((QUALITY_FLOOR - 1, None), (QUALITY_FLOOR, 0)):
        asked = replace(whole, pdq=PdqHash(whole.pdq.bits, quality))
        assert index.search([asked])[0][0].evidence.pdq == expected


def test_references_that_pdq_cannot_tell_apart_are_named(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(90, 120, 200)[None, :, None], 200, axis=0).repeat(3, axis=2)
    faint = register_file(tmp_path, "faint", encode_file(ramp.astype(np.uint8)))
    assert build_index((*references(tmp_path, 1), faint), encoder).unhashable == (faint,)


def test_at_most_the_surest_few_are_kept(tmp_path: Path) -> None:
    base = draw(7)
    variants = []
    for step in range(BEST_KEPT + 4):
        variant = base.copy()
        variant[: 2 + step] = 0
        variants.append(register_file(tmp_path, f"variant {step}", encode_file(variant)))
    matches = search(build_index(tuple(variants), encoder), base)
    assert len({match.reference.id for match in matches}) == BEST_KEPT
    assert [match.risk for match in matches] == sorted((m.risk for m in matches), reverse=True)


def test_many_pictures_of_one_motif_do_not_hide_another(tmp_path: Path) -> None:
    base = draw(7, (400, 300))
    crowd = []
    for step in range(BEST_KEPT + 2):
        variant = base.copy()
        variant[: 2 + step] = 0
        crowd.append(register_file(tmp_path, "one motif", encode_file(variant)))
    (other,) = references(tmp_path, 8)
    scene = draw(99, (900, 700)).copy()
    scene[20:320, 20:420] = base
    scene[440:680, 560:880] = draw(8)
    found = search(build_index((*crowd, other), encoder), scene)
    assert {match.reference.label for match in found} == {"one motif", "motif 8"}


def test_a_fingerprint_at_the_reach_is_evidence_and_one_beyond_is_not(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, 1), encoder)
    whole = features_of(draw(1), encoder)
    bits = np.unpackbits(np.frombuffer(hash_pixels(draw(1)).bits, np.uint8))
    for flipped, expected in ((COPY_REACH, COPY_REACH), (COPY_REACH + 1, None)):
        moved = bits.copy()
        moved[:flipped] ^= 1
        asked = replace(whole, pdq=PdqHash(np.packbits(moved).tobytes(), 100))
        assert index.search([asked])[0][0].evidence.pdq == expected


def test_what_is_found_does_not_depend_on_the_pictures_beside_it(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, *range(6)), encoder)
    asked = [features_of(draw(seed % 9), encoder, f"{seed:064x}") for seed in range(30)]
    assert index.search(asked) == [index.search([one])[0] for one in asked]


def test_an_empty_register_matches_nothing() -> None:
    assert search(build_index((), encoder), draw(1)) == ()


def test_a_picture_without_points_is_searched_in_the_other_ways(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, 1), encoder)
    bare = replace(features_of(draw(1), encoder), points=features_of(blank(), encoder).points)
    assert index.search([bare])[0][0].evidence.pdq == 0


def test_damaged_points_are_an_error_and_not_a_picture_without_motifs(tmp_path: Path) -> None:
    index = build_index(references(tmp_path, 1), encoder)
    whole = features_of(draw(1), encoder)
    for points in (b"", whole.points[:-3], whole.points + b"x"):
        with pytest.raises(KeypointsError):
            index.search([replace(whole, points=points)])


def test_the_order_of_the_references_does_not_matter(tmp_path: Path) -> None:
    first, second = references(tmp_path, 1, 2)
    one, other = build_index((first, second), encoder), build_index((second, first), encoder)
    assert one.version == other.version
    assert search(one, draw(2)) == search(other, draw(2))


def test_the_version_changes_with_the_register_a_label_and_a_box(tmp_path: Path) -> None:
    first, second = references(tmp_path, 1, 2)
    relabelled = replace(first, label="another")
    boxed = replace(first, box=(0.0, 0.0, 0.5, 1.0))
    registers = ((), (first,), (first, second), (relabelled,), (boxed,))
    assert len({build_index(held, encoder).version for held in registers}) == 5


def test_a_missing_reference_picture_stops_the_build(tmp_path: Path) -> None:
    (motif,) = references(tmp_path, 1)
    motif.path.unlink()
    with pytest.raises(RegisterError, match="motif 1"):
        build_index((motif,), encoder)


def test_a_changed_reference_picture_stops_the_build(tmp_path: Path) -> None:
    (motif,) = references(tmp_path, 1)
    motif.path.write_bytes(encode_file(draw(2)))
    with pytest.raises(RegisterError, match="no longer the one registered"):
        build_index((motif,), encoder)


def test_what_the_register_took_at_the_edge_of_its_limits_stops_no_run(tmp_path: Path) -> None:
    """At the size at which points are found, 30 rows of this motif are opaque; 32 are asked for."""
    pixels = np.zeros((1156, 798, 4), np.uint8)
    pixels[549:580, 382:561, :3] = draw(1, (179, 31))
    pixels[549:580, 382:561, 3] = 255
    data = encode_file(pixels)
    assert inspect_picture(data, max_pixels=MAX_PIXELS).refusal is None
    motif = register_file(tmp_path, "strip", data)
    assert build_index((motif,), encoder).references == (motif,)


def test_more_threads_compute_the_same_index(tmp_path: Path) -> None:
    held = references(tmp_path, *range(5))
    alone, together = tmp_path / "alone", tmp_path / "together"
    build(held, cache=alone, workers=1)
    build(held, cache=together, workers=3)
    assert read_all(alone) == read_all(together)
    assert len(read_all(alone)) == 6


def test_a_cached_index_finds_the_same_without_looking_at_the_pictures(tmp_path: Path) -> None:
    held, cache = references(tmp_path, 1, 2), tmp_path / "indexes"
    built = build(held, cache=cache)
    for motif in held:
        motif.path.unlink()
    cached = build(held, cache=cache)
    assert cached.version == built.version
    assert search(cached, draw(2)) == search(built, draw(2))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-10],
        lambda data: data[:-10] + bytes([data[-10] ^ 1]) + data[-9:],
        lambda data: b"something else\n" + data,
    ],
    ids=["empty", "cut short", "one bit", "foreign"],
)
def test_a_damaged_cache_is_made_again(tmp_path: Path, damage) -> None:
    held, cache = references(tmp_path, 1, 2), tmp_path / "indexes"
    built = build(held, cache=cache)
    whole = read_all(cache)
    for name, data in whole.items():
        (cache / name).write_bytes(damage(data))
    again = build(held, cache=cache)
    assert search(again, draw(1)) == search(built, draw(1))
    assert read_all(cache) == whole


@pytest.mark.parametrize("swapped", ["motifs-*.arrays", "references/*/*.arrays"])
def test_a_whole_cache_file_of_other_references_is_not_taken_for_these(
    tmp_path: Path, swapped: str
) -> None:
    held, cache, others = references(tmp_path, 1, 2), tmp_path / "indexes", tmp_path / "others"
    build(held, cache=cache)
    build(references(tmp_path, 3, 4), cache=others)
    mine, theirs = sorted(cache.glob(swapped)), sorted(others.glob(swapped))
    for path in cache.glob("motifs-*.arrays"):
        path.unlink()
    for path, other in zip(mine, theirs, strict=True):
        path.write_bytes(other.read_bytes())
    again = build(held, cache=cache)
    assert {search(again, draw(seed))[0].reference for seed in (1, 2)} == set(held)


def test_a_new_reference_costs_a_look_at_its_own_picture_only(tmp_path: Path) -> None:
    first, second = references(tmp_path, 1, 2)
    cache = tmp_path / "indexes"
    build((first,), cache=cache)
    first.path.unlink()
    both = build((first, second), cache=cache)
    assert search(both, draw(1))[0].reference == first
    assert search(both, draw(2))[0].reference == second


def read_all(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def blank() -> Pixels:
    return np.full((100, 100, 3), 255, np.uint8)

"""The reference index: three ways of matching, and the cache of what they need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.canonical import digest_bytes
from models.errors import EncoderError, RegisterError
from models.motifs.fingerprints import PDQ_BYTES, QUALITY_FLOOR, PdqHash, Pixels, hash_pixels
from models.motifs.index import BEST_KEPT, COPY_REACH, Match, Query, ReferenceIndex
from models.motifs.layout import LayoutEncoder
from models.motifs.register import Reference
from tests.motif_pictures import decode_file, draw, encode_file, inner, scaled

MAX_PIXELS = 10_000_000
encoder = LayoutEncoder()


def reference(folder: Path, label: str, pixels: Pixels) -> Reference:
    data = encode_file(pixels)
    path = folder / digest_bytes(data)
    path.write_bytes(data)
    return Reference(path.name, label, "character", "", path)


def references(folder: Path, *seeds: int) -> tuple[Reference, ...]:
    return tuple(reference(folder, f"motif {seed}", draw(seed)) for seed in seeds)


def query(pixels: Pixels, asset_id: str = "0" * 64) -> Query:
    return Query(asset_id, hash_pixels(pixels), encoder.encode([pixels])[0].astype(np.float16))


def search(index: ReferenceIndex, pixels: Pixels, asset_id: str = "0" * 64) -> tuple[Match, ...]:
    (matches,) = index.search([query(pixels, asset_id)])
    return matches


def test_the_same_file_is_one_match_and_the_best(tmp_path: Path) -> None:
    (motif,) = references(tmp_path, 1)
    index = ReferenceIndex.build((motif,), encoder, MAX_PIXELS)
    assert search(index, draw(1), motif.id) == (Match(motif, "file", 1.0, 0, ""),)


def test_a_re_encoded_copy_matches_by_fingerprint_and_by_encoder(tmp_path: Path) -> None:
    motif, other = references(tmp_path, 1, 2)
    index = ReferenceIndex.build((motif, other), encoder, MAX_PIXELS)
    copy = decode_file(encode_file(scaled(draw(1), 0.5), "JPEG", quality=60))
    matches = search(index, copy)
    assert [(m.reference, m.by) for m in matches] == [(motif, "pdq"), (motif, "encoder")]
    assert matches[0].distance is not None
    assert matches[0].distance <= 31
    assert matches[0].score == 1 - matches[0].distance / 256
    assert matches[1].score >= encoder.suggested_score


@pytest.mark.parametrize(
    ("turn", "view"),
    [
        (lambda p: np.rot90(p), "turned by 90 degrees"),
        (lambda p: p[:, ::-1], "mirrored left to right"),
        (lambda p: p[::-1], "mirrored top to bottom"),
    ],
)
def test_a_turned_copy_is_found_and_the_match_says_how(tmp_path: Path, turn, view: str) -> None:
    index = ReferenceIndex.build(references(tmp_path, 3), encoder, MAX_PIXELS)
    first = search(index, np.ascontiguousarray(turn(draw(3))))[0]
    assert (first.by, first.view) == ("pdq", view)
    assert first.distance is not None
    assert first.distance <= 8


def test_a_cropped_copy_is_found_by_the_encoder_where_pdq_fails(tmp_path: Path) -> None:
    index = ReferenceIndex.build(references(tmp_path, 4), encoder, MAX_PIXELS)
    matches = search(index, np.ascontiguousarray(inner(draw(4), 0.82)))
    assert [m.by for m in matches if m.by == "pdq" and (m.distance or 0) <= 31] == []
    assert [m.by for m in matches if m.score >= encoder.suggested_score] == ["encoder"]


def test_an_unrelated_picture_matches_nothing_from_the_suggested_score(tmp_path: Path) -> None:
    index = ReferenceIndex.build(references(tmp_path, *range(10)), encoder, MAX_PIXELS)
    for seed in range(20, 40):
        matches = search(index, draw(seed))
        assert all(m.score < encoder.suggested_score for m in matches if m.by == "encoder")
        assert all((m.distance or 0) > 31 for m in matches if m.by == "pdq")


def test_a_hash_that_says_nothing_matches_no_copy(tmp_path: Path) -> None:
    index = ReferenceIndex.build(references(tmp_path, 1), encoder, MAX_PIXELS)
    bits, blind = hash_pixels(draw(1)).bits, np.zeros(encoder.dimension)
    for quality, found in ((QUALITY_FLOOR - 1, 0), (QUALITY_FLOOR, 1)):
        (matches,) = index.search([Query("0" * 64, PdqHash(bits, quality), blind)])
        assert len(matches) == found


def test_references_that_pdq_cannot_tell_apart_are_named(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(90, 120, 200)[None, :, None], 200, axis=0).repeat(3, axis=2)
    faint = reference(tmp_path, "faint", ramp.astype(np.uint8))
    index = ReferenceIndex.build((*references(tmp_path, 1), faint), encoder, MAX_PIXELS)
    assert index.unhashable == (faint,)
    assert [m.by for m in search(index, ramp.astype(np.uint8), faint.id)] == ["file"]


def test_at_most_the_best_few_are_kept_each_way(tmp_path: Path) -> None:
    base = draw(7)
    variants = []
    for step in range(BEST_KEPT + 4):
        variant = base.copy()
        variant[: 2 + step] = 0
        variants.append(reference(tmp_path, f"variant {step}", variant))
    index = ReferenceIndex.build(tuple(variants), encoder, MAX_PIXELS)
    matches = search(index, base)
    for way in ("pdq", "encoder"):
        kept = [m for m in matches if m.by == way]
        assert len(kept) == BEST_KEPT
        assert len({m.reference.id for m in kept}) == BEST_KEPT
        assert [m.score for m in kept] == sorted((m.score for m in kept), reverse=True)


def test_a_match_at_the_reach_is_kept_and_one_beyond_is_not(tmp_path: Path) -> None:
    motif = references(tmp_path, 1)[0]
    index = ReferenceIndex.build((motif,), encoder, MAX_PIXELS)
    bits = np.unpackbits(np.frombuffer(hash_pixels(draw(1)).bits, np.uint8))
    for flipped, found in ((COPY_REACH, True), (COPY_REACH + 1, False)):
        moved = bits.copy()
        moved[:flipped] ^= 1
        asked = Query(
            "0" * 64, PdqHash(np.packbits(moved).tobytes(), 100), np.zeros(encoder.dimension)
        )
        (matches,) = index.search([asked])
        assert any(m.distance == flipped for m in matches) is found


def test_what_is_found_does_not_depend_on_the_queries_beside_it(tmp_path: Path) -> None:
    index = ReferenceIndex.build(references(tmp_path, *range(6)), encoder, MAX_PIXELS)
    queries = [query(draw(seed % 9), f"{seed:064x}") for seed in range(60)]
    assert index.search(queries) == [index.search([one])[0] for one in queries]


def test_an_empty_register_matches_nothing() -> None:
    index = ReferenceIndex.build((), encoder, MAX_PIXELS)
    assert search(index, draw(1)) == ()


def test_the_order_of_the_references_does_not_matter(tmp_path: Path) -> None:
    first, second = references(tmp_path, 1, 2)
    one = ReferenceIndex.build((first, second), encoder, MAX_PIXELS)
    other = ReferenceIndex.build((second, first), encoder, MAX_PIXELS)
    assert one.version == other.version
    assert search(one, draw(2)) == search(other, draw(2))


def test_the_version_changes_with_the_register_and_with_a_label(tmp_path: Path) -> None:
    first, second = references(tmp_path, 1, 2)
    relabelled = Reference(first.id, "another", first.category, "", first.path)
    versions = {
        ReferenceIndex.build(held, encoder, MAX_PIXELS).version
        for held in ((), (first,), (first, second), (relabelled,))
    }
    assert len(versions) == 4


def test_embeddings_of_another_encoder_are_refused(tmp_path: Path) -> None:
    index = ReferenceIndex.build(references(tmp_path, 1), encoder, MAX_PIXELS)
    with pytest.raises(EncoderError, match="7 numbers"):
        index.search([Query("0" * 64, PdqHash(bytes(PDQ_BYTES), 0), np.zeros(7))])


def test_a_missing_reference_picture_stops_the_build(tmp_path: Path) -> None:
    (motif,) = references(tmp_path, 1)
    motif.path.unlink()
    with pytest.raises(RegisterError, match="motif 1"):
        ReferenceIndex.build((motif,), encoder, MAX_PIXELS)


def test_a_changed_reference_picture_stops_the_build(tmp_path: Path) -> None:
    (motif,) = references(tmp_path, 1)
    motif.path.write_bytes(encode_file(draw(2)))
    with pytest.raises(RegisterError, match="no longer the one registered"):
        ReferenceIndex.build((motif,), encoder, MAX_PIXELS)


def test_more_threads_compute_the_same_index(tmp_path: Path) -> None:
    held = references(tmp_path, *range(5))
    alone, together = tmp_path / "alone", tmp_path / "together"
    ReferenceIndex.build(held, encoder, MAX_PIXELS, cache=alone, workers=1)
    ReferenceIndex.build(held, encoder, MAX_PIXELS, cache=together, workers=3)
    (one,), (other,) = (list(folder.iterdir()) for folder in (alone, together))
    assert (one.name, one.read_bytes()) == (other.name, other.read_bytes())


def test_a_cached_index_finds_the_same_without_looking_at_the_pictures(tmp_path: Path) -> None:
    held, cache = references(tmp_path, 1, 2), tmp_path / "indexes"
    built = ReferenceIndex.build(held, encoder, MAX_PIXELS, cache=cache)
    for motif in held:
        motif.path.unlink()
    cached = ReferenceIndex.build(held, encoder, MAX_PIXELS, cache=cache)
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
    built = ReferenceIndex.build(held, encoder, MAX_PIXELS, cache=cache)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = ReferenceIndex.build(held, encoder, MAX_PIXELS, cache=cache)
    assert search(again, draw(1)) == search(built, draw(1))
    assert file.read_bytes() == whole

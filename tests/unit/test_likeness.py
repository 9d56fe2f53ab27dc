"""Finding an asset again by what it looks like."""

from __future__ import annotations

import io

import iscc_core as ic
import numpy as np
import pytest
from PIL import Image

from models.assets.decoding import decode_image
from models.consent.iscc.codes import IsccError
from models.consent.iscc.computing import compute_iscc
from models.consent.likeness import (
    How,
    LikenessIndex,
    LikenessMatch,
    hash_as_published,
)
from models.consent.subjects import Subject, SubjectKind

RANDOM = np.random.default_rng(3)
PDQ = bytes([0x5A, 0xC3] * 16)
IMAGE = bytes([0x5A, 0xC3] * 4)


def flip(bits: bytes, count: int) -> bytes:
    value = int.from_bytes(bits, "big") ^ ((1 << count) - 1)
    return value.to_bytes(len(bits), "big")


def image_code(bits: bytes) -> str:
    code: str = ic.encode_component(2, 1, 0, 64, bits)
    return code


def pdq_subject(bits: bytes = PDQ) -> Subject:
    return Subject(SubjectKind.PDQ, bits.hex())


def iscc_subject(bits: bytes = IMAGE) -> Subject:
    return Subject(SubjectKind.ISCC, image_code(bits))


def index(*subjects: Subject) -> LikenessIndex:
    return LikenessIndex.build([(subject,) for subject in subjects])


class TestPdq:
    @pytest.mark.parametrize(("distance", "found"), [(0, True), (31, True), (32, False)])
    def test_up_to_31_bits_are_a_copy(self, distance: int, found: bool) -> None:
        matches = index(pdq_subject()).match(flip(PDQ, distance), 90, None)
        expected = (LikenessMatch(pdq_subject(), distance, How.PDQ),) if found else ()
        assert matches == expected

    def test_the_hash_of_a_plain_picture_is_not_looked_for(self) -> None:
        assert index(pdq_subject()).match(PDQ, 49, None) == ()
        assert index(pdq_subject()).match(PDQ, 50, None) != ()

    def test_a_listed_hash_of_a_plain_picture_is_unusable_and_told(self) -> None:
        plain = pdq_subject(bytes(32))
        assert index(plain).unusable == (
            (plain, "its picture is too plain to be told from others"),
        )
        assert index(plain).match(bytes(32), 100, None) == ()

    def test_the_nearest_comes_first(self) -> None:
        near, far = pdq_subject(flip(PDQ, 2)), pdq_subject(flip(PDQ, 9))
        matches = index(far, near).match(PDQ, 90, None)
        assert [match.subject for match in matches] == [near, far]

    def test_a_hash_of_another_length_is_refused(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            index(pdq_subject()).match(b"short", 90, None)


class TestIscc:
    @pytest.mark.parametrize(("distance", "found"), [(0, True), (8, True), (9, False)])
    def test_up_to_8_bits_are_the_same_picture(self, distance: int, found: bool) -> None:
        matches = index(iscc_subject()).match(None, 0, image_code(flip(IMAGE, distance)))
        assert bool(matches) is found

    def test_the_nearest_of_several_codes_of_one_asset_counts_once(self) -> None:
        codes = [image_code(flip(IMAGE, count)) for count in (5, 1, 3)]
        (match,) = index(iscc_subject()).match(None, 0, codes)
        assert match == LikenessMatch(iscc_subject(), 1, How.IMAGE_CODE)

    def test_a_plain_picture_matches_nothing(self) -> None:
        plain = iscc_subject(bytes(8))
        assert index(plain).unusable[0][0] == plain
        assert index(iscc_subject(flip(bytes(8), 8))).match(None, 0, image_code(bytes(8))) == ()

    def test_a_code_without_image_and_instance_is_unusable_and_told(self) -> None:
        text = Subject(SubjectKind.ISCC, ic.encode_component(2, 0, 0, 64, IMAGE))
        assert "neither" in index(text).unusable[0][1]

    def test_two_codes_with_one_image_are_both_found(self) -> None:
        other = Subject(SubjectKind.ISCC, ic.encode_component(2, 1, 0, 128, IMAGE * 2))
        matches = index(iscc_subject(), other).match(None, 0, image_code(IMAGE))
        assert {match.subject for match in matches} == {iscc_subject(), other}

    def test_what_is_no_code_is_an_error(self) -> None:
        with pytest.raises(IsccError):
            index(iscc_subject()).match(None, 0, "nonsense")


class TestPictures:
    def picture(self) -> Image.Image:
        noise = RANDOM.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        return Image.fromarray(noise).resize((300, 260), Image.Resampling.BICUBIC)

    def saved(self, image: Image.Image, kind: str, **how: int) -> bytes:
        out = io.BytesIO()
        image.save(out, kind, **how)
        return out.getvalue()

    def test_a_declared_picture_is_found_again_in_its_re_encoded_copy(self) -> None:
        picture = self.picture()
        original = self.saved(picture, "PNG")
        copy = self.saved(picture, "JPEG", quality=75)
        declared = Subject(SubjectKind.ISCC, compute_iscc(original, max_pixels=10**7).composite)
        listed = pdq_subject(
            hash_as_published(decode_image(original, max_pixels=10**7).pixels).bits
        )
        found = hash_as_published(decode_image(copy, max_pixels=10**7).pixels)
        codes = compute_iscc(copy, max_pixels=10**7)
        matches = index(declared, listed).match(
            found.bits, found.quality, codes.images, codes.instance
        )
        assert {(m.subject, m.how) for m in matches} == {
            (listed, How.PDQ),
            (declared, How.IMAGE_CODE),
        }

    def test_the_same_bytes_are_found_first_by_their_instance_code(self) -> None:
        data = self.saved(self.picture(), "PNG")
        codes = compute_iscc(data, max_pixels=10**7)
        declared = Subject(SubjectKind.ISCC, codes.composite)
        matches = index(declared).match(None, 0, codes.image, codes.instance)
        assert [m.how for m in matches] == [How.INSTANCE_CODE, How.IMAGE_CODE]


class TestShards:
    def test_each_row_of_a_shard_gets_what_it_gets_alone(self) -> None:
        bits = [RANDOM.bytes(32) for _ in range(40)]
        images = [RANDOM.bytes(8) for _ in range(40)]
        known = index(*(pdq_subject(b) for b in bits), *(iscc_subject(i) for i in images))
        queries = [flip(b, count) for count, b in enumerate(bits)]
        looks = np.array([[list(flip(i, n % 12)), list(i)] for n, i in enumerate(images)], np.uint8)
        qualities = np.array([20 if n % 7 == 0 else 90 for n in range(40)])
        together = known.match_shard(
            np.frombuffer(b"".join(queries), np.uint8).reshape(40, 32), qualities, looks
        )
        for n in range(40):
            codes = [image_code(bytes(row)) for row in looks[n]]
            assert together[n] == known.match(queries[n], int(qualities[n]), codes)

    def test_an_empty_index_and_an_empty_shard(self) -> None:
        assert index().match(PDQ, 90, image_code(IMAGE)) == ()
        assert index(pdq_subject()).match_shard(None, np.zeros(0, np.int64), None) == []
        assert len(index()) == 0

    def test_other_kinds_of_subjects_are_left_to_others(self) -> None:
        known = index(Subject(SubjectKind.SHA256, "0" * 64), Subject(SubjectKind.URL, "https://a"))
        assert (len(known), known.unusable) == (0, ())

"""Lettering read for real: rendered names, hostile sizes, threads, and signs that others drew."""

from __future__ import annotations

import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from models.assets.faults import FaultError
from models.nouns.lettering import LetteringReader, Line
from models.reasons import Reason

pytest.importorskip("rapidocr_onnxruntime", reason="the extra `ocr` is not installed")

IMAGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "images"
CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")

needs_cjk = pytest.mark.skipif(not CJK.exists(), reason="no Noto Sans CJK on this machine")


@pytest.fixture(scope="module")
def reader() -> LetteringReader:
    return LetteringReader(4_000_000, 2)


def write(text: str, size: int = 32, font: Path | None = None, turned: int = 0) -> bytes:
    """A picture of 640 x 480 pixels with a text in its upper half."""
    face = ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
    image = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(image).text((64, 96), text, font=face, fill="black")
    sink = io.BytesIO()
    image.rotate(turned, expand=True).save(sink, "PNG")
    return sink.getvalue()


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize("size", [14, 32, 64])
def test_latin_letters_are_read_at_every_usual_size(reader: LetteringReader, size: int) -> None:
    (line,) = reader.read(write("HATSUNE MIKU", size))
    assert line.text.replace(" ", "") == "HATSUNEMIKU"
    assert line.confidence > 0.8


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_lettering_that_is_turned_is_read(reader: LetteringReader, turned: int) -> None:
    (line,) = reader.read(write("HATSUNE MIKU", turned=turned))
    assert line.text.replace(" ", "") == "HATSUNEMIKU"


def test_the_box_surrounds_the_letters(reader: LetteringReader) -> None:
    (line,) = reader.read(write("HATSUNE", 40))
    x0, y0, x1, y1 = line.box
    assert x0 == pytest.approx(0.1, abs=0.02)
    assert y0 < 0.22 < 0.24 < y1 < 0.35
    assert 0.3 < x1 < 0.6


@needs_cjk
def test_common_kanji_are_read(reader: LetteringReader) -> None:
    assert texts(reader.read(write("紀田正臣", font=CJK))) == ["紀田正臣"]


@needs_cjk
def test_kana_are_not_read_and_what_is_left_of_the_name_is_its_kanji(
    reader: LetteringReader,
) -> None:
    read = "".join(texts(reader.read(write("初音ミク", font=CJK))))
    assert "初音" in read
    assert "ミク" not in read


def test_a_picture_without_lettering_has_no_lines(reader: LetteringReader) -> None:
    assert reader.read(write("")) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (31, 33), (2000, 2000)])
def test_every_size_of_picture_is_looked_at(reader: LetteringReader, size: tuple[int, int]) -> None:
    sink = io.BytesIO()
    Image.new("L", size, 128).save(sink, "PNG")
    assert reader.read(sink.getvalue()) == []


def test_a_picture_that_is_cut_short_is_a_fault(reader: LetteringReader) -> None:
    data = write("HATSUNE MIKU")
    with pytest.raises(FaultError) as caught:
        reader.read(data[: len(data) // 2])
    assert caught.value.fault.reason is Reason.IMAGE_DAMAGED


def test_threads_and_pickled_copies_read_the_same(reader: LetteringReader) -> None:
    copy = pickle.loads(pickle.dumps(reader))
    assert copy.fingerprint == reader.fingerprint
    data = write("HATSUNE MIKU")
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda each: each.read(data), [reader, copy] * 4))
    assert all(lines == read[0] for lines in read)


@pytest.mark.skipif(not IMAGES.exists(), reason="the images are not beside the checkout")
@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("openclipart-png/stop_sign_right_font_mig_*", "STOP"),
        ("openclipart-png/one_way_sign_01-*", "ONE WAY"),
        ("tuxpaint-stamps-default/stop-*", "STOP"),
    ],
)
def test_the_words_of_signs_are_read(reader: LetteringReader, pattern: str, word: str) -> None:
    (path,) = IMAGES.glob(pattern)
    read = "".join(texts(reader.read(path.read_bytes()))).replace(" ", "")
    assert word.replace(" ", "") in read.upper()

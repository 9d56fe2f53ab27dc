"""Names in the metadata of image files, and in the JSON beside them."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from models.assets.asset import Asset, Caption, Location
from models.canonical import digest_bytes
from models.findings import Finding
from models.nouns.embedded import read_embedded, read_sidecar
from models.nouns.embedded.prompts import read_prompts
from models.nouns.knowledge import NounKnowledge
from models.nouns.recognition import Source
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.reasons import Reason

STAGE = NounsStage(
    NounKnowledge(make_register([make_entry("hatsune_miku", "character", ["初音ミク"])])),
    max_bytes=1 << 20,
)
A1111 = (
    "1girl, hatsune miku, <lora:miku_v2:0.8>\nNegative prompt: rin, lowres\n"
    "Steps: 20, Sampler: Euler a, Model: animix"
)
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="A headline">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">初音ミク</rdf:li></rdf:Alt></dc:title>
<dc:subject><rdf:Bag><rdf:li>concert</rdf:li></rdf:Bag></dc:subject>
<dc:creator><rdf:Seq><rdf:li>An Artist</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        if text.isascii():
            info.add_text(key, text, zip=len(text) > 80)
        else:
            info.add_itxt(key, text, zip=True)
    sink = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(sink, "PNG", pnginfo=info)
    return sink.getvalue()


def jpeg(**options: Any) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(sink, "JPEG", **options)
    return sink.getvalue()


def exif_with(tag: int, value: Any, *, inner: bool = False) -> bytes:
    exif = Image.Exif()
    if inner:
        exif.get_ifd(0x8769)[tag] = value
    else:
        exif[tag] = value
    return exif.tobytes()


def iptc(*datasets: tuple[int, bytes]) -> bytes:
    body = b"".join(
        bytes((0x1C, 2, number)) + struct.pack(">H", len(value)) + value
        for number, value in datasets
    )
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(body)) + body
    segment = b"Photoshop 3.0\0" + resource
    plain = jpeg()
    return plain[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def texts(data: bytes) -> list[tuple[str, Source]]:
    return [(found.text, found.source) for found in read_embedded(data)]


def test_the_prompt_is_read_and_the_negative_prompt_and_settings_are_left_out() -> None:
    (found,) = read_embedded(png(parameters=A1111))
    assert (found.text.strip(), found.source) == (
        "1girl, hatsune miku, <lora:miku_v2:0.8>",
        Source.PROMPT,
    )
    assert found.place == "the PNG text 'parameters'"


def test_the_texts_of_a_node_graph_are_read_and_its_settings_are_not() -> None:
    graph = {
        "3": {"class_type": "KSampler", "inputs": {"sampler_name": "euler", "seed": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "hatsune miku on stage"}},
        "9": {"class_type": "LoraLoader", "inputs": {"lora_name": "miku.safetensors"}},
    }
    assert set(read_prompts(json.dumps(graph))) == {"hatsune miku on stage", "miku.safetensors"}


def test_json_that_is_nested_too_deeply_is_taken_as_it_stands() -> None:
    deep = "[" * 100_000
    assert read_prompts(deep) == [deep]


@pytest.mark.parametrize("compressed", ["初音ミクのライブ", "Concert " * 30])
def test_titles_in_every_kind_of_png_text_are_read(compressed: str) -> None:
    assert texts(png(Title=compressed)) == [(compressed, Source.TITLE)]


def test_png_texts_that_describe_nothing_are_left_alone() -> None:
    assert texts(png(Software="Program 1.0", Author="Somebody")) == []


def test_exif_titles_and_the_user_comment_are_read() -> None:
    described = jpeg(exif=exif_with(0x010E, "hatsune miku"))
    assert texts(described) == [("hatsune miku", Source.TITLE)]
    titled = jpeg(exif=exif_with(0x9C9B, "初音ミク".encode("utf-16-le") + b"\0\0"))
    assert texts(titled) == [("初音ミク", Source.TITLE)]


@pytest.mark.parametrize(
    "comment",
    [
        b"ASCII\0\0\0" + A1111.encode(),
        b"UNICODE\0" + A1111.encode("utf-16-be"),
        b"UNICODE\0" + A1111.encode("utf-16-le"),
        b"\0" * 8 + A1111.encode(),
    ],
)
def test_a_user_comment_is_read_in_the_encodings_that_programs_use(comment: bytes) -> None:
    (found,) = read_embedded(jpeg(exif=exif_with(0x9286, comment, inner=True)))
    assert found.text.strip() == "1girl, hatsune miku, <lora:miku_v2:0.8>"
    assert found.source is Source.PROMPT


def test_iptc_titles_and_keywords_are_read() -> None:
    data = iptc((5, b"Live"), (25, "初音ミク".encode()), (120, b"On stage"), (80, b"An Author"))
    assert texts(data) == [
        ("Live", Source.TITLE),
        ("初音ミク", Source.TITLE),
        ("On stage", Source.TITLE),
    ]


def test_xmp_titles_are_read_and_creators_are_not() -> None:
    sink = io.BytesIO()
    Image.new("RGB", (8, 8)).save(sink, "JPEG", xmp=XMP.encode())
    found = {text for text, _ in texts(sink.getvalue())}
    assert found == {"初音ミク", "concert", "A headline"}


def test_of_a_broken_xmp_packet_every_text_is_taken() -> None:
    sink = io.BytesIO()
    Image.new("RGB", (8, 8)).save(sink, "JPEG", xmp=XMP.replace("</rdf:RDF>", "").encode())
    assert ("初音ミク", Source.TITLE) in texts(sink.getvalue())


def test_token_metadata_beside_the_image_is_read() -> None:
    content = json.dumps(
        {
            "name": "Miku #1",
            "description": "A concert",
            "image": "ipfs://x",
            "attributes": [{"trait_type": "Singer", "value": "hatsune miku"}, {"value": 3}],
        }
    ).encode()
    assert [found.text for found in read_sidecar(content)] == [
        "Miku #1",
        "A concert",
        "hatsune miku",
    ]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{", b'{"name": 3}', b"null"])
def test_a_sidecar_without_texts_yields_nothing(content: bytes) -> None:
    assert list(read_sidecar(content)) == []


@given(st.binary(max_size=300), st.sampled_from([png(Title="x"), jpeg(), iptc((5, b"x"))]))
def test_no_bytes_make_the_reading_fail(noise: bytes, whole: bytes) -> None:
    for data in (noise, whole[: len(noise)], whole[:20] + noise + whole[20:]):
        assert isinstance(read_embedded(data), list)


def examine(path: Path, *captions: str, sidecars: tuple[Location, ...] = ()) -> dict[str, Any]:
    asset = Asset(
        digest_bytes(path.read_bytes()) if path.exists() else "a" * 64,
        (Location(path.name, str(path)),),
        tuple(Caption(text, "a.txt") for text in captions),
        sidecars,
    )
    (row,) = STAGE.examine([asset], lambda _: None).to_pylist()
    return row


def test_a_name_in_a_prompt_is_a_finding_that_says_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(png(parameters=A1111))
    row = examine(path, "a concert")
    findings = [Finding.from_dict(json.loads(text)) for text in row["findings"]]
    (found,) = (each for each in findings if each.kind == "name_protected")
    assert (found.source, found.caption, found.start) == ("prompt", -1, -1)
    assert found.explanation.startswith("The PNG text 'parameters': 'hatsune miku' is registered")


def test_what_a_caption_says_already_is_not_told_twice(tmp_path: Path) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(png(Description="hatsune miku on stage"))
    row = examine(path, "hatsune miku on stage")
    assert len(row["findings"]) == 1


def test_a_file_that_cannot_be_read_is_a_fault_and_never_a_pass(tmp_path: Path) -> None:
    row = examine(tmp_path / "gone.png", "a concert")
    assert row["fault_code"] == Reason.IMAGE_MISSING.value

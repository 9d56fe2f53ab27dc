"""Every recogniser at work: whatever it sees, a reviewer who reads Japanese reads why."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.findings import Finding
from models.nouns.components import UserComponent
from models.nouns.knowledge import NounKnowledge
from models.nouns.lettering.lines import Line
from models.nouns.recognisers.assembling import assemble
from models.nouns.recognisers.learned import LearnedSpan, see_all
from models.nouns.recognition import Certainty, Sighting, Source, prepare
from models.nouns.register.storage import CATEGORIES, make_entry, make_register
from models.nouns.spacy_import import Doc, Span, spacy
from models.nouns.stage import NounsStage, _place_lines, describe
from models.nouns.vocabulary import Vocabulary
from models.translation.findings import explain_in_japanese, find_japanese_explanation

KNOWLEDGE = NounKnowledge(
    make_register(
        [
            make_entry("hatsune_miku", "character", ["初音ミク", "39_chan"]),
            make_entry("saber_(fate)", "character", ["セイバー"]),
            make_entry("アンナ・デマラ", "person"),
            make_entry("anna_demara", "person"),
            make_entry("rose", "character"),
            make_entry("rose_(brand)", "brand"),
            make_entry("rose_(studio)", "character"),
            make_entry("kantoku", "artist"),
            make_entry("shoujo_kageki", "work"),
        ]
    ),
    Vocabulary(frozenset({"1girl", "long hair", "solo", "smile", "looking at viewer"})),
)
TEXTS = (
    # Tags.
    "1girl, hatsune miku, saber (fate), rose, solo",
    "1girl, saber, hatsunemiku, h4tsune m1ku, hatsnue miku, shojo kageki, 39 chan",
    "1girl, umbreon, umbreon (cosplay), kirara zolmar (garden), vel'koz, artist:zelmo, @zelmo_art",
    "1girl, miku hatsune, rose (brand), kantoku, ha-tsu-ne miku, pixiv id 123456, zelmo (artist)",
    # English.
    'A girl called "Rose" and Rose smiled, art by kantoku, in the style of Zelmo Karp.',
    "Portrait drawn by vanilla. Photo by Ada Karp. Fan art of Zolmeria. A Zolmeria cosplay.",
    "A character from Zolmeria, by Zelmo Karp, from Zolmeria. A girl named Zelmo. Zelmo style.",
    "Dressed as Zelmira. Inspired by Karpov. Karpov inspired poster. Zolmeria fan art.",
    "In the manner of Karpov, with the signature of Zelmo. Karpov fanart. A Zelmo Karp cosplayer.",
    "Artist: Zelmo. Character: Zolmira. Series: Zolmeria. Studio: Karp.",
    "Brand: Zelmo. Model: Ada Karp",
    "© 2021 Zelmo Works. Copyright 2020 Karp Studio. Zolmeria™ https://twitter.com/zelmo_art",
    "pixiv.net/users/123456 zelmo.tumblr.com pixiv 123456 @zelmo_art",
    "Zolmira rests on a roof while Umbreon sleeps. umbrevolt sits near the Zanzor river.",
    "H.a.t.s.u.n.e M.i.k.u and hatsu nemiku, hаtsune mіku, hat\u200bsune miku, haatsune miku.",
    # Japanese.
    "公園で初音ミクさんが歌っている。初音みくの画風、ローズ、アンナデマラ。",
    "「ゾルミェラ」のコスプレをした田中太郎さん。『夕焼けの国』の登場人物。ゾルミェラ風の画風。",
    "ゾルミェラの二次創作。ピカソ風の絵。佐藤先生、花子ちゃん、太郎くんが遊ぶ。デマラ・アンナ。",
    "ゾルミェラのコスプレ、ゾルミェラの画風、Zelmoの作風、ジョン・スミス、京都さん。",
    "1girl, 初音ミク, ここねこミミ, 夕焼け",
)

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">hatsune miku</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def explain_all() -> list[tuple[str, str]]:
    """The detector and the explanation of everything that is seen, before any is left out."""
    texts = [prepare(text) for text in TEXTS]
    texts += [prepare(text, Source.PROMPT) for text in TEXTS]
    texts += [prepare(text, Source.FILE_NAME) for text in ("saber", "hatsune miku 01", "rose")]
    return [
        (recogniser.name, sighting.explanation)
        for recogniser in assemble(KNOWLEDGE)
        for seen in recogniser.recognise(texts)
        for sighting in seen
    ]


@pytest.fixture(scope="module")
def explained() -> list[tuple[str, str]]:
    return explain_all()


def test_whatever_a_recogniser_sees_is_explained_in_japanese(
    explained: list[tuple[str, str]],
) -> None:
    assert [pair for pair in explained if find_japanese_explanation(pair[1]) is None] == []


def test_every_recogniser_sees_something(explained: list[tuple[str, str]]) -> None:
    names = {recogniser.name for recogniser in assemble(KNOWLEDGE)}
    assert {name for name, _ in explained} == names


def test_what_a_file_holds_besides_is_told_in_japanese(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "1girl, hatsune miku, solo")
    info.add_itxt("XML:com.adobe.xmp", XMP)
    sink = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a drawing of hatsune miku"
    Image.new("RGB", (8, 8), "red").save(sink, "PNG", pnginfo=info, exif=exif)
    path, beside = tmp_path / "hatsune miku.png", tmp_path / "hatsune miku.json"
    path.write_bytes(sink.getvalue())
    beside.write_text(json.dumps({"name": "hatsune miku"}), "utf-8")
    asset = Asset(
        digest_bytes(sink.getvalue()),
        (Location(path.name, str(path)),),
        (),
        (Location(beside.name, str(beside)),),
    )
    stage = NounsStage(KNOWLEDGE, max_bytes=1 << 20)
    (row,) = stage.examine([asset], lambda _: None).to_pylist()
    found = [Finding.from_dict(json.loads(text)) for text in row["findings"]]
    shown = [explain_in_japanese(finding.explanation) for finding in found]
    assert {text.partition("：")[0] for text in shown} == {
        "ファイル名「hatsune miku」",
        "PNG のテキスト「parameters」",
        "EXIF のタグ ImageDescription",
        "XMP の title",
        "画像に添えられた JSON の「name」",
    }


def test_lettering_in_a_picture_is_told_in_japanese() -> None:
    lines = [Line("HATSUNE", (0, 0, 0.5, 0.1), 0.9), Line("MIKU", (0, 0.1, 0.5, 0.2), 0.9)]
    sighting = Sighting(
        0,
        12,
        "HATSUNE MIKU",
        Certainty.CERTAIN,
        "character",
        "register/1",
        1.0,
        "'HATSUNE MIKU' is registered as a character.",
    )
    found = describe(sighting, _place_lines(lines)[-1])
    assert explain_in_japanese(found.explanation) == (
        "画像内の文字「HATSUNE / MIKU」：「HATSUNE MIKU」はキャラクターとして登録されています。"
    )


@pytest.mark.parametrize("category", [*CATEGORIES, ""])
def test_what_a_model_takes_for_a_name_is_told_in_japanese(category: str) -> None:
    texts = [prepare("Ada Karp rests")]
    spans = [[LearnedSpan(0, 8, "LABEL", 0.9)]]
    ((sighting,),) = see_all(
        texts, [(0, 0, "Ada Karp rests")], spans, "m/1", "my model", {"LABEL": category}.get
    )
    shown = explain_in_japanese(sighting.explanation)
    assert shown.startswith("モデル「my model」は「Ada Karp」を")
    assert shown.endswith("と判断しました（ラベル：LABEL）。")


def test_what_a_component_marks_is_told_in_japanese() -> None:
    def mark(doc: Doc) -> Doc:
        doc.ents = [Span(doc, 0, 2, label="PERSON")]
        return doc

    doc = UserComponent(mark, "my.module:finder")(spacy.blank("en")("Ada Karp rests"))
    (sighting,) = doc._.names
    assert explain_in_japanese(sighting.explanation) == (
        "追加の検出器「my.module:finder」が「Ada Karp」を検出しました（ラベル：PERSON）。"
    )

"""Bad input to the search for names: each asset gets its row, and nothing passes unseen."""

from __future__ import annotations

import csv
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from models.assets.asset import Asset, Caption, Location, unread_id
from models.editing import CaptionEditor
from models.errors import KiyomeError
from models.judging import Bench, judge
from models.nouns.embedded.png import read_png
from models.nouns.embedded.sidecars import read_sidecar
from models.nouns.embedded.xmp import read_xmp
from models.nouns.knowledge import NounKnowledge
from models.nouns.recognition import term_of
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.nouns.terms.importing import read_rulings
from models.nouns.terms.listing import TermFilter, list_terms, write_csv
from models.nouns.terms.records import effective_term_rulings
from models.nouns.terms.rulings import rule_term, undo_term
from models.nouns.vocabulary import Vocabulary
from models.policy import parse_policy
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.term_seed import store_terms, unknown

REGISTER = make_register(
    [make_entry("hatsune_miku", "character", ["初音ミク"]), make_entry("kantoku", "artist")]
)
TAGS = frozenset(map(term_of, ["solo", "smile", "1girl", "long_hair"]))
STAGE = NounsStage(NounKnowledge(REGISTER, Vocabulary(TAGS)))

LONG = 30_000
BAD = {
    "nothing": "",
    "blanks": " \t\u3000\u00a0" * 100,
    "separators": ", ,、。;|\n" * 500,
    "zero characters": "\0" * 500,
    "binary": bytes(range(256)).decode("latin-1") * 20,
    "lone surrogates": "\ud800\udc00\udfff" * 500,
    "directions": "\u202e\u2066\u202d\u2069" * 500,
    "tag characters": "a" + "\U000e0061" * LONG,
    "combining marks": "a" + "\u0301" * LONG,
    "joined emoji": "👩\u200d👩\u200d👧" * 2000,
    "flags": "🇯🇵" * 2000,
    "expanding": "\ufdfa" * 500,
    "jamo": "ᄒ\u1161\u11ab" * 3000,
    "brackets": "([{「『" * 3000 + "』」}])" * 3000,
    "quotes": "\"'“”‘’" * 3000,
    "weights": "(a:1.2)" * 3000,
    "files": "<lora:" * 3000,
    "trade marks": "Abc™ " * 3000,
    "one letter": "a" * LONG,
    "words": "qwxz vbk " * 2000,
    "newlines": "\n" * LONG,
    "escapes": "\\u521d\\u97f3" * 2000,
    "base64": "aGF0c3VuZSBtaWt1" * 2000,
    "plane sixteen": "\U0010ffff" * 2000,
    "commas": "a," * 10_000,
}


def asset(name: str, *captions: str) -> Asset:
    return Asset(
        unread_id(name),
        (Location(name, f"/set/{name}"),),
        tuple(Caption(text, f"{name}.txt") for text in captions),
    )


def examine(*assets: Asset) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = STAGE.examine(assets, lambda _: None).to_pylist()
    return rows


def test_no_bad_caption_is_a_fault_or_costs_its_neighbour_a_finding() -> None:
    batch = [asset(f"{n}.png", text) for n, text in enumerate(BAD.values())]
    rows = examine(*batch, asset("good.png", "solo, hatsune miku"))
    assert len(rows) == len(BAD) + 1
    faults = {
        name: row["fault_detail"]
        for name, row in zip(BAD, rows, strict=False)
        if row["fault_code"] is not None
    }
    assert faults == {}
    assert [json.loads(text)["label"] for text in rows[-1]["findings"]] == ["hatsune_miku"]


@pytest.mark.parametrize("name", BAD)
def test_a_name_in_a_tag_of_its_own_is_found_after_bad_text(name: str) -> None:
    (row,) = examine(asset("a.png", f"{BAD[name]}\n, hatsune_miku, solo, smile"))
    assert row["fault_code"] is None
    labels = {json.loads(text)["label"] for text in row["findings"]}
    assert "hatsune_miku" in labels


@pytest.mark.parametrize("char", ["ア", "初", "ー"])
def test_one_kana_or_kanji_without_end_is_no_fault(char: str) -> None:
    (row,) = examine(asset("a.png", char * 20_000))
    assert row["fault_code"] is None


def _policy() -> Any:
    return parse_policy(
        'name = "t"\nversion = "1"\n[nouns]\ncharacter = "rewrite"\nunknown_term = "rewrite"\n'
    )


def test_a_rewritten_caption_with_a_lone_surrogate_does_not_end_the_run(tmp_path: Path) -> None:
    assets = [asset("a.png", "solo, hatsune m\ud800iku, smile"), asset("b.png", "solo, smile")]
    policy = _policy()
    bench = Bench(
        policy,
        {},
        0,
        {},
        frozenset(),
        editor=CaptionEditor(STAGE, policy),
    )
    found: pa.Table = STAGE.examine(assets, lambda _: None)
    record = judge("s" * 64, assets, {"nouns": found}, bench, tmp_path, "set")
    assert sum(record.counts.values()) == 2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


def test_many_small_chunks_do_not_become_texts_without_end() -> None:
    packed = zlib.compress(b"a, " * 4_000_000, 9)
    bomb = _png(*[_chunk(b"zTXt", b"parameters\0\0" + packed)] * 4)
    assert len(bomb) < 100_000
    assert sum(len(found.text) for found in read_png(bomb)) <= 16 * 1024**2


def test_a_title_inside_a_title_is_read_once() -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        + b"<dc:title>" * 50
        + b"hatsune miku"
        + b"</dc:title>" * 50
        + b"</x:xmpmeta>"
    )
    texts = list(read_xmp(_png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))))
    assert [found.text for found in texts] == ["hatsune miku"]


def test_a_key_that_a_sidecar_names_twice_hides_nothing() -> None:
    texts = {found.text for found in read_sidecar(b'{"name": "hatsune miku", "name": "x"}')}
    assert "hatsune miku" in texts


@pytest.mark.parametrize(
    "content",
    [
        b'{"description": {"en": "hatsune miku"}}',
        b'{"name": [["hatsune miku"]]}',
        b'{"attributes": [{"value": {"name": "hatsune miku"}}]}',
        b'[{"name": "hatsune miku"}]',
    ],
)
def test_a_title_that_is_nested_in_a_sidecar_is_read(content: bytes) -> None:
    assert "hatsune miku" in {found.text for found in read_sidecar(content)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[" * 5000,
        b'{"name": NaN, "description": 1e999}',
        b'{"name": "\\ud800"}',
        b'{"name":' + b"[" * 90 + b"]" * 90 + b"}",
    ],
)
def test_a_bad_sidecar_is_no_error(content: bytes) -> None:
    list(read_sidecar(content))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xfftEXtTitle\0x",
        _png(_chunk(b"tEXt", b"Title")),
        _png(_chunk(b"zTXt", b"Title\0")),
        _png(_chunk(b"zTXt", b"Title\0\0not zlib")),
        _png(_chunk(b"iTXt", b"Title\0\1")),
        _png(_chunk(b"iTXt", b"Title\0\1\0\0\0zz")),
    ],
)
def test_a_bad_text_chunk_is_no_error(data: bytes) -> None:
    list(read_png(data))


SURFACES = {
    "quotes": "o'brien\" OR 1=1 --",
    "wildcards": "100%_a",
    "backslash": "a\\_b",
    "direction": "\u202eabc",
    "zero": "q\0b",
    "surrogate": "r\ud800b",
    "formula": "=SUM(A1)",
    "plus": "+cmd|' /C calc'!A0",
    "minus": "-two",
    "at": "@three",
    "tab": "\t=four",
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)',
    "long": "y" * 500,
}


@pytest.fixture
def listed(sqlite_database: Database) -> Database:
    captions = {name: f"solo, {surface}" for name, surface in SURFACES.items()}
    found = {
        f"{name}.png": (caption, [unknown(caption, SURFACES[name])])
        for name, caption in captions.items()
    }
    store_terms(sqlite_database, "set", found)
    store_terms(sqlite_database, "other", found)
    return sqlite_database


def test_every_odd_term_can_be_ruled_on_found_and_undone(listed: Database) -> None:
    with listed.snapshot() as session:
        terms = list_terms(session, TermFilter("set"), limit=None)
    assert len(terms) == len(SURFACES)
    for term in terms:
        with listed.transaction() as session:
            ruled = rule_term(session, "set", term.term, "work", "mika")
        (stored,) = ruled.rulings
        assert (stored.dataset, stored.term) == ("set", term.term)
    with listed.snapshot() as session:
        assert len(effective_term_rulings(session, "set")) == len(SURFACES)
        assert effective_term_rulings(session, "other") == {}
    with listed.transaction() as session:
        undo_term(session, stored.id, "mika")
    with pytest.raises(KiyomeError), listed.transaction() as session:
        undo_term(session, stored.id, "mika")
    with listed.snapshot() as session:
        assert len(effective_term_rulings(session, "set")) == len(SURFACES) - 1


@pytest.mark.parametrize(("text", "count"), [("%", 1), ("100%", 1), ("_b", 1), ("a\\", 1)])
def test_a_search_takes_wildcards_as_they_are_written(
    listed: Database, text: str, count: int
) -> None:
    with listed.snapshot() as session:
        found = list_terms(session, TermFilter("set", search=text), limit=None)
        surfaces = [term.surface for term in found]
    assert sum(text in surface for surface in surfaces) == count


def test_no_cell_of_a_list_of_terms_is_a_formula(listed: Database, tmp_path: Path) -> None:
    with listed.snapshot() as session:
        write_csv(session, TermFilter("set"), tmp_path / "t.csv", lambda _: None)
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def _read(database: Database, path: Path, data: bytes) -> tuple[list[tuple[str, str]], int]:
    path.write_bytes(data)
    with database.snapshot() as session:
        given = read_rulings(session, "set", path, replace=False)
    return [(choice.term, choice.category) for choice in given.choices], len(given.problems)


@pytest.mark.parametrize(
    "row", [b"caf\xe9,descriptive", b"q\0b2,descriptive", b"caf\xed\xa0\x80,descriptive"]
)
def test_a_row_that_is_no_text_rules_on_no_other_term(
    listed: Database, tmp_path: Path, row: bytes
) -> None:
    choices, problems = _read(listed, tmp_path / "i.csv", b"term,ruling\n" + row + b"\n")
    assert (choices, problems) == ([], 1)


def test_a_quotation_mark_that_never_closes_is_said(listed: Database, tmp_path: Path) -> None:
    data = b'term,ruling,category\n"zed,descriptive,\nqux,name,work\n'
    _, problems = _read(listed, tmp_path / "i.csv", data)
    assert problems == 1


@pytest.fixture
def page(tmp_path: Path, listed: Database) -> Iterator[TestClient]:
    app = create_app(Settings(workspace=tmp_path / "workspace"), listed)
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    with client:
        yield client


def _sign_in(page: TestClient) -> str:
    def token(path: str) -> str:
        return page.get(path).text.partition('name="csrf" value="')[2].partition('"')[0]

    page.post("/sign-in", data={"csrf": token("/sign-in"), "name": "mika"})
    return token("/help")


def test_no_term_becomes_part_of_the_page(page: TestClient) -> None:
    _sign_in(page)
    text = page.get("/terms").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert '" onmouseover="' not in text


def test_a_ruling_without_its_token_is_refused(page: TestClient, listed: Database) -> None:
    token = _sign_in(page)
    assert token
    ruling = {"dataset": "set", "term": "three", "ruling": "descriptive"}
    for data in (ruling, {**ruling, "csrf": "0" * len(token)}):
        assert page.post("/terms/rule", data=data).status_code in (400, 403)
    with listed.snapshot() as session:
        assert effective_term_rulings(session, "set") == {}


def test_a_model_folder_that_cannot_be_made_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.cli import main

    (tmp_path / "captions.txt").write_text(
        "".join(f"a dog and a cat walk over the bridge near house {n}\n" for n in range(300)),
        encoding="utf-8",
    )
    (tmp_path / "names.csv").write_text(
        "name,category\n" + "".join(f"Zorvan Quil{n},character\n" for n in range(60)),
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    out = str(tmp_path / ("x" * 300))
    words = ["train-ner", "--captions", "captions.txt", "--names", "names.csv", "--out", out]
    monkeypatch.setattr(sys, "argv", ["kiyome", *words, "--steps", "1"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code not in (0, None)
    assert "kiyome:" in capsys.readouterr().err

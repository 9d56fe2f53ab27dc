"""Readers of lists of names and tags, each on small lists of our own making and on hostile ones."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RegisterError
from models.nouns.importers.enamdict import encoding_of
from models.nouns.importers.formats import FORMATS, detect_format
from models.nouns.importers.json_pieces import JsonPieces
from models.nouns.importers.languages import language_of
from models.nouns.importers.lines import read_csv, read_lines
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import EndedEarlyError, ListAbout, ListChoices, ListRow
from models.nouns.importers.tagcomplete import guess_scheme
from models.nouns.importers.wikidata_classes import category_of

TAGS = (
    '1star,0,900,"one_star,/os"\n'
    "tomori_ren,1,30,\n"
    "lantern_parade,3,20,the_lantern_parade\n"
    'akane_(lantern_parade),4,10,"akane_tomori,茜"\n'
    "scenic_view,5,9,\n"
)
ANIME = {
    "license": {"name": "Open List Licence 1.0", "url": "https://example.org/licence"},
    "repository": "https://example.org/anime-list",
    "lastUpdate": "2025-07-05",
    "data": [
        {
            "sources": ["https://example.org/anime/1"],
            "title": "Lantern Parade",
            "type": "TV",
            "synonyms": ["灯籠パレード", "등불 행진", "灯籠行列"],
            "studios": ["tsukimori works"],
            "tags": ["school"],
        },
        {"sources": [], "title": "Paper Harbour", "synonyms": [], "studios": ["kite film"]},
    ],
}
XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE JMnedict [
<!ELEMENT JMnedict (entry*)>
<!ENTITY surname "family or surname">
<!ENTITY person "full name of a particular person">
<!ENTITY company "company name">
<!ENTITY work "work of art, literature, music, etc. name">
]>
<!-- JMnedict created: 2024-08-29 -->
<JMnedict>
<entry><ent_seq>1</ent_seq><k_ele><keb>灯守蓮</keb></k_ele><r_ele><reb>ともりれん</reb></r_ele>
<trans><name_type>&person;</name_type><trans_det>Tomori Ren (1990.1-)</trans_det></trans></entry>
<entry><ent_seq>2</ent_seq><k_ele><keb>灯守</keb></k_ele><r_ele><reb>ともり</reb></r_ele>
<trans><name_type>&surname;</name_type><trans_det>Tomori</trans_det></trans></entry>
<entry><ent_seq>3</ent_seq><k_ele><keb>月森社</keb></k_ele><k_ele><keb>月杜社</keb></k_ele>
<r_ele><reb>つきもりしゃ</reb></r_ele>
<trans><name_type>&company;</name_type><trans_det>Tsukimori &amp; Sons</trans_det></trans>
<trans><name_type>&work;</name_type><trans_det>The House of Tsukimori</trans_det></trans></entry>
</JMnedict>
"""
TEXT = (
    "\u3000？？？ /ENAMDICT - Japanese Proper Name Dictionary File/Created: 2021-02-03/\n"
    "灯守 [ともり] /(s,p) Tomori/\n"
    "灯守蓮 [ともりれん] /(h) Tomori Ren (1990.1-)/\n"
    "ツキモリ /(c) Tsukimori Company/TMC/(wk) Tsukimori (novel)/\n"
    "アカネ /(f) Akane/\n"
)


NOTHING_SAID = ListChoices()


def entity(item: str, of: str, **labels: str) -> dict[str, Any]:
    return {
        "type": "item",
        "id": item,
        "labels": {code: {"language": code, "value": text} for code, text in labels.items()},
        "aliases": {"en": [{"language": "en", "value": f"{item} alias"}]},
        "claims": {"P31": [claim(of)]},
        "modified": "2024-03-01T10:00:00Z",
    }


def claim(of: str, rank: str = "normal") -> dict[str, Any]:
    value = {"entity-type": "item", "id": of}
    return {"mainsnak": {"datavalue": {"value": value}}, "rank": rank}


def as_dump(*entities: dict[str, Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in entities) + "\n]\n"


def as_result(*rows: dict[str, tuple[str, str]]) -> str:
    bindings = [
        {
            key: {"type": "literal", "value": text, "xml:lang": code}
            for key, (text, code) in row.items()
        }
        for row in rows
    ]
    variables = sorted({key for row in rows for key in row})
    return json.dumps({"head": {"vars": variables}, "results": {"bindings": bindings}})


def read(
    path: Path, content: str | bytes, choices: ListChoices = NOTHING_SAID
) -> tuple[list[ListRow], ListAbout]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows: list[ListRow] = []
    with ListFile(path) as file:
        form = choices.format or detect_format(file)
        about = ListAbout(form, choices.source, choices.licence, choices.dated_ms)
        rows.extend(FORMATS[form].read(file, about, choices))
    return rows, about


def names_of(rows: list[ListRow]) -> list[tuple[str, str]]:
    return [(entry.name, entry.category) for row in rows for entry in row.names]


def surfaces_of(rows: list[ListRow], name: str) -> dict[str, tuple[str, str]]:
    (entry,) = (entry for row in rows for entry in row.names if entry.name == name)
    return {surface.text: (surface.kind, surface.language) for surface in entry.surfaces}


def problems_of(rows: list[ListRow]) -> list[tuple[int, bool]]:
    return [(problem.line, problem.whole_row) for row in rows for problem in row.problems]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("name,category\nmew,character\n", "csv"),
        ("\ufeffCategory,Name\r\nwork,x\r\n", "csv"),
        (TAGS, "tagcomplete"),
        ("name,category,posts,aliases\n1star,0,9,\n", "tagcomplete"),
        (json.dumps(ANIME), "anime-offline"),
        (json.dumps(ANIME, indent=2), "anime-offline"),
        ('{"sources": [], "title": "Paper Harbour", "synonyms": []}\n', "anime-offline"),
        (as_dump(entity("Q1", "Q5", en="A B")), "wikidata"),
        (json.dumps({"entities": {"Q1": entity("Q1", "Q5", en="A B")}}), "wikidata"),
        (json.dumps(entity("Q1", "Q5", en="A B")) + "\n", "wikidata"),
        (as_result({"item": ("http://x/Q1", "")}), "wikidata-query"),
        ('[{"item":"http://x/Q1","itemLabel":"A"}]', "wikidata-query"),
        (XML, "jmnedict"),
        (TEXT, "enamdict"),
        (TEXT.encode("euc_jp"), "enamdict"),
        (TEXT.split("\n", 1)[1], "enamdict"),
    ],
)
def test_a_list_is_known_by_what_it_holds(tmp_path: Path, content: str | bytes, form: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with ListFile(path) as file:
        assert detect_format(file) == form


@pytest.mark.parametrize(
    "content", ["", "once upon a time", "<html></html>", '{"a": 1}', "[1, 2]", "\0\0\0", "a,b,c\n"]
)
def test_a_list_that_is_not_known_is_refused_with_what_was_looked_for(
    tmp_path: Path, content: str
) -> None:
    with pytest.raises(RegisterError, match=r"enamdict: lines such as .*--format") as caught:
        read(tmp_path / "list", content)
    assert all(f"{name}: {form.looks_like}" in str(caught.value) for name, form in FORMATS.items())


def test_a_list_in_utf_16_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="Save it as UTF-8"):
        read(tmp_path / "list", "name,category\nmew,character\n".encode("utf-16"))


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c"])
def test_a_list_that_is_packed_in_another_way_is_refused(tmp_path: Path, magic: bytes) -> None:
    with pytest.raises(RegisterError, match="Unpack it with"):
        read(tmp_path / "list", magic + b"\0" * 40)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_list_reads_like_a_plain_one(tmp_path: Path, pack: Any) -> None:
    plain, _ = read(tmp_path / "plain", TAGS)
    cut = TAGS.index("lantern")
    parts = pack(TAGS[:cut].encode()) + pack(TAGS[cut:].encode())
    packed, _ = read(tmp_path / "packed", parts)
    assert names_of(packed) == names_of(plain)
    assert [row.tags for row in packed] == [row.tags for row in plain]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_list_that_breaks_off_says_so(tmp_path: Path, pack: Any) -> None:
    whole = pack("".join(f"tag_{n},0,{n},\n" for n in range(2000)).encode())
    with pytest.raises(EndedEarlyError):
        read(tmp_path / "list", whole[: len(whole) // 2], ListChoices(format="tagcomplete"))


def test_a_list_that_unpacks_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.nouns.importers.list_file._SMALLEST_BOMB", 1 << 20)
    bomb = gzip.compress(b"0" * (1 << 24))
    with pytest.raises(RegisterError, match="more than 200 times its size"):
        read(tmp_path / "list", bomb, ListChoices(format="tagcomplete"))


def test_the_digest_is_that_of_the_file_as_it_lies_there(tmp_path: Path) -> None:
    import hashlib

    data = gzip.compress(TAGS.encode())
    (tmp_path / "list").write_bytes(data)
    seen: list[int] = []
    with ListFile(tmp_path / "list", seen.append) as file:
        assert file.finish() == hashlib.sha256(data).hexdigest()
    assert sum(seen) == len(data)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_ends_a_line(tmp_path: Path, end: str) -> None:
    rows, _ = read(tmp_path / "list", TAGS.replace("\n", end))
    assert [row.line for row in rows] == [1, 2, 3, 4, 5]


def test_a_line_that_is_too_long_costs_no_other_one(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "list", f"{TAGS}{'x' * (3 << 20)},0,1,\nafter,0,1,\n")
    assert problems_of(rows) == [(6, True)]
    assert rows[-1].tags == ("after",)


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8")), min_size=2)
    )
)
def test_csv_is_read_as_the_standard_library_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "list"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("first,line\n")
        csv.writer(file).writerows(rows)
    with ListFile(path) as listed:
        found = [row.fields for row in read_csv(read_lines(listed, 1 << 20))]
    assert found[1:] == [row for row in rows if any(map(str.strip, row))]


def test_a_quotation_mark_too_many_costs_one_row(tmp_path: Path) -> None:
    rows, _ = read(
        tmp_path / "list",
        'name,category,owner\nmew,character,"a\nmewtwo,character,b\npichu,character,"c, d"\n',
    )
    assert names_of(rows) == [("mewtwo", "character"), ("pichu", "character")]
    assert problems_of(rows) == [(2, True)]
    assert [row.is_unread for row in rows] == [True, False, False]


def test_a_quoted_field_may_hold_line_ends(tmp_path: Path) -> None:
    rows, _ = read(
        tmp_path / "list", 'name,category,remark\nmew,character,"one\ntwo"\npichu,character,\n'
    )
    assert [(row.line, row.names[0].name) for row in rows] == [(3, "mew"), (4, "pichu")]


def test_a_csv_list_is_known_by_the_source_of_its_first_row(tmp_path: Path) -> None:
    rows, about = read(
        tmp_path / "list.csv",
        "name,category,source\nmew,character,the list\npichu,character,\neevee,character,other\n",
    )
    assert about.source == "the list"
    assert [row.names[0].source for row in rows] == ["the list", "the list", "other"]
    assert read(tmp_path / "list.csv", "name,category\nmew,work\n")[1].source == "list.csv"


def test_a_language_that_is_none_is_left_out_and_the_name_stays(tmp_path: Path) -> None:
    rows, _ = read(
        tmp_path / "list", "name,category,language\nミュウ,character,JA\nmew,character,english!\n"
    )
    assert surfaces_of(rows, "ミュウ") == {"ミュウ": ("official", "ja")}
    assert surfaces_of(rows, "mew") == {"mew": ("official", "")}
    assert problems_of(rows) == [(3, False)]


def test_tags_become_vocabulary_and_names_are_registered(tmp_path: Path) -> None:
    rows, about = read(tmp_path / "tags.csv", TAGS)
    assert names_of(rows) == [
        ("tomori_ren", "artist"),
        ("lantern_parade", "work"),
        ("akane_(lantern_parade)", "character"),
    ]
    assert [tag for row in rows for tag in row.tags] == ["1star", "one_star", "scenic_view"]
    assert set(surfaces_of(rows, "akane_(lantern_parade)")) == {
        "akane_(lantern_parade)",
        "akane_tomori",
        "茜",
    }
    assert (about.source, about.scheme) == ("tags.csv", "danbooru")


def test_each_site_numbers_its_categories_in_its_own_way(tmp_path: Path) -> None:
    e621 = "cat,5,9,\nhi_res,7,9,\nold_name_(lore),8,9,\nbad,6,9,\nren,2,9,\nana,9,9,\n"
    rows, about = read(tmp_path / "list", e621)
    assert about.scheme == "e621"
    assert names_of(rows) == [("ren", "artist"), ("ana", "artist")]
    assert [tag for row in rows for tag in row.tags] == ["cat", "hi_res", "old_name_(lore)"]
    assert [row.line for row in rows if row.passed_over] == [4]
    merged = "1star,0,9,\nren,8,9,\nparade,10,9,\nakane,11,9,\ncat,12,9,\n"
    rows, about = read(tmp_path / "list", merged)
    assert about.scheme == "merged"
    assert names_of(rows) == [("ren", "artist"), ("parade", "work"), ("akane", "character")]


def test_the_scheme_that_is_given_stands(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "list", "a,7,9,\nb,1,9,\n", ListChoices(scheme="danbooru"))
    assert problems_of(rows) == [(1, True)]
    assert "--scheme" in rows[0].problems[0].message
    assert guess_scheme({0, 1, 3, 4, 5}) == "danbooru"


def test_tags_with_too_few_posts_are_passed_over(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "list", TAGS, ListChoices(min_posts=20))
    assert names_of(rows) == [("tomori_ren", "artist"), ("lantern_parade", "work")]
    assert [row.passed_over for row in rows if row.passed_over] == [
        "tags with fewer than 20 posts"
    ] * 2


def test_a_row_of_tags_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    bad = (
        b",0,1,\nname,none,1,\nonly\n\xff\xfe,0,1,\n"
        + b"x" * 201
        + b",0,1,\nnul\0,0,1,\n???,4,1,\n"
    )
    rows, _ = read(tmp_path / "list", TAGS.encode() + bad)
    assert problems_of(rows) == [(line, True) for line in range(6, 13)]


@pytest.mark.parametrize("indent", [None, 2])
def test_anime_give_works_and_studios(tmp_path: Path, indent: int | None) -> None:
    rows, about = read(tmp_path / "list", json.dumps(ANIME, indent=indent, ensure_ascii=False))
    assert names_of(rows) == [
        ("Lantern Parade", "work"),
        ("tsukimori works", "studio"),
        ("Paper Harbour", "work"),
        ("kite film", "studio"),
    ]
    assert surfaces_of(rows, "Lantern Parade") == {
        "Lantern Parade": ("official", ""),
        "灯籠パレード": ("other", "ja"),
        "등불 행진": ("other", "ko"),
        "灯籠行列": ("other", ""),
    }
    assert about.source == "https://example.org/anime-list"
    assert about.licence == "Open List Licence 1.0"
    assert about.dated_ms == 1_751_673_600_000
    assert {name.source for row in rows for name in row.names} == {about.source}


def test_anime_as_json_lines_read_like_one_object(tmp_path: Path) -> None:
    whole, about = read(tmp_path / "whole", json.dumps(ANIME))
    head = {key: value for key, value in ANIME.items() if key != "data"}
    lines = "".join(json.dumps(each) + "\n" for each in [head, *ANIME["data"]])  # type: ignore[misc]
    by_line, told = read(tmp_path / "lines", lines)
    assert names_of(by_line) == names_of(whole)
    assert (told.source, told.licence, told.dated_ms) == (
        about.source,
        about.licence,
        about.dated_ms,
    )


def test_anime_that_cannot_be_used_cost_no_other_one(tmp_path: Path) -> None:
    deep = "[" * 200 + "]" * 200
    data = [
        '{"title": "Paper Harbour", "synonyms": "none"}',
        '{"title": 5}',
        '{"title": "x" "y"}',
        f'{{"title": "Deep", "synonyms": {deep}}}',
        '{"title": "???"}',
        '{"title": "\\ud800"}',
        '{"title": "Lantern Parade"}',
    ]
    content = f'{{"lastUpdate": "2025-01-01", "data": [{",".join(data)}]}}'
    rows, _ = read(tmp_path / "list", content)
    assert [name for name, _ in names_of(rows)] == ["Paper Harbour", "Lantern Parade"]
    assert problems_of(rows) == [(1, False), *((number, True) for number in range(2, 7))]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ANIME)[:-30],
        json.dumps(ANIME)[:-1],
        json.dumps(ANIME["data"][0]) + '\n{"title": "Pap',  # type: ignore[index]
        as_dump(entity("Q1", "Q5", en="A B"))[:-3],
        json.dumps({"entities": {"Q1": entity("Q1", "Q5", en="A B")}})[:-1],
        as_result({"item": ("http://x/Q1", ""), "class": ("x/Q5", "")})[:-4],
        XML[:-30],
        XML[:500],
        TEXT[:-12],
        TAGS + '1moon,0,9,"one_mo',
        'name,category,aliases\nmew,character,"a|',
    ],
)
def test_a_list_that_breaks_off_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(EndedEarlyError, match="--partial"):
        read(tmp_path / "list", content)


def test_json_that_is_not_closed_in_its_own_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="brackets do not match"):
        read(tmp_path / "list", '{"lastUpdate": "x", "data": [{"title": "a"}}}')


def test_json_that_nests_without_end_is_refused_before_it_fills_the_stack(tmp_path: Path) -> None:
    with pytest.raises(RegisterError):
        read(tmp_path / "list", '{"lastUpdate": ' + '{"a":' * 300_000)
    rows, _ = read(
        tmp_path / "lines",
        '{"title": ' + "[" * 300_000 + "\n",
        ListChoices(format="wikidata", category="work"),
    )
    assert problems_of(rows) == [(1, True)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), _JSON), max_size=5),
    st.dictionaries(st.text(), _JSON, max_size=3),
    st.sampled_from([None, 1]),
)
def test_json_in_pieces_is_what_it_is_as_a_whole(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[dict[str, Any]],
    beside: dict[str, Any],
    indent: int | None,
) -> None:
    beside.pop("data", None)
    path = tmp_path_factory.mktemp("json") / "list"
    path.write_text(json.dumps({**beside, "data": members}, indent=indent))
    with ListFile(path) as file:
        pieces = JsonPieces(file, frozenset({("data",)}))
        assert [member.value for member in pieces.members()] == members
        assert pieces.frame == {**beside, "data": []}


def test_a_dump_gives_the_items_of_known_classes(tmp_path: Path) -> None:
    dump = as_dump(
        entity("Q11", "Q15632617", en="Akane Tomori", ja="灯守茜", simple="Akane T."),
        entity("Q12", "Q7889", ja="灯籠パレード"),
        entity("Q13", "Q532", en="A Village"),
        entity("Q14", "Q5", **{"zh-classical": "灯守蓮", "xx-toolongforatag": "Ren T."}),
    )
    rows, about = read(tmp_path / "list", dump)
    assert names_of(rows) == [
        ("Akane Tomori", "character"),
        ("灯籠パレード", "work"),
        ("Ren T.", "person"),
    ]
    assert surfaces_of(rows, "Akane Tomori") == {
        "Akane Tomori": ("official", "en"),
        "灯守茜": ("other", "ja"),
        "Akane T.": ("other", "en"),
        "Q11 alias": ("alias", "en"),
    }
    assert surfaces_of(rows, "Ren T.")["灯守蓮"] == ("other", "lzh")
    assert about.licence == "CC0-1.0"
    assert about.dated_ms == 1_709_251_200_000


def test_an_export_of_entities_reads_like_a_dump(tmp_path: Path) -> None:
    items = [entity("Q11", "Q95074", en="Akane"), entity("Q12", "Q431289", en="Tsukimori")]
    dumped, _ = read(tmp_path / "dump", as_dump(*items))
    export = json.dumps({"entities": {item["id"]: item for item in items}, "success": 1})
    exported, _ = read(tmp_path / "export", export)
    assert names_of(exported) == names_of(dumped)


def test_the_category_that_is_given_stands_for_every_item(tmp_path: Path) -> None:
    dump = as_dump(entity("Q13", "Q532", en="A Village"))
    assert names_of(read(tmp_path / "list", dump, ListChoices(category="place"))[0]) == [
        ("A Village", "place")
    ]


def test_only_the_languages_wanted_are_taken(tmp_path: Path) -> None:
    item = entity("Q11", "Q95074", en="Akane", ja="茜", fr="Garance")
    rows, _ = read(
        tmp_path / "list",
        as_dump(item, entity("Q12", "Q5", fr="Luc")),
        ListChoices(languages=frozenset({"ja"})),
    )
    assert surfaces_of(rows, "茜") == {"茜": ("official", "ja")}
    assert "languages wanted" in rows[1].passed_over


def test_what_an_item_names_is_told_by_its_classes() -> None:
    assert category_of(["Q5", "Q15632617"]) == "character"
    assert category_of(["Q5"]) == "person"
    assert category_of(["Q5"], ["Q644687"]) == "artist"
    assert category_of(["Q4830453", "Q1107679"]) == "studio"
    assert category_of(["Q532"], ["Q644687"]) == ""


def test_a_class_that_was_withdrawn_does_not_count(tmp_path: Path) -> None:
    item = entity("Q11", "Q5", en="Akane Tomori")
    item["claims"]["P31"] = [claim("Q5", "deprecated"), claim("Q95074")]
    assert names_of(read(tmp_path / "list", as_dump(item))[0]) == [("Akane Tomori", "character")]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "Q1", "labels": 5, "claims": {"P31": [{"id": "Q5"}]}}',
        '{"id": "Q5", "labels": {"en": "x"}, "claims": []}',
        '{"id": "Q5", "labels": {"en": {"value": 7}}, "aliases": {"en": 5}, "claims": {"P31": 1}}',
        '{"id": "Q5", "labels": []}',
    ],
)
def test_an_entity_of_another_shape_gives_nothing(tmp_path: Path, line: str) -> None:
    rows, _ = read(tmp_path / "list", line + "\n", ListChoices(format="wikidata"))
    assert names_of(rows) == []
    rows, _ = read(
        tmp_path / "list", line + "\n", ListChoices(format="wikidata", category="person")
    )
    assert names_of(rows) == []


def test_a_line_that_is_no_entity_costs_no_other_one(tmp_path: Path) -> None:
    good = json.dumps(entity("Q11", "Q95074", en="Akane"))
    content = f'[\n{good},\n"id": "Q5",\n5,\n{{"id": "Q5",\n{good}\n]\n'
    rows, _ = read(tmp_path / "list", content, ListChoices(format="wikidata"))
    assert [name for name, _ in names_of(rows)] == ["Akane", "Akane"]
    assert [line for line, _ in problems_of(rows)] == [3, 4, 5]


def test_rows_of_a_query_that_belong_to_one_item_are_one_name(tmp_path: Path) -> None:
    uri = "http://www.wikidata.org/entity/"
    result = as_result(
        {"item": (f"{uri}Q11", ""), "class": (f"{uri}Q95074", ""), "itemLabel": ("Akane", "en")},
        {"item": (f"{uri}Q11", ""), "class": (f"{uri}Q95074", ""), "itemLabel": ("茜", "ja")},
        {
            "item": (f"{uri}Q12", ""),
            "class": (f"{uri}Q431289", ""),
            "itemLabel": ("Tsukimori", "en"),
            "itemAltLabel": ("TMC, Tsukimori Works", "en"),
        },
        {"item": (f"{uri}Q13", ""), "class": (f"{uri}Q5", ""), "itemLabel": ("Q13", "")},
    )
    rows, _ = read(tmp_path / "list", result)
    assert names_of(rows) == [("Akane", "character"), ("Tsukimori", "brand")]
    assert surfaces_of(rows, "Akane")["茜"] == ("other", "ja")
    assert set(surfaces_of(rows, "Tsukimori")) == {"Tsukimori", "TMC", "Tsukimori Works"}


def test_the_short_form_of_a_result_is_read_with_a_category(tmp_path: Path) -> None:
    result = '[{"item":"http://www.wikidata.org/entity/Q11","itemLabel":"Akane"}]'
    with pytest.raises(RegisterError, match="--category"):
        read(tmp_path / "list", result)
    rows, _ = read(tmp_path / "list", result, ListChoices(category="character"))
    assert names_of(rows) == [("Akane", "character")]


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("ja", "ja"),
        ("simple", "en"),
        ("zh-classical", "lzh"),
        ("zh-hant", "zh-Hant"),
        ("pt-br", "pt-BR"),
        ("be-x-old", "be-tarask"),
        ("mul", ""),
        ("", ""),
        ("../../etc", ""),
        ("a-code-that-is-too-long", ""),
    ],
)
def test_codes_of_wikidata_become_language_tags(code: str, tag: str) -> None:
    assert language_of(code) == tag


def test_the_dictionary_gives_full_names_and_no_surnames(tmp_path: Path) -> None:
    rows, about = read(tmp_path / "list", XML)
    assert names_of(rows) == [("灯守蓮", "person"), ("月森社", "brand"), ("月森社", "work")]
    assert surfaces_of(rows, "灯守蓮") == {
        "灯守蓮": ("official", "ja"),
        "ともりれん": ("other", "ja"),
        "Tomori Ren": ("other", "ja-Latn"),
    }
    brand = next(row for row in rows if len(row.names) == 2).names[0]
    assert {surface.text for surface in brand.surfaces} == {
        "月森社",
        "月杜社",
        "つきもりしゃ",
        "Tsukimori & Sons",
    }
    assert [row.passed_over for row in rows if row.passed_over] == ["names of the type surname"]
    assert about.dated_ms == 1_724_889_600_000


def test_the_dictionary_gives_the_types_that_are_asked_for(tmp_path: Path) -> None:
    wanted = ListChoices(types=frozenset({"surname"}))
    assert names_of(read(tmp_path / "xml", XML, wanted)[0]) == [("灯守", "person")]
    assert names_of(read(tmp_path / "text", TEXT, wanted)[0]) == [("灯守", "person")]


def test_the_dictionary_is_read_where_its_types_are_written_out(tmp_path: Path) -> None:
    plain = XML.replace("&person;", "full name of a particular person")
    assert ("灯守蓮", "person") in names_of(read(tmp_path / "list", plain)[0])


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">',
        '<!ENTITY % p "x">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        f'<!ENTITY a "{"x" * 1000}">',
    ],
)
def test_entities_that_could_do_harm_are_refused(tmp_path: Path, declaration: str) -> None:
    content = XML.replace("<!ENTITY surname", f"{declaration}<!ENTITY surname")
    with pytest.raises(RegisterError, match="is not read"):
        read(tmp_path / "list", content)


def test_an_entity_that_is_declared_is_not_expanded(tmp_path: Path) -> None:
    content = XML.replace("<keb>灯守蓮</keb>", "<keb>&surname;</keb>")
    assert names_of(read(tmp_path / "list", content)[0])[0] == ("surname", "person")


def test_elements_that_nest_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="nested too deep"):
        read(tmp_path / "list", XML.replace("<JMnedict>\n", "<JMnedict>\n" + "<entry>" * 10_000))


@pytest.mark.parametrize("opening", ["<!-- ", '<entry a="'])
def test_a_tag_or_comment_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opening: str
) -> None:
    monkeypatch.setattr("models.nouns.importers.jmnedict._LONGEST_TOKEN", 1 << 18)
    content = XML.replace("<JMnedict>\n", f"<JMnedict>\n{opening}{'x' * (1 << 19)}")
    with pytest.raises(RegisterError, match="does not end"):
        read(tmp_path / "list", content)


def test_what_stands_before_broken_xml_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(XML.replace("月杜社", "月&杜社"))
    with ListFile(path) as file:
        rows = FORMATS["jmnedict"].read(file, ListAbout("jmnedict"), ListChoices())
        before = [next(rows), next(rows)]
        with pytest.raises(EndedEarlyError, match=r"beyond line 1\d"):
            next(rows)
    assert names_of(before) == [("灯守蓮", "person")]


@pytest.mark.parametrize("encoding", ["utf-8", "euc_jp"])
def test_the_dictionary_as_text_gives_what_its_types_say(tmp_path: Path, encoding: str) -> None:
    rows, about = read(tmp_path / "list", TEXT.encode(encoding))
    assert names_of(rows) == [("灯守蓮", "person"), ("ツキモリ", "brand"), ("ツキモリ", "work")]
    assert surfaces_of(rows, "灯守蓮")["Tomori Ren"] == ("other", "ja-Latn")
    brand, work = (entry for row in rows for entry in row.names if entry.name == "ツキモリ")
    assert [surface.text for surface in brand.surfaces] == ["ツキモリ", "TMC", "Tsukimori Company"]
    assert [surface.text for surface in work.surfaces] == ["ツキモリ", "Tsukimori"]
    assert about.dated_ms == 1_612_310_400_000


def test_a_line_of_the_dictionary_that_is_none_costs_no_other_one(tmp_path: Path) -> None:
    content = (
        TEXT.encode("euc_jp")
        + b"\xff\xff [a] /(h) x/\nno entry\n"
        + "蓮 /(h) Ren/\n".encode("euc_jp")
    )
    rows, _ = read(tmp_path / "list", content)
    assert [line for line, _ in problems_of(rows)] == [6, 7]
    assert names_of(rows)[-1] == ("蓮", "person")


def test_an_encoding_is_told_from_a_beginning_that_ends_inside_a_character() -> None:
    assert encoding_of("灯守".encode()[:-1]) == "utf-8"
    assert encoding_of("灯守蓮灯守蓮".encode("euc_jp")) == "euc_jp"


PADDING = "x" * 500


@pytest.mark.parametrize(
    ("form", "begin", "one", "end"),
    [
        ("csv", "name,category,remark\n", f"name {{}},work,{PADDING}\n", ""),
        ("tagcomplete", "", f"tag_{{}},6,9,{PADDING}\n", ""),
        (
            "anime-offline",
            '{{"lastUpdate": "x", "data": [',
            f'{{{{"title": "Title {{}}", "picture": "{PADDING}"}}}},',
            "{{}}]}}",
        ),
        ("wikidata", "[\n", f'{{{{"id":"Q{{}}","labels":"{PADDING}"}}}},\n', "]\n"),
        (
            "jmnedict",
            "<JMnedict>",
            f"<entry><r_ele><reb>x{{}}</reb></r_ele><x>{PADDING}</x></entry>",
            "</JMnedict>",
        ),
        ("enamdict", "", f"name{{}} /(s) {PADDING}/\n", ""),
    ],
)
def test_a_long_list_is_never_held_as_a_whole(
    tmp_path: Path, form: str, begin: str, one: str, end: str
) -> None:
    path = tmp_path / "list.gz"
    with gzip.open(path, "wt", compresslevel=1) as packed:
        packed.write(begin.format())
        packed.writelines(one.format(number) for number in range(8_000))
        packed.write(end.format())
    tracemalloc.start()
    try:
        rows = 0
        with ListFile(path) as file:
            for _ in FORMATS[form].read(file, ListAbout(form), ListChoices(scheme="e621")):
                rows += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows >= 8_000
    assert peak < 8_000 * len(PADDING) / 3


@pytest.mark.parametrize("form", FORMATS)
@given(content=st.binary(max_size=300))
def test_no_bytes_are_read_without_a_row_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, form: str, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "list"
    path.write_bytes(content)
    try:
        with ListFile(path) as file:
            for row in FORMATS[form].read(file, ListAbout(form), ListChoices(category="work")):
                assert row.names or row.tags or row.problems or row.passed_over
    except RegisterError as error:
        told = error
    else:
        told = None
    assert told is None or told.remedy

"""Opt-out lists: every format and spelling in use, nothing dropped in silence, nothing granted."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.consent.optouts import (
    OptOutEntry,
    OptOutList,
    iterate_entries,
    iterate_said,
    read_optouts,
)
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.statements import Condition
from models.errors import DatasetError

SHA = "a" * 63 + "1"
PDQ = "0f" * 32
CID_V0 = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
CID_V1 = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34"
ISCC = "KECTBQHZY2QWP7BKYNBTBHR4T2HGP3MLVE64D3M36CMOITEYZHFULOQ"


def read(folder: Path, text: str | bytes, name: str = "list.csv", **how: bool) -> OptOutList:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_optouts(path, "artists", **how)


def subjects(optouts: OptOutList) -> list[str]:
    return [str(subject) for entry in iterate_entries(optouts) for subject in entry.subjects]


def only(optouts: OptOutList) -> OptOutEntry:
    (entry,) = iterate_entries(optouts)
    return entry


class TestNames:
    @pytest.mark.parametrize(
        ("header", "value", "expected"),
        [
            ("sha256", SHA.upper(), f"sha256:{SHA}"),
            ("SHA-256", f"0x{SHA}", f"sha256:{SHA}"),
            ("hash", f"sha256:{SHA}", f"sha256:{SHA}"),
            (
                "sha256",
                "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=",
                "sha256:" + "aa" * 31 + "aa",
            ),
            ("cid", CID_V0, f"cid:{CID_V1}"),
            ("CID", f"ipfs://{CID_V1}", f"cid:{CID_V1}"),
            ("image_url", "HTTPS://A.Example:443/x/../i.jpg#y", "url:https://a.example/i.jpg"),
            ("URL", "a.example/i.jpg", "url:https://a.example/i.jpg"),
            ("url", "//a.example/i.jpg", "url:https://a.example/i.jpg"),
            ("url", f"ipfs://{CID_V0}", f"cid:{CID_V1}"),
            ("domain", "Art.Example", "domain:art.example"),
            ("Host", "*.art.example", "domain:art.example"),
            ("domain", "www.art.example", "domain:art.example"),
            ("domain", "https://art.example/", "domain:art.example"),
            ("domain", "bücher.example", "domain:xn--bcher-kva.example"),
            ("domain", "192.0.2.7", "domain:192.0.2.7"),
            ("pdq", PDQ.upper(), f"pdq:{PDQ}"),
            ("iscc", f"ISCC:{ISCC}", f"iscc:{ISCC}"),
        ],
    )
    def test_each_is_brought_to_one_spelling(
        self, tmp_path: Path, header: str, value: str, expected: str
    ) -> None:
        assert subjects(read(tmp_path, f"{header},note\n{value},x\n")) == [expected]

    @pytest.mark.parametrize(
        ("header", "value", "why"),
        [
            ("sha256", "d41d8cd98f00b204e9800998ecf8427e", "an MD5"),
            ("hash", "a" * 40, "a SHA-1"),
            ("sha256", "xyz", "not a SHA-256"),
            ("cid", "Qmnope", "not a CID"),
            ("cid", f"ipfs://{CID_V0}/7.png", "inside a CID"),
            ("url", "javascript:alert(1)", "not an absolute"),
            ("url", "http://", "no usable host"),
            ("url", "unknown", "not an absolute"),
            ("domain", "com", "everybody's"),
            ("domain", "co.jp", "everybody's"),
            ("domain", "a.example/gallery", "has a path"),
            ("domain", "me@a.example", "not a domain"),
            ("pdq", SHA[:60], "not a PDQ"),
            ("iscc", "ISCC:nope", "not an ISCC"),
        ],
    )
    def test_one_that_cannot_be_read_is_told_with_its_line(
        self, tmp_path: Path, header: str, value: str, why: str
    ) -> None:
        optouts = read(tmp_path, f"{header},note\n{value},x\n", forced=True)
        (problem,) = optouts.problems
        assert problem.line == 2
        assert why in problem.note
        assert (optouts.entries, optouts.bad_rows) == (0, 1)

    def test_a_row_names_its_asset_in_every_way_it_can(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, f"sha256,url,pdq\n{SHA},https://a.example/i,{PDQ}\n")
        assert subjects(optouts) == [f"sha256:{SHA}", "url:https://a.example/i", f"pdq:{PDQ}"]

    def test_a_domain_beside_an_address_is_not_refused_as_a_whole(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, "url,domain\nhttps://a.example/i,a.example\n")
        assert subjects(optouts) == ["url:https://a.example/i"]

    def test_a_broken_address_does_not_widen_to_its_domain(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, "url,domain\nhttp://,a.example\n", forced=True)
        assert (subjects(optouts), len(optouts.problems)) == ([], 1)

    def test_the_good_name_of_a_half_broken_row_counts(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, f"sha256,url\n{SHA},http://\n", forced=True)
        assert subjects(optouts) == [f"sha256:{SHA}"]
        assert optouts.bad_rows == 1


class TestColumns:
    @pytest.mark.parametrize("header", ["md5", "phash", "image_hash", "SHA1"])
    def test_a_list_of_fingerprints_that_cannot_be_compared_is_refused(
        self, tmp_path: Path, header: str
    ) -> None:
        with pytest.raises(DatasetError, match="MD5 or SHA-1"):
            read(tmp_path, f"{header},artist\nd41d8cd98f00b204e9800998ecf8427e,x\n")

    def test_such_a_column_beside_a_good_one_is_told(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, f"phash,sha256\nffff,{SHA}\n")
        assert "phash cannot be used" in optouts.notes[0]
        assert optouts.entries == 1

    def test_a_list_that_names_nothing_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="no column"):
            read(tmp_path, "artist,reason\nx,y\n")

    def test_columns_that_are_not_read_are_told(self, tmp_path: Path) -> None:
        assert "colour" in read(tmp_path, f"sha256,colour\n{SHA},red\n").notes[0]

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_every_usual_delimiter(self, tmp_path: Path, mark: str) -> None:
        text = mark.join(("url", "artist")) + "\n" + mark.join(("https://a.example/1", "Aoi"))
        assert only(read(tmp_path, text, "list.tsv")).holder == "Aoi"

    def test_what_a_row_tells_besides_is_kept(self, tmp_path: Path) -> None:
        header = "url,purposes,reason,source,date,rights_holder\n"
        row = 'https://a.example/1,"aiTraining; data_mining","my work",a registry,2026-01-02,Aoi\n'
        (said,) = iterate_said(read(tmp_path, header + row), observed_at=1_800_000_000)
        statement = said.statement
        assert statement.carrier == "optout"
        assert statement.source == "list:artists:2"
        assert statement.condition is Condition.SOUND
        assert set(statement.preferences) == set(ALL_PURPOSES) - {Purpose.INFERENCE}
        assert set(statement.preferences.values()) == {Preference.NOT_ALLOWED}
        assert statement.observed_at == 1_800_000_000
        assert statement.notes == (
            "refused by Aoi",
            "reason: my work",
            "taken from a registry",
            "listed on 2026-01-02",
        )
        assert len(statement.evidence_sha256) == 64

    def test_without_purposes_all_are_refused(self, tmp_path: Path) -> None:
        assert only(read(tmp_path, f"sha256\n{SHA}\n")).refused == ALL_PURPOSES

    def test_an_unknown_purpose_refuses_all_and_says_so(self, tmp_path: Path) -> None:
        entry = only(read(tmp_path, f"sha256,purpose\n{SHA},dreaming\n"))
        assert entry.refused == ALL_PURPOSES
        assert "dreaming" in entry.notes[0]

    def test_an_opt_in_says_nothing_and_is_counted(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, f"sha256,status\n{SHA},opt-in\n{SHA[:-1]}2,opt-out\n")
        assert (optouts.opt_ins, optouts.entries) == (1, 1)
        assert "cannot grant" in optouts.notes[0]

    def test_an_unknown_status_is_a_refusal(self, tmp_path: Path) -> None:
        assert read(tmp_path, f"sha256,status\n{SHA},pending\n").entries == 1


class TestFormats:
    def test_one_address_a_line(self, tmp_path: Path) -> None:
        text = "# artists\n\nhttps://a.example/1.jpg\r\nhttps://a.example/2.jpg"
        optouts = read(tmp_path, text, "list.txt")
        assert [entry.line for entry in iterate_entries(optouts)] == [3, 4]

    def test_one_name_of_any_kind_a_line(self, tmp_path: Path) -> None:
        names = ("a.example", "https://b.example/1", SHA, CID_V0, f"ISCC:{ISCC}", f"pdq:{PDQ}")
        found = subjects(read(tmp_path, "\n".join(names), "list.txt"))
        assert [name.partition(":")[0] for name in found] == [
            "domain",
            "url",
            "sha256",
            "cid",
            "iscc",
            "pdq",
        ]

    def test_a_text_line_that_is_a_sentence_is_told(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, "a.example\nplease do not use\n", "list.txt", forced=True)
        assert optouts.problems[0].line == 2

    def test_a_comment_before_the_header(self, tmp_path: Path) -> None:
        assert only(read(tmp_path, f"# exported today\nsha256,artist\n{SHA},Aoi\n")).line == 3

    @pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""])
    def test_a_byte_order_mark_is_no_part_of_a_name(self, tmp_path: Path, start: bytes) -> None:
        assert read(tmp_path, start + f"sha256\n{SHA}\n".encode()).entries == 1

    def test_a_gzipped_list(self, tmp_path: Path) -> None:
        body = gzip.compress(f"sha256\n{SHA}\n".encode())
        assert read(tmp_path, body, "list.csv.gz").entries == 1

    def test_a_gzipped_list_cut_short_is_refused(self, tmp_path: Path) -> None:
        rows = "".join(f"https://a.example/{i}\n" for i in range(9000))
        with pytest.raises(DatasetError, match="cannot be read"):
            read(tmp_path, gzip.compress(("url\n" + rows).encode())[:-900], "list.csv.gz")

    def test_parquet_with_digests_lists_and_gaps(self, tmp_path: Path) -> None:
        path = tmp_path / "list.parquet"
        table = pa.table(
            {
                "sha256": pa.array([bytes.fromhex(SHA), None], pa.binary()),
                "urls": [["https://a.example/1", "https://a.example/2"], None],
                "colour": ["red", "blue"],
            }
        )
        pq.write_table(table, path)
        optouts = read_optouts(path, "parquet", forced=True)
        assert len(only(optouts).subjects) == 3
        assert (optouts.problems[0].line, optouts.problems[0].note) == (2, "the row names nothing")

    def test_a_damaged_parquet_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="cannot be read"):
            read(tmp_path, b"PAR1" + bytes(90), "list.parquet")

    def test_utf_16_is_refused_with_advice(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="UTF-8"):
            read(tmp_path, f"sha256\n{SHA}\n".encode("utf-16"))

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="cannot be read"):
            read_optouts(tmp_path / "none.csv", "none")


class TestNothingIsLost:
    def test_an_open_quote_does_not_hide_what_follows(self, tmp_path: Path) -> None:
        rows = [f"https://a.example/{i},x" for i in range(60)]
        rows[3] = 'https://a.example/3,"an open quote'
        optouts = read(tmp_path, "url,reason\n" + "\n".join(rows) + "\n")
        assert len(subjects(optouts)) == 60
        assert any("quote is not closed" in problem.note for problem in optouts.problems)

    def test_an_open_quote_near_the_end_does_not_either(self, tmp_path: Path) -> None:
        text = 'url,reason\nhttps://a.example/1,"oh\nhttps://a.example/2,x\n'
        assert len(subjects(read(tmp_path, text, forced=True))) == 2

    def test_rows_between_two_open_quotes_are_read(self, tmp_path: Path) -> None:
        rows = ('https://a.example/1,"', "https://a.example/2,x", 'https://a.example/3,"')
        optouts = read(tmp_path, "url,reason\n" + "\n".join(rows) + "\n", forced=True)
        assert len(subjects(optouts)) == 3
        assert optouts.problems[0].line == 2

    def test_a_quoted_line_break_is_one_row(self, tmp_path: Path) -> None:
        text = 'url,reason\nhttps://a.example/1,"two\nlines"\nhttps://a.example/2,x\n'
        assert [entry.line for entry in iterate_entries(read(tmp_path, text))] == [2, 4]

    def test_a_row_with_too_few_or_too_many_cells_is_still_read(self, tmp_path: Path) -> None:
        text = f"artist,sha256\nx\ny,{SHA},more,cells\n"
        optouts = read(tmp_path, text, forced=True)
        assert subjects(optouts) == [f"sha256:{SHA}"]
        assert optouts.problems[0].line == 2

    def test_bytes_that_are_no_utf_8_spoil_only_the_name_they_stand_in(
        self, tmp_path: Path
    ) -> None:
        text = f"sha256,artist\n{SHA},M\xfcller\n".encode("latin-1")
        assert read(tmp_path, text).entries == 1
        optouts = read(tmp_path, "url,x\nhttps://a.example/\xfc,1\n".encode("latin-1"), forced=True)
        assert "not UTF-8" in optouts.problems[0].note

    def test_a_line_without_end_is_told_and_the_next_is_read(self, tmp_path: Path) -> None:
        text = f"url\nhttps://a.example/{'x' * 3_000_000}\nhttps://a.example/2\n"
        optouts = read(tmp_path, text, forced=True)
        assert subjects(optouts) == ["url:https://a.example/2"]
        assert "longer than" in optouts.problems[0].note

    def test_too_many_bad_rows_refuse_the_list(self, tmp_path: Path) -> None:
        rows = "".join(f"https://a.example/{i}\n" for i in range(9)) + "http://\n"
        with pytest.raises(DatasetError, match=r"1 cannot be understood.*line 11"):
            read(tmp_path, "url\n" + rows)
        assert read(tmp_path, "url\n" + rows, forced=True).entries == 9

    def test_an_empty_list_is_refused(self, tmp_path: Path) -> None:
        for text in ("", "url\n", "# nothing\n"):
            with pytest.raises(DatasetError, match="names nothing"):
                read(tmp_path, text)

    def test_a_list_that_changed_since_it_was_checked_is_not_read(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, f"sha256\n{SHA}\n")
        os.utime(optouts.path, (1, 1))
        with pytest.raises(DatasetError, match="has changed"):
            list(iterate_said(optouts))

    def test_only_the_first_problems_are_kept_and_all_are_counted(self, tmp_path: Path) -> None:
        optouts = read(tmp_path, "url,x\n" + "http://,1\n" * 1500, forced=True)
        assert (len(optouts.problems), optouts.bad_rows) == (1000, 1500)

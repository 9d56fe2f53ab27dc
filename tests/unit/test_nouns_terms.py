"""Unknown terms: how they are counted, listed and decided, and what hangs on them."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

from models.decisions import TermRuling
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.findings import Finding
from models.freshness import read_state
from models.nouns.terms import tally as term_tally
from models.nouns.terms.importing import read_rulings
from models.nouns.terms.listing import (
    Term,
    TermFilter,
    count_by_dataset,
    count_terms,
    find_term,
    list_terms,
    replace_terms,
    write_csv,
)
from models.nouns.terms.records import effective_term_rulings, latest_term_ruling, term_rulings_on
from models.nouns.terms.rulings import (
    LONGEST_TERM,
    TermChoice,
    TermsRuled,
    TermUndone,
    rule_term,
    rule_terms,
    undo_term,
)
from models.nouns.terms.tally import TermTally, make_example
from models.review.audit import read_latest, verify_audit
from models.review.hanging import count_hanging, terms_in
from models.review.queue import Item, ItemState, decide, find_item, item_id_of, lease_next
from models.store.database import Database
from models.store.tables import TermRulingRow
from tests.term_seed import ask_about, asset_id_of, make_asset, store_terms, unknown

SET = "posters"
REVERIE = "1girl, moonlit_reverie, smile"
LIGHTING = "a lamp, soft_lighting"
BOTH = "moonlit_reverie, soft_lighting"


def seed(database: Database) -> None:
    """Three assets that two terms stand in, listed and asked about."""
    reverie, lighting = unknown(REVERIE, "moonlit_reverie", 0.9), unknown(LIGHTING, "soft_lighting")
    both = [unknown(BOTH, "moonlit_reverie", 0.9), unknown(BOTH, "soft_lighting")]
    captions = {
        "0.png": (REVERIE, [reverie]),
        "1.png": (LIGHTING, [lighting]),
        "2.png": (BOTH, both),
        "3.png": (LIGHTING, [lighting]),
    }
    store_terms(database, SET, captions)
    ask_about(database, SET, {name: findings for name, (_, findings) in captions.items()})


def rule(
    database: Database, term: str, category: str = "", by: str = "mika", **more: Any
) -> TermsRuled:
    with database.transaction() as session:
        return rule_term(session, SET, term, category, by, **more)


def take_back(database: Database, ruled: TermsRuled, by: str = "mika") -> TermUndone:
    with database.transaction() as session:
        return undo_term(session, ruled.rulings[0].id, by)


def look(database: Database, name: str) -> Item:
    with database.snapshot() as session:
        item = find_item(session, item_id_of(SET, asset_id_of(name)))
    assert item is not None
    return item


def states(database: Database) -> list[str]:
    return [look(database, f"{n}.png").state.value for n in range(4)]


def listed(database: Database, **chosen: Any) -> tuple[Term, ...]:
    with database.snapshot() as session:
        return list_terms(session, TermFilter(**{"dataset": SET, **chosen}), limit=None)


class TestCounting:
    def test_a_term_counts_once_for_an_asset_however_often_it_stands_there(
        self, sqlite_database: Database
    ) -> None:
        caption = "soft_lighting, soft lighting"
        findings = [unknown(caption, "soft_lighting"), unknown(caption, "soft lighting")]
        store_terms(sqlite_database, SET, {"0.png": (caption, findings)})
        (term,) = listed(sqlite_database)
        assert (term.term, term.assets) == ("soft lighting", 1)

    def test_the_most_frequent_spelling_and_the_likeliest_finding_stand_for_the_term(
        self, sqlite_database: Database
    ) -> None:
        spelled = ["Soft_Lighting", "soft lighting", "soft lighting"]
        scores = [0.4, 0.9, 0.5]
        store_terms(
            sqlite_database,
            SET,
            {
                f"{n}.png": (surface, [unknown(surface, surface, score, "work" if n == 1 else "")])
                for n, (surface, score) in enumerate(zip(spelled, scores, strict=True))
            },
        )
        (term,) = listed(sqlite_database)
        assert (term.surface, term.score, term.guess) == ("soft lighting", 0.9, "work")
        assert term.explanation == "'soft lighting' is on no list of tags."

    def test_at_most_five_different_texts_are_kept_with_the_terms_place(
        self, sqlite_database: Database
    ) -> None:
        captions = [f"soft_lighting, number {n // 2}" for n in range(20)]
        store_terms(
            sqlite_database,
            SET,
            {f"{n}.png": (c, [unknown(c, "soft_lighting")]) for n, c in enumerate(captions)},
        )
        examples = listed(sqlite_database)[0].examples
        assert [example.text for example in examples] == captions[:10:2]
        assert {example.text[example.start : example.end] for example in examples} == {
            "soft_lighting"
        }

    def test_what_is_counted_in_parts_comes_to_the_same_as_in_one(
        self, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        captions = {
            f"{n}.png": (c, [unknown(c, f"word {n % 7}", n / 40)])
            for n, c in enumerate(f"a, word {n % 7}, number {n % 11}" for n in range(40))
        }
        store_terms(sqlite_database, "one", captions)
        monkeypatch.setattr(term_tally, "_TOGETHER", 2)
        store_terms(sqlite_database, "parts", captions)
        one, parts = (
            [
                (t.term, t.assets, t.score, t.surface, t.examples)
                for t in listed(sqlite_database, dataset=d)
            ]
            for d in ("one", "parts")
        )
        assert one == parts
        assert len(one) == 7

    def test_a_long_caption_is_cut_around_the_term(self) -> None:
        caption = "x" * 500 + " moonlit_reverie " + "y" * 500
        example = make_example(make_asset("0.png", caption), unknown(caption, "moonlit_reverie"))
        assert len(example.text) < 200
        assert example.text[example.start : example.end] == "moonlit_reverie"
        assert (example.text[0], example.text[-1]) == ("…", "…")

    def test_a_term_in_a_file_name_is_shown_in_the_name(self) -> None:
        finding = Finding(
            "unknown_term", "v/1", 0.5, "?", surface="reverie", source="file_name", term="reverie"
        )
        example = make_example(make_asset("folder/the_reverie_01.png", ""), finding)
        assert (example.text, example.start, example.end) == ("the_reverie_01.png", 4, 11)

    @given(
        caption=st.text(max_size=300),
        start=st.integers(-2, 310),
        length=st.integers(-2, 310),
        surface=st.text(max_size=40),
    )
    def test_an_example_can_be_made_of_any_finding(
        self, caption: str, start: int, length: int, surface: str
    ) -> None:
        finding = Finding(
            *("unknown_term", "v/1", 0.5, "?"),
            caption=0,
            start=start,
            end=start + length,
            surface=surface,
            term="t",
        )
        example = make_example(make_asset("0.png", caption), finding)
        assert 0 <= example.start <= example.end <= len(example.text)
        json.dumps(example.as_dict()).encode()

    @pytest.mark.parametrize("term", ["", "x" * (LONGEST_TERM + 1), "nul\0", "\ud800"])
    def test_a_term_that_no_table_takes_is_left_to_its_asset(self, term: str) -> None:
        with TermTally() as tally:
            tally.add(make_asset("0.png", ""), [Finding("unknown_term", "v", 0.5, "", term=term)])
            assert list(tally.read()) == []

    def test_hostile_text_is_stored_and_read_back(self, database: Database) -> None:
        caption = "a\0b \ud800 \u202emoonlit\u200b_reverie <script>'\"%_\\"
        finding = unknown(caption, "moonlit\u200b_reverie")
        store_terms(database, SET, {"\udcff.png": (caption, [finding])})
        (term,) = listed(database)
        (example,) = term.examples
        assert term.term == "moonlit reverie"
        assert example.text[example.start : example.end] == "moonlit\u200b_reverie"
        assert example.name == "\\udcff.png"


class TestListing:
    def test_terms_come_by_assets_times_score(self, sqlite_database: Database) -> None:
        captions = {f"{n}.png": ("often", [unknown("often", "often", 0.3)]) for n in range(5)}
        captions["9.png"] = ("rare", [unknown("rare", "rare", 0.9)])
        store_terms(sqlite_database, SET, captions)
        assert [(t.term, t.assets, t.likelihood) for t in listed(sqlite_database)] == [
            ("often", 5, "perhaps"),
            ("rare", 1, "likely"),
        ]

    def test_a_new_run_replaces_the_list_of_its_dataset_only(self, database: Database) -> None:
        seed(database)
        store_terms(database, "other", {"0.png": (REVERIE, [unknown(REVERIE, "moonlit_reverie")])})
        store_terms(database, SET, {"0.png": (LIGHTING, [unknown(LIGHTING, "soft_lighting")])})
        assert [t.term for t in listed(database)] == ["soft lighting"]
        assert [t.term for t in listed(database, dataset="other")] == ["moonlit reverie"]

    def test_a_decided_term_stays_listed_when_nothing_holds_it_any_more(
        self, database: Database
    ) -> None:
        seed(database)
        ruled = rule(database, "soft_lighting")
        store_terms(database, SET, {})
        (term,) = listed(database, show="decided")
        assert (term.surface, term.assets, term.decided) == ("soft_lighting", 0, True)
        take_back(database, ruled)
        assert listed(database, show="all") == ()

    @pytest.mark.parametrize(
        ("chosen", "found"),
        [
            ({"search": "LIGHT"}, ["soft lighting"]),
            ({"search": "Soft-Light"}, ["soft lighting"]),
            ({"search": "50%"}, []),
            ({"search": "_"}, ["soft lighting", "moonlit reverie"]),
            ({"detector": "vocabulary/1"}, ["soft lighting", "moonlit reverie"]),
            ({"detector": "none/1"}, []),
            ({"category": "work"}, []),
            ({"show": "decided"}, []),
        ],
    )
    def test_the_list_can_be_narrowed(
        self, sqlite_database: Database, chosen: dict[str, str], found: list[str]
    ) -> None:
        seed(sqlite_database)
        assert [term.term for term in listed(sqlite_database, **chosen)] == found

    def test_counts_tell_open_from_decided(self, sqlite_database: Database) -> None:
        seed(sqlite_database)
        rule(sqlite_database, "soft_lighting")
        with sqlite_database.snapshot() as session:
            (counts,) = count_by_dataset(session)
            assert count_terms(session, TermFilter(SET)) == 1
        assert (counts.dataset, counts.open, counts.decided) == (SET, 1, 1)

    def test_a_term_is_found_by_any_spelling(self, sqlite_database: Database) -> None:
        seed(sqlite_database)
        with sqlite_database.snapshot() as session:
            found = find_term(session, SET, "Moonlit-Reverie")
            assert found is not None
            assert found.surface == "moonlit_reverie"
            assert find_term(session, SET, "!!") is None

    def test_a_list_that_was_written_is_read_again(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        store_terms(sqlite_database, SET, {"0.png": ("=sum, x", [unknown("=sum, x", "=sum")])})
        with sqlite_database.snapshot() as session:
            write_csv(session, TermFilter(SET), tmp_path / "terms.csv", lambda _: None)
        rows = list(csv.DictReader((tmp_path / "terms.csv").open(encoding="utf-8-sig")))
        assert (rows[0]["written"], rows[0]["example"]) == ("'=sum", "'=sum, x")
        rows[0]["ruling"] = "Descriptive"
        with (tmp_path / "terms.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        with sqlite_database.snapshot() as session:
            given = read_rulings(session, SET, tmp_path / "terms.csv", replace=False)
        assert given.choices == (TermChoice("sum", "", ""),)


class TestRuling:
    def test_what_was_held_for_a_term_that_only_describes_is_no_longer_asked(
        self, database: Database
    ) -> None:
        seed(database)
        assert rule(database, "soft_lighting").superseded == 2
        assert states(database) == ["open", "superseded", "open", "superseded"]

    def test_an_item_about_two_terms_goes_when_both_are_decided(
        self, sqlite_database: Database
    ) -> None:
        seed(sqlite_database)
        rule(sqlite_database, "soft_lighting")
        assert rule(sqlite_database, "moonlit_reverie").superseded == 2
        assert states(sqlite_database) == ["superseded"] * 4

    def test_an_item_that_asks_about_something_else_too_stays(self, database: Database) -> None:
        finding = unknown(LIGHTING, "soft_lighting")
        ask_about(database, SET, {"0.png": [finding]}, other="name_possible")
        assert rule(database, "soft_lighting").superseded == 0

    def test_items_of_another_dataset_stay(self, sqlite_database: Database) -> None:
        ask_about(sqlite_database, "other", {"0.png": [unknown(LIGHTING, "soft_lighting")]})
        assert rule(sqlite_database, "soft_lighting").superseded == 0

    def test_a_term_that_is_a_name_settles_nothing_at_once(self, sqlite_database: Database) -> None:
        seed(sqlite_database)
        assert rule(sqlite_database, "moonlit_reverie", "work").superseded == 0
        assert rule(sqlite_database, "soft_lighting").superseded == 2
        assert states(sqlite_database) == ["open", "superseded", "open", "superseded"]

    def test_a_finding_without_a_term_keeps_its_item(self, sqlite_database: Database) -> None:
        nameless = Finding("unknown_term", "v/1", 0.5, "?", surface="x")
        ask_about(sqlite_database, SET, {"0.png": [unknown(LIGHTING, "soft_lighting"), nameless]})
        assert rule(sqlite_database, "soft_lighting").superseded == 0

    def test_a_caption_that_looks_like_evidence_of_a_term_is_none(self) -> None:
        evidence = json.dumps({"captions": [{"text": '"term":"fake"'}], "findings": []})
        assert terms_in(evidence) == frozenset()

    def test_whoever_holds_an_item_that_is_withdrawn_is_told_at_the_ruling(
        self, database: Database
    ) -> None:
        finding = unknown(LIGHTING, "soft_lighting")
        ask_about(database, SET, {"0.png": [finding]})
        with database.transaction() as session:
            held = lease_next(session, "jun")
        assert held is not None
        assert rule(database, "soft_lighting").superseded == 1
        with pytest.raises(LeaseLostError), database.transaction() as session:
            decide(
                session,
                held.id,
                held.lease_token,
                held.version,
                "approve",
                "ordinary_word",
                "",
                "jun",
            )

    def test_a_decided_item_keeps_its_ruling(self, sqlite_database: Database) -> None:
        ask_about(sqlite_database, SET, {"0.png": [unknown(LIGHTING, "soft_lighting")]})
        with sqlite_database.transaction() as session:
            held = lease_next(session, "jun")
            assert held is not None
            decide(
                *(session, held.id, held.lease_token, held.version),
                *("exclude", "names_protected", "", "jun"),
            )
        rule(sqlite_database, "soft_lighting")
        assert look(sqlite_database, "0.png").state is ItemState.DECIDED

    def test_undone_the_items_are_open_again_under_the_next_version(
        self, database: Database
    ) -> None:
        seed(database)
        ruled = rule(database, "soft_lighting")
        version = look(database, "1.png").version
        assert take_back(database, ruled).reopened == 2
        assert states(database) == ["open"] * 4
        assert look(database, "1.png").version == version + 1

    def test_undoing_either_of_two_rulings_reopens_what_hung_on_both(
        self, database: Database
    ) -> None:
        seed(database)
        first = rule(database, "soft_lighting")
        rule(database, "moonlit_reverie")
        take_back(database, first)
        assert states(database) == ["superseded", "open", "open", "open"]

    def test_what_a_run_withdrew_is_not_reopened(self, sqlite_database: Database) -> None:
        seed(sqlite_database)
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE review_items SET state = 'superseded', updated_ms = 5"))
        assert take_back(sqlite_database, rule(sqlite_database, "soft_lighting")).reopened == 0

    def test_a_second_ruling_says_who_ruled_what_and_changes_nothing(
        self, sqlite_database: Database
    ) -> None:
        seed(sqlite_database)
        rule(sqlite_database, "soft_lighting")
        with pytest.raises(AlreadyRuledError, match=r"mika ruled on .* that it only describes"):
            rule(sqlite_database, "Soft Lighting", "work", by="jun")
        assert listed(sqlite_database, show="decided")[0].reviewer == "mika"

    def test_the_same_ruling_again_is_stored_once(self, sqlite_database: Database) -> None:
        first = rule(sqlite_database, "soft_lighting")
        again = rule(sqlite_database, "soft_lighting")
        assert (again.repeated, again.rulings) == (1, first.rulings)

    def test_a_ruling_can_be_replaced_in_one_step(self, database: Database) -> None:
        seed(database)
        rule(database, "soft_lighting")
        ruled = rule(database, "soft_lighting", "work", by="jun", replace=True)
        assert (ruled.replaced, ruled.reopened, ruled.superseded) == (1, 2, 0)
        with database.snapshot() as session:
            new, old = sorted(
                term_rulings_on(session, SET, "soft lighting"), key=lambda r: r.undone_ms or 0
            )
        assert (old.undone_by, new.category, new.undone_ms) == ("jun", "work", None)

    def test_two_reviewers_at_the_same_moment_do_not_both_succeed(self, database: Database) -> None:
        seed(database)
        begin = threading.Barrier(6)
        outcomes: list[str] = []

        def attempt(n: int) -> None:
            begin.wait()
            try:
                rule(database, "soft_lighting", ["", "work"][n % 2], by=f"reviewer {n}")
            except AlreadyRuledError:
                outcomes.append("refused")
            else:
                outcomes.append("ruled")

        threads = [threading.Thread(target=attempt, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["refused"] * 5 + ["ruled"]
        with database.snapshot() as session:
            assert len(term_rulings_on(session, SET, "soft lighting")) == 1
            assert verify_audit(session).ok

    def test_two_terms_decided_at_the_same_moment_settle_the_item_that_hangs_on_both(
        self, database: Database
    ) -> None:
        seed(database)
        begin = threading.Barrier(2)

        def attempt(term: str) -> None:
            begin.wait()
            rule(database, term, by=term)

        threads = [
            threading.Thread(target=attempt, args=(t,))
            for t in ("soft_lighting", "moonlit_reverie")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert states(database) == ["superseded"] * 4

    def test_an_undone_ruling_cannot_be_undone_again(self, sqlite_database: Database) -> None:
        ruled = rule(sqlite_database, "soft_lighting")
        take_back(sqlite_database, ruled, by="jun")
        with pytest.raises(ReviewError, match="jun undid it"):
            take_back(sqlite_database, ruled)

    @pytest.mark.parametrize(
        ("term", "category", "note", "message"),
        [
            ("!?", "", "", "no letter and no digit"),
            ("", "", "", "no letter and no digit"),
            ("x" * 501, "", "", "longer than 500"),
            ("x", "planet", "", "not a category"),
            ("x", "", "n" * 2001, "note is longer"),
        ],
    )
    def test_what_cannot_be_ruled_is_refused_in_words(
        self, sqlite_database: Database, term: str, category: str, note: str, message: str
    ) -> None:
        with pytest.raises(ReviewError, match=message):
            rule(sqlite_database, term, category, note=note)

    def test_a_ruling_needs_a_reviewer(self, sqlite_database: Database) -> None:
        with pytest.raises(ReviewError, match="needs a reviewer"):
            rule(sqlite_database, "x", by=" ")

    def test_many_rulings_are_all_or_none(self, database: Database) -> None:
        seed(database)
        rule(database, "moonlit_reverie", by="jun")
        choices = [TermChoice("soft_lighting", ""), TermChoice("moonlit_reverie", "work")]
        with pytest.raises(AlreadyRuledError), database.transaction() as session:
            rule_terms(session, SET, choices, "mika")
        with database.snapshot() as session:
            assert set(effective_term_rulings(session, SET)) == {"moonlit reverie"}
        with database.transaction() as session:
            ruled = rule_terms(session, SET, choices[:1], "mika")
        assert ruled.superseded == 3

    def test_a_term_given_twice_is_refused(self, sqlite_database: Database) -> None:
        twice = [TermChoice("soft_lighting", ""), TermChoice("Soft Lighting", "work")]
        with pytest.raises(ReviewError, match="given twice"), sqlite_database.transaction() as s:
            rule_terms(s, SET, twice, "mika")

    def test_decisions_get_what_is_in_force(self, sqlite_database: Database) -> None:
        ruled = rule(sqlite_database, "moonlit_reverie", "work")
        with sqlite_database.snapshot() as session:
            assert effective_term_rulings(session, SET) == {
                "moonlit reverie": TermRuling("work", ruled.rulings[0].id)
            }
        take_back(sqlite_database, ruled)
        with sqlite_database.snapshot() as session:
            assert effective_term_rulings(session, SET) == {}

    def test_a_ruling_and_its_end_are_reasons_to_run_again(self, sqlite_database: Database) -> None:
        before = read_state(sqlite_database, SET)
        ruled = rule(sqlite_database, "soft_lighting")
        assert read_state(sqlite_database, SET) != before
        assert read_state(sqlite_database, "other") == read_state(sqlite_database, "third")
        take_back(sqlite_database, ruled)
        assert read_state(sqlite_database, SET) == before

    def test_the_latest_ruling_of_a_reviewer_is_the_one_in_force(self, database: Database) -> None:
        rule(database, "soft_lighting")
        last = rule(database, "moonlit_reverie")
        rule(database, "third term", by="jun")
        take_back(database, last, by="jun")
        with database.snapshot() as session:
            latest = latest_term_ruling(session, "mika")
        assert latest is not None
        assert latest.term == "soft lighting"

    def test_items_that_hang_on_a_term_are_counted(self, sqlite_database: Database) -> None:
        seed(sqlite_database)
        with sqlite_database.snapshot() as session:
            assert count_hanging(session, SET, "soft lighting") == 3
            assert count_hanging(session, SET, "soft light") == 0

    def test_a_term_in_any_script_and_with_any_sign_is_found_in_the_evidence(
        self, database: Database
    ) -> None:
        for n, surface in enumerate(('100%_ソフト"x', "back\\slash", "初音ミク")):
            ask_about(database, SET, {f"{n}.png": [unknown(surface, surface)]})
            assert rule(database, surface).superseded == 1, surface


class TestAudit:
    def test_rulings_and_undoings_are_rows_of_a_whole_chain(self, database: Database) -> None:
        seed(database)
        take_back(database, rule(database, "soft_lighting", note="a way to light"), by="jun")
        with database.snapshot() as session:
            assert verify_audit(session).ok
            actions = [(row.actor, row.action) for row in read_latest(session, 4)]
        assert actions == [
            ("jun", "settle_terms"),
            ("jun", "undo_term"),
            ("mika", "settle_terms"),
            ("mika", "rule_term"),
        ]

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"category": "work"}, "ruling_edited"),
            ({"note": "other"}, "ruling_edited"),
            ({"undone_ms": 5, "undone_by": "x"}, "unlogged"),
            ({"id": "0" * 32}, "unlogged"),
        ],
    )
    def test_a_ruling_that_was_changed_behind_the_chain_is_found(
        self, sqlite_database: Database, change: dict[str, Any], problem: str
    ) -> None:
        rule(sqlite_database, "soft_lighting")
        with sqlite_database.transaction() as session:
            session.execute(update(TermRulingRow).values(**change))
            assert verify_audit(session).problem == problem

    def test_a_ruling_that_was_deleted_or_revived_is_found(self, sqlite_database: Database) -> None:
        take_back(sqlite_database, rule(sqlite_database, "soft_lighting"))
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE term_rulings SET undone_ms = NULL, undone_by = ''"))
            assert verify_audit(session).problem == "ruling_lost"
            session.execute(text("DELETE FROM term_rulings"))
            assert verify_audit(session).problem == "ruling_lost"


class TestImporting:
    def write(self, tmp_path: Path, *lines: str) -> Path:
        path = tmp_path / "rulings.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def test_each_row_that_cannot_be_used_is_named_by_its_line(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        rule(sqlite_database, "decided", "work", by="jun")
        path = self.write(
            tmp_path,
            "term,ruling,category,note",
            "soft_lighting,descriptive,,fine",
            "reverie,name,work,",
            "blank,,,",
            "Soft Lighting,name,work,",
            "x,perhaps,,",
            "y,name,,",
            "z,name,planet,",
            "v,descriptive,work,",
            ",descriptive,,",
            "decided,descriptive,,",
            "a,b,c,d,e",
        )
        with sqlite_database.snapshot() as session:
            given = read_rulings(session, SET, path, replace=False)
        assert given.choices == (
            TermChoice("soft lighting", "", "fine"),
            TermChoice("reverie", "work", ""),
        )
        assert (given.rows, given.blank) == (11, 1)
        assert [problem.line for problem in given.problems] == [5, 6, 7, 8, 9, 10, 11, 12]
        assert "jun ruled that 'decided' names a work" in given.problems[6].message

    def test_what_is_in_force_already_is_known(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        rule(sqlite_database, "decided", "work", by="jun")
        path = self.write(tmp_path, "ruling,term,category", "name,Decided,work")
        with sqlite_database.snapshot() as session:
            given = read_rulings(session, SET, path, replace=False)
        assert (given.known, given.choices, given.problems) == (1, (), ())

    @pytest.mark.parametrize("content", [b"", b"term,note\n", b"\x00\xff\n"])
    def test_a_file_without_the_columns_is_refused(
        self, sqlite_database: Database, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "x.csv").write_bytes(content)
        with pytest.raises(ReviewError), sqlite_database.snapshot() as session:
            read_rulings(session, SET, tmp_path / "x.csv", replace=False)


def test_a_run_with_no_terms_leaves_an_empty_list(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        assert replace_terms(session, SET, [], "run") == 0
    assert listed(sqlite_database) == ()

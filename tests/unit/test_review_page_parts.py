"""The parts of the review page that need no server: words, marks, sessions, addresses."""

from __future__ import annotations

import re
import stat
import string
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from models.accounts.api_tokens import SCOPES
from models.accounts.events import AccountEvent
from models.accounts.links import LinkPurpose
from models.accounts.roles import Role
from models.consent.purposes import Preference, Purpose
from models.consent.setters import Known
from models.consent.statements import Condition
from models.errors import SettingsError, WorkspaceError
from models.findings import FindingKind
from models.motifs.claims import RIGHTS, STATES
from models.motifs.listing import KNOWN_FIELDS
from models.motifs.register.changing import OutcomeKind
from models.nouns.recognition import Source
from models.nouns.terms.listing import Likelihood
from models.owners.identities import Basis
from models.owners.works_pictures import NoPicture
from models.policy import FINDING_DEFAULTS
from models.reasons import Reason
from models.review.asked import ASPECTS
from models.review.audit import Problem
from models.review.queue import ItemState, RulingKind, RulingReason
from models.review.referrals import ReferralKind
from models.verdicts import Verdict
from models.webhooks.topics import TOPICS
from review_ui.evidence import mark_captions, read_findings, show_picture, usual_reasons
from review_ui.language import LANGUAGES, Words, choose_language, load_words
from review_ui.listening import require_loopback
from review_ui.reference_forms import SIDES
from review_ui.routes.account import DONE as ACCOUNT_DONE
from review_ui.routes.accounts import DONE as ACCOUNTS_DONE
from review_ui.routes.motifs import SHOWN as MOTIF_STATES_SHOWN
from review_ui.routes.owners import DONE as IDENTITIES_DONE
from review_ui.routes.terms import CATEGORY_KEYS, SHOWN
from review_ui.routes.wallet import NOTICES as WALLET_NOTICES
from review_ui.security import (
    Sessions,
    Visitor,
    clean_name,
    load_secret,
    local_path,
)

UI = Path(__file__).resolve().parents[2] / "review_ui"
WORDS = {language: load_words(language) for language in LANGUAGES}
TEMPLATES = "\n".join(path.read_text("utf-8") for path in sorted((UI / "templates").iterdir()))
TERM_NOTICES = set(
    re.findall(r'"(?:notice)": "(\w+)"', (UI / "routes" / "terms.py").read_text("utf-8"))
)
NOTICES = {
    notice
    for name in ("items", "referring")
    for notice in re.findall(r'"(?:notice)": "(\w+)"', (UI / "routes" / f"{name}.py").read_text())
}
MOTIF_NOTICES = set(
    re.findall(r'notice ?= ?"(\w+)"', (UI / "routes" / "motifs.py").read_text("utf-8"))
)
MOTIF_ACTIONS = {"added", "corrected", "removed", "confirmed", "refused", "disputed"}
SPELT_OUT = ("proof.js.", "work.remedy.", "webhooks.failure.", "webhooks.state_")
"""Beginnings of keys whose ends come from a script or from the database."""
CHOICES: dict[str, set[str]] = {
    "scope.": {permission.value for permission in SCOPES},
    "topic.": {topic.name for topic in TOPICS},
    "work.verdict.": {verdict.value for verdict in Verdict},
    "queue.show.": {"waiting", "decided", "superseded", "all"},
    "state.": {state.value for state in ItemState},
    "ruling.": {RulingKind.APPROVE.value, RulingKind.EXCLUDE.value},
    "form.": {kind.value for kind in RulingKind},
    "finding.": set(get_args(FindingKind)),
    "category.": {*FINDING_DEFAULTS, "motif", "logo"},
    "purpose.": {purpose.value for purpose in Purpose},
    "preference.": {preference.value for preference in Preference},
    "condition.": {condition.value for condition in Condition},
    "level.": {f"L{level}" for level in range(6)},
    "setter.": {known.value for known in Known} - {"nobody"},
    "works.missing.": {each.value for each in NoPicture},
    "work.missing.": {each.value for each in NoPicture},
    "language.": {"en", "ja"},
    "audit.problem.": set(get_args(Problem)) - {""},
    "notice.": {
        *NOTICES,
        *("only_skipped", "reason_missing", "note_missing", "note_too_long"),
    },
    "terms.notice.": {*TERM_NOTICES, "already_who"},
    "terms.show.": set(SHOWN),
    "terms.likelihood.": set(get_args(Likelihood)),
    "terms.category.": set(CATEGORY_KEYS.values()) | set(FINDING_DEFAULTS),
    "terms.done_items": {"", "_one", "_none"},
    "terms.undone_items": {"", "_one", "_none"},
    "source.": {source.value for source in Source},
    "motifs.notice.": MOTIF_NOTICES,
    "motifs.right.": {"none", *RIGHTS},
    "motifs.state.": set(STATES),
    "motifs.show.": {state or "protected" for state in MOTIF_STATES_SHOWN},
    "motifs.side.": set(SIDES),
    "motifs.kind.": set(get_args(OutcomeKind)),
    "motifs.change.": MOTIF_ACTIONS,
    "motifs.told.": MOTIF_ACTIONS - {"added"},
    "motifs.field.": set(KNOWN_FIELDS),
    "sign_in.": {"refused", "wrong", "wait", "stranger", "provider"},
    "password.": {"differ", "length", "plain", "old_wrong"},
    "link.": {purpose.value for purpose in LinkPurpose},
    "role.": {role.value for role in Role},
    "role_about.": {role.value for role in Role},
    "account.done_": set(ACCOUNT_DONE),
    "accounts.done.": set(ACCOUNTS_DONE),
    "accounts.notice.": {
        *("name_refused", "name_taken", "is_disabled"),
        *("identity_refused", "identity_taken", "identity_role", "identity_subject"),
    },
    "wallet.notice.": {*WALLET_NOTICES, "last"},
    "identities.done_": set(IDENTITIES_DONE),
    "identities.how_": {basis.value for basis in Basis},
    "action.": {event.value for event in AccountEvent},
    "referral.": set(get_args(ReferralKind)),
    "adjudication.": {"adjudication", "lead", "owner"},
    "adjudication.what.": {"adjudication", "lead", "owner"},
    "questions.problem.": {"empty", "long", "closed"},
    "alike.differs.": {*ASPECTS, "unknown"},
    "alike.ruled_": {RulingKind.APPROVE.value, RulingKind.EXCLUDE.value},
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class TestWords:
    def test_both_languages_have_the_same_keys(self) -> None:
        assert list(WORDS["en"]) == list(WORDS["ja"])

    def test_both_languages_fill_in_the_same_values(self) -> None:
        for key in WORDS["en"]:
            assert fields(WORDS["en"][key]) == fields(WORDS["ja"][key]), key

    def test_no_words_are_empty_or_left_in_english(self) -> None:
        same = {key for key in WORDS["en"] if WORDS["en"][key] == WORDS["ja"][key]}
        file_names = {"carrier.ai-txt", "carrier.robots-txt"}
        assert same <= {"language.en", "language.ja", "proof.offline_file", *file_names}
        assert all(words[key] for words in WORDS.values() for key in words)

    def test_templates_use_only_keys_that_exist(self) -> None:
        used = set(re.findall(r'\bt\(\s*"([^"]+)"\s*[,)]', TEMPLATES))
        assert len(used) > 100
        assert used <= WORDS["en"].keys()

    @pytest.mark.parametrize("prefix", sorted(CHOICES))
    def test_every_value_that_a_template_may_show_has_words(self, prefix: str) -> None:
        assert {prefix + value for value in CHOICES[prefix]} <= WORDS["en"].keys()

    def test_every_problem_page_has_a_title_and_a_text(self) -> None:
        code = "\n".join(path.read_text() for path in UI.rglob("*.py"))
        kinds = set(re.findall(r'kind="(\w+)"', code)) | set(
            re.findall(r'_answer\(request, \d+, "(\w+)"\)', code)
        )
        assert {"not_undone", "store", "forged"} <= kinds
        for kind in kinds | {"missing", "method"}:
            assert {f"problem.{kind}.title", f"problem.{kind}.text"} <= WORDS["en"].keys()

    def test_no_words_are_left_over(self) -> None:
        code = "\n".join(path.read_text() for path in UI.rglob("*.py")) + TEMPLATES
        scripts = "\n".join(path.read_text() for path in sorted((UI / "static").glob("*.js")))
        joined = re.findall(r'"([\w.]+[._])" ~', TEMPLATES) + re.findall(r'f"([\w.]+\.)\{', code)
        prefixes = (*CHOICES, *joined, *SPELT_OUT, "problem.", "carrier.", "action.")
        for key in WORDS["en"]:
            in_script = f'"{key.removeprefix("proof.js.")}"' in scripts
            assert f'"{key}"' in code or in_script or key.startswith(prefixes), key

    @pytest.mark.parametrize("language", ["en", "ja"])
    def test_every_reason_is_said_in_both_languages(self, language: str) -> None:
        words = Words("ja" if language == "ja" else "en")
        for reason in Reason:
            assert words.reason(reason.value) != reason.value
            assert words.remedy(reason.value)

    def test_a_reason_that_is_not_known_is_shown_as_it_is(self) -> None:
        assert (Words("ja").reason("brand_new"), Words("ja").remedy("brand_new")) == (
            "brand_new",
            "",
        )

    @pytest.mark.parametrize(
        ("cookie", "header", "expected"),
        [
            (None, "", "en"),
            (None, "ja", "ja"),
            (None, "ja-JP,en;q=0.5", "ja"),
            (None, "fr, en;q=0.4, ja;q=0.7", "ja"),
            (None, "ja;q=0, en", "en"),
            (None, "ja;q=oops, en", "en"),
            (None, "fr", "en"),
            ("en", "ja", "en"),
            ("xx", "ja", "ja"),
        ],
    )
    def test_the_chosen_language_wins_over_the_browsers(
        self, cookie: str | None, header: str, expected: str
    ) -> None:
        assert choose_language(cookie, header) == expected


class TestMarks:
    def mark(self, text: str, *spans: tuple[int, int, str]) -> list[tuple[str, tuple[int, ...]]]:
        evidence = {
            "captions": [{"text": text, "source": "a.txt"}],
            "findings": [
                {"kind": kind, "caption": 0, "start": start, "end": end}
                for start, end, kind in spans
            ],
        }
        (caption,) = mark_captions(evidence, read_findings(evidence))
        return [(piece.text, piece.findings) for piece in caption.pieces]

    def test_a_span_is_cut_out_by_code_points(self) -> None:
        assert self.mark("🐈と三毛", (2, 4, "name_protected")) == [("🐈と", ()), ("三毛", (1,))]

    def test_overlapping_spans_are_cut_where_they_begin_and_end(self) -> None:
        pieces = self.mark("abcdef", (0, 4, "name_possible"), (2, 6, "name_protected"))
        assert pieces == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]

    def test_a_span_outside_the_caption_marks_nothing(self) -> None:
        for span in ((-1, -1, "x"), (3, 99, "x"), (2, 2, "x"), (4, 1, "x")):
            assert self.mark("abcd", span) == [("abcd", ())]

    def test_characters_that_cannot_be_seen_are_shown_by_their_code(self) -> None:
        assert self.mark("a\u202eb\u200b") == [
            ("a", ()),
            ("U+202E", ()),
            ("b", ()),
            ("U+200B", ()),
        ]

    def test_an_empty_caption_has_no_pieces(self) -> None:
        assert self.mark("") == []

    @pytest.mark.parametrize("odd", [None, "text", [1, None, "x"], {"a": 1}])
    def test_odd_evidence_is_shown_as_nothing_instead_of_failing(self, odd: object) -> None:
        evidence = {"captions": odd, "findings": odd}
        assert list(mark_captions(evidence, read_findings(evidence))) == []

    def test_only_boxes_inside_the_picture_are_drawn(self, tmp_path: Path) -> None:
        boxes = [(0.1, 0.2, 0.5, 0.6), (0, 0, 2, 1), (0.5, 0, 0.1, 1), None, "x", (0.1, 0.2)]
        findings = [{"box": list(box) if isinstance(box, tuple) else box} for box in boxes]
        picture = show_picture(tmp_path, "0" * 64, findings)
        assert [box[0] for box in picture.boxes] == [1]
        assert picture.boxes[0][1:] == pytest.approx((0.1, 0.2, 0.4, 0.4))

    def test_a_picture_whose_id_is_no_id_is_not_looked_for(self, tmp_path: Path) -> None:
        assert not show_picture(tmp_path, "../../etc/passwd").shown

    def test_the_offered_reason_fits_the_weightiest_question(self) -> None:
        offered = usual_reasons(["motif_resembles", "name_possible"])
        assert offered == (RulingReason.OTHER_MOTIF, RulingReason.DERIVED_MOTIF)
        assert usual_reasons(["grant_expired"])[1] is RulingReason.CONSENT_MISSING
        assert usual_reasons(["other"]) == (
            RulingReason.APPROVED_OTHERWISE,
            RulingReason.EXCLUDED_OTHERWISE,
        )
        assert usual_reasons([])[0] is RulingReason.NOTHING_FOUND


class TestSessions:
    def test_a_cookie_brings_back_its_visitor(self) -> None:
        sessions = Sessions(b"k" * 32)
        visitor = sessions.begin("水野")
        assert sessions.read(sessions.write(visitor)) == visitor

    def test_a_cookie_of_another_key_or_changed_proves_nothing(self) -> None:
        sessions = Sessions(b"k" * 32)
        cookie = sessions.write(sessions.begin("mika"))
        assert Sessions(b"o" * 32).read(cookie) is None
        assert sessions.read(cookie[:-2] + "xx") is None
        assert sessions.read("") is None

    def test_a_token_belongs_to_one_session(self) -> None:
        sessions = Sessions(b"k" * 32)
        mine, other = sessions.begin("mika"), sessions.begin("mika")
        assert sessions.accepts(mine, sessions.csrf_token(mine))
        assert not sessions.accepts(mine, sessions.csrf_token(other))
        assert not sessions.accepts(mine, "日本")

    def test_an_old_session_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sessions = Sessions(b"k" * 32)
        cookie = sessions.write(Visitor("mika", "n"))
        monkeypatch.setattr("review_ui.security.SESSION_SECONDS", -1)
        assert sessions.read(cookie) is None

    def test_the_key_survives_a_restart_and_is_the_owners_alone(self, tmp_path: Path) -> None:
        first = load_secret(tmp_path / "workspace")
        assert load_secret(tmp_path / "workspace") == first
        (path,) = (tmp_path / "workspace").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_key_that_others_may_read_or_that_is_cut_short_is_refused(
        self, tmp_path: Path
    ) -> None:
        load_secret(tmp_path)
        (path,) = tmp_path.iterdir()
        path.chmod(0o644)
        with pytest.raises(WorkspaceError, match="Others may read"):
            load_secret(tmp_path)
        path.write_bytes(b"short")
        path.chmod(0o600)
        with pytest.raises(WorkspaceError, match="damaged"):
            load_secret(tmp_path)


class TestAddresses:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.53"])
    def test_the_loopback_is_served(self, host: str) -> None:
        require_loopback(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "review.example", ""])
    def test_every_other_address_is_refused(self, host: str) -> None:
        with pytest.raises(SettingsError, match="without a password"):
            require_loopback(host)

    @pytest.mark.parametrize("path", ["/", "/items/0a?within=x%20y", "/audit"])
    def test_a_path_of_this_site_is_gone_back_to(self, path: str) -> None:
        assert local_path(path) == path

    @pytest.mark.parametrize(
        "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb", "/é"]
    )
    def test_anything_else_leads_to_the_queue(self, path: str) -> None:
        assert local_path(path) == "/"

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ("  mika   sato ", "mika sato"),
            ("か\u3099", "が"),
            ("", None),
            ("x" * 65, None),
            ("a\0b", None),
            ("a\u202eb", None),
        ],
    )
    def test_a_name_is_something_that_can_be_read(self, given: str, name: str | None) -> None:
        assert clean_name(given) == name


class TestColours:
    """WCAG 2.2, 1.4.3: text has a contrast of at least 4.5 to 1, in the light and in the dark."""

    PAIRS = (
        [
            (ink, ground)
            for ink in ("ink", "quiet", "accent")
            for ground in ("paper", "surface", "mat")
        ]
        + [(f"on-{kind}", kind) for kind in ("accent", "approve", "exclude")]
        + [(kind, ground) for kind in ("approve", "exclude") for ground in ("surface", "mat")]
        + [(f"{tint}-ink", f"{tint}-tint") for tint in ("amber", "red")]
        + [("red-ink", "surface"), ("surface", "quiet")]
    )

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_can_be_read(self, scheme: str) -> None:
        css = (UI / "static" / "kiyome.css").read_text()
        light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
        colours = dict(re.findall(r"--([\w-]+): #(\w{6})", light))
        if scheme == "dark":
            colours |= dict(re.findall(r"--([\w-]+): #(\w{6})", dark))
        for ink, ground in self.PAIRS:
            assert self.contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)

    @staticmethod
    def contrast(first: str, second: str) -> float:
        def light(colour: str) -> float:
            channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
            r, g, b = (
                c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
            )
            return 0.2126 * r + 0.7152 * g + 0.0722 * b

        low, high = sorted((light(first), light(second)))
        return (high + 0.05) / (low + 0.05)


def test_the_page_starts_without_the_pipelines_weight() -> None:
    heavy = ("prefect", "torch", "open_clip", "faiss", "spacy", "numpy", "PIL", "pandas", "pyarrow")
    code = f"import sys, review_ui.app; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=UI.parent
    )
    assert done.stdout.strip() == "[]"

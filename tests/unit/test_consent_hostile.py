"""Where the parts of consent meet, and somebody wants a refusal to get lost between them."""

from __future__ import annotations

import random
import string
import time
from dataclasses import replace
from pathlib import Path

import pytest

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.evidence.naming import MAX_NAME, name_in_store
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.recording import record
from models.consent.evidence.view import FetchedDocument, document_source, view_evidence
from models.consent.ipfs.gateway import Gateway
from models.consent.looking import take_testimony
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import resolve
from models.consent.signed.document import read_signed_document
from models.consent.statements import Statement, Trust
from models.consent.subjects import Subject, SubjectKind
from models.consent.terms import ConsentPolicy
from models.consent.testimony import CONTROL
from models.consent.uris import Resolver
from models.fetching.fetched import Failure, Fetched, FetchError
from models.store.database import Database
from models.verdicts import Verdict

REFUSES = Statement("web", "ai.txt", {Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED})


def observed(url: str, *statements: Statement) -> Observation:
    said = tuple(Said(Subject(SubjectKind.URL, url), statement) for statement in statements)
    return Observation(f"web:{url}", "web", Outcome.READ, 100, said)


class TestLongNames:
    """An address has up to 16,384 characters, and an index of PostgreSQL takes 2,704 bytes."""

    def test_two_long_addresses_with_one_beginning_stay_two_sources(
        self, database: Database, tmp_path: Path
    ) -> None:
        one, other = (f"https://a.example/?{'k' * 2100}{n}" for n in (1, 2))
        record(database, tmp_path, [observed(one, REFUSES)])
        record(database, tmp_path, [observed(other)])
        subject = Subject(SubjectKind.URL, one)
        [heard] = view_evidence(database).about([subject])[subject]
        assert (heard.subject, heard.statement) == (subject, REFUSES)

    def test_an_address_that_no_index_takes_whole_is_recorded_and_found(
        self, database: Database, tmp_path: Path
    ) -> None:
        letters = random.Random(1).choices(string.ascii_letters + string.digits, k=12_000)
        url = f"https://a.example/{''.join(letters)}"
        record(database, tmp_path, [observed(url, REFUSES)])
        assert view_evidence(database).about([Subject(SubjectKind.URL, url)])
        assert len(view_evidence(database).from_source(f"web:{url}")) == 1

    def test_a_document_at_a_long_address_in_other_letters_is_found(
        self, database: Database, tmp_path: Path
    ) -> None:
        letters = random.Random(1).choices([chr(n) for n in range(0x4E00, 0x9000)], k=2_500)
        address = f"ipfs://{''.join(letters)}"
        source = document_source(address)
        record(
            database,
            tmp_path,
            [Observation(source, "document", Outcome.READ, 100, body=b"terms")],
        )
        found = view_evidence(database).documents([address])
        assert found == {address: FetchedDocument(digest_bytes(b"terms"), None)}

    @pytest.mark.parametrize("name", ["a" * MAX_NAME, "é" * 999, "web:https://a.example/"])
    def test_a_name_that_fits_is_stored_as_it_is(self, name: str) -> None:
        assert name_in_store(name) == name

    @pytest.mark.parametrize(
        "name", ["a" * 2001, "é" * 1001, "a\0b", "a\ud800", "\U0001f600" * 900]
    )
    def test_any_other_name_becomes_one_of_its_own_that_stays_the_same(self, name: str) -> None:
        stored = name_in_store(name)
        assert stored == name_in_store(stored) != name_in_store(name + "x")
        assert len(stored.encode()) <= MAX_NAME
        assert stored.isprintable()


ASSET = Asset("ab" * 32, (Location("a.png", "a.png"),))
SPEAKER = "0x" + "5a" * 20
GENERATIVE = Purpose.GENERATIVE_TRAINING
NOW = 1_780_000_000
OPT_OUT = ConsentPolicy.model_validate(
    {
        "purposes": ["generative_training"],
        "profile": "opt-out",
        "opt_out_name": "legacy",
        "opt_in_target": "2027-01-01",
    }
)


def said_on(chain: str, value: Preference, issued_at: int, carrier: str = "erc721") -> Statement:
    """What somebody says of exactly these bytes, with all but control proven."""
    return Statement(
        carrier,
        f"{chain}/erc721:{SPEAKER}/7",
        {GENERATIVE: value},
        trust=Trust(integrity=True, signer=True, bound=True),
        setter=SPEAKER,
        issued_at=issued_at,
        observed_at=issued_at,
        anchor=f"{chain}/block:1/0x{'0' * 64}",
    )


class TestOneAddressOnTwoChains:
    """The same address may be somebody else's contract or wallet on another chain."""

    @pytest.mark.parametrize("carrier", ["erc721", "erc7572", "signed"])
    def test_it_takes_back_nothing_that_was_said_on_the_first(self, carrier: str) -> None:
        refusal = said_on("eip155:1", Preference.NOT_ALLOWED, NOW - 200, carrier)
        later = said_on("eip155:10", Preference.ALLOWED, NOW - 100, carrier)
        assert resolve(ASSET, [refusal, later], OPT_OUT, NOW).verdict is Verdict.EXCLUDE
        same = replace(later, anchor=refusal.anchor)
        assert resolve(ASSET, [refusal, same], OPT_OUT, NOW).verdict is Verdict.CLEAR

    @pytest.mark.parametrize(("chain", "controls"), [("eip155:1", True), ("eip155:10", False)])
    def test_control_is_shown_only_for_what_was_signed_for_its_chain(
        self, sqlite_database: Database, chain: str, controls: bool
    ) -> None:
        wallet = said_on(chain, Preference.ALLOWED, NOW - 100, "signed")
        control = replace(
            said_on("eip155:1", Preference.ALLOWED, NOW - 50, CONTROL),
            preferences={},
            trust=Trust(integrity=True, signer=True, control=True, bound=True),
        )
        testimony = take_testimony(sqlite_database, OPT_OUT)
        [statement] = testimony.complete([wallet, control])
        assert statement.trust.control is controls

    def test_a_signature_names_the_chain_that_it_was_made_for(self) -> None:
        uses = {"aiTraining": "allowed"}
        drafted = draft_statement(uses, NOW - 100, asset_cid=f"sha256:{ASSET.asset_id}")
        chains = {
            statement.chain
            for number in (1, 11155111)
            for statement in read_signed_document(
                sign_statement(drafted, uses, number, SigningKey(b"\x41" * 32)),
                "a.json",
                ASSET.asset_id,
            )
        }
        assert chains == {"eip155:1", "eip155:11155111"}


def test_the_key_in_a_gateways_address_stands_in_no_message() -> None:
    def refuse(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        del accept, max_bytes
        raise FetchError(Failure.DENIED, url, "HTTP status 403")

    addresses = ["https://one.example/KEY", "https://me:KEY@two.example:8443/ipfs?token=KEY"]
    gateway = Gateway(refuse, addresses)
    resolver = Resolver(refuse, gateway, addresses)
    cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
    for uri in (f"ipfs://{cid}", f"ipns://a.example/{cid}", "ar://" + "a" * 43):
        with pytest.raises(FetchError) as caught:
            resolver.resolve(uri)
        assert "https://one.example: " in str(caught.value)
        assert "https://two.example:8443: " in str(caught.value)
        assert "KEY" not in str(caught.value)


class TestManyStatements:
    """Anybody can commit to a registry, or write into a list, as often as they like."""

    def test_thousands_of_strangers_do_not_hold_up_a_decision(self) -> None:
        spam = [
            replace(
                said_on("eip155:1", Preference.NOT_ALLOWED, NOW - 10_000 + n, "erc7053"),
                setter=f"{SPEAKER}@{n}",
                expires_at=NOW + 10 + n,
                sequence=n,
            )
            for n in range(4_000)
        ]
        started = time.monotonic()
        decision = resolve(ASSET, spam, OPT_OUT, NOW)
        assert time.monotonic() - started < 10
        assert decision.verdict is Verdict.EXCLUDE

    def test_a_decision_does_not_outlast_the_moments_that_were_looked_at(self) -> None:
        grants = [
            replace(
                said_on("eip155:1", Preference.ALLOWED, NOW - 10, "plus"),
                setter=f"{n}",
                expires_at=NOW + n,
            )
            for n in range(1, 101)
        ]
        refusal = replace(
            said_on("eip155:1", Preference.NOT_ALLOWED, NOW + 90, "tdmrep"), setter="me"
        )
        later = replace(refusal, issued_at=NOW + 95, preferences={GENERATIVE: Preference.ALLOWED})
        decision = resolve(ASSET, [*grants, refusal, later], OPT_OUT, NOW)
        assert decision.valid_until is not None
        assert NOW < decision.valid_until <= NOW + 95

    def test_what_is_remembered_of_many_files_is_told_apart_in_time(
        self, sqlite_database: Database
    ) -> None:
        own = said_on("eip155:1", Preference.NOT_ALLOWED, NOW, "plus")
        brought = [
            replace(own, notes=("speaks of exactly these bytes, by their CID", f"{n}"))
            for n in range(5_000)
        ]
        started = time.monotonic()
        testimony = take_testimony(sqlite_database, OPT_OUT)
        assert len(testimony.complete([own, *brought])) == 5_001
        assert time.monotonic() - started < 10


LICENCE = "https://a.example/licence"
TERMS = digest_bytes(b"terms")


class TestAgeOfADocument:
    """A document behind an address may change, and a run need not ask for documents."""

    def decide(
        self, database: Database, workspace: Path, *, days: int, proven: bool, fixed: bool = False
    ) -> tuple[str, str]:
        policy = ConsentPolicy.model_validate(
            {
                **OPT_OUT.model_dump(),
                "license": [
                    {
                        "document": LICENCE,
                        "sha256": TERMS,
                        "purposes": ["generative_training"],
                        "entered_by": "Aoki",
                        "approved_by": "Baba",
                    }
                ],
            }
        )
        source = document_source(LICENCE)
        until = None if fixed else NOW
        look = Observation(source, "document", Outcome.READ, NOW, (), until, body=b"terms")
        record(database, workspace, [look])
        statement = Statement(
            "c2pa",
            "a.png",
            {GENERATIVE: Preference.CONSTRAINED},
            trust=Trust(signer=proven, control=proven, bound=proven),
            license_ref=LICENCE,
            issued_at=NOW,
        )
        said = take_testimony(database, policy).complete([statement])
        decision = resolve(ASSET, said, policy, NOW + days * 86_400)
        return decision.verdict.value, decision.reasons[0].value

    def test_a_condition_is_met_while_its_document_was_read_lately(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        for proven in (True, False):
            found = self.decide(sqlite_database, tmp_path, days=6, proven=proven)
            assert found[0] == "clear"

    def test_a_document_that_was_read_long_ago_meets_nothing(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        found = [
            self.decide(sqlite_database, tmp_path, days=8, proven=proven)
            for proven in (True, False)
        ]
        assert found == [("exclude", "evidence_stale"), ("exclude", "consent_unmet")]

    def test_a_document_that_is_named_by_its_digest_does_not_age(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        for proven in (True, False):
            found = self.decide(sqlite_database, tmp_path, days=90, proven=proven, fixed=True)
            assert found[0] == "clear"

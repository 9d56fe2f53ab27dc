"""What a signed statement comes to in a decision."""

from __future__ import annotations

import json
from dataclasses import replace

from models.assets.asset import Asset, Location
from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.resolution import resolve
from models.consent.signed.document import read_signed_document
from models.consent.statements import Statement
from models.policy import ConsentPolicy
from models.reasons import Reason
from models.verdicts import Verdict

ASSET = Asset("ab" * 32, (Location("a.png", "a.png"),))
KEY = SigningKey(b"\x91" * 32)
NOW = 1_760_000_000
POLICY = ConsentPolicy.model_validate({"purposes": ["generative_training"]})


def data_of(value: str, issued_at: int = NOW - 100, key: SigningKey = KEY) -> bytes:
    preference = {"aiTraining": value}
    statement = draft_statement(preference, issued_at, asset_cid=f"sha256:{ASSET.asset_id}")
    return sign_statement(statement, preference, 1, key)


def read(data: bytes, *, control: bool = False) -> Statement:
    [statement] = read_signed_document(data, "a.json", ASSET.asset_id)
    return replace(statement, trust=replace(statement.trust, control=control))


def verdict(*statements: Statement) -> tuple[Verdict, Reason]:
    decision = resolve(ASSET, statements, POLICY, NOW)
    return decision.verdict, decision.reasons[0]


def test_a_signed_grant_clears_only_once_its_signer_controls_the_asset() -> None:
    assert verdict(read(data_of("allowed"))) == (Verdict.EXCLUDE, Reason.GRANT_UNAUTHENTICATED)
    assert verdict(read(data_of("allowed"), control=True)) == (
        Verdict.CLEAR,
        Reason.CONSENT_GRANTED,
    )


def test_a_later_refusal_by_the_same_signer_ends_the_grant() -> None:
    grant = read(data_of("allowed"), control=True)
    refusal = read(data_of("notAllowed", NOW - 50), control=True)
    assert verdict(grant, refusal) == (Verdict.EXCLUDE, Reason.CONSENT_REFUSED)


def test_a_later_grant_by_the_same_signer_ends_the_refusal() -> None:
    refusal = read(data_of("notAllowed"), control=True)
    grant = read(data_of("allowed", NOW - 50), control=True)
    assert verdict(grant, refusal)[0] is Verdict.CLEAR


def test_a_refusal_signed_by_anyone_excludes() -> None:
    grant = read(data_of("allowed", NOW - 10), control=True)
    stranger = read(data_of("notAllowed", NOW - 50, SigningKey(b"\x92" * 32)))
    assert verdict(grant, stranger) == (Verdict.EXCLUDE, Reason.CONSENT_REFUSED)


def test_a_tampered_grant_goes_to_a_person() -> None:
    document = json.loads(data_of("notAllowed"))
    document["preference"]["dataMiningPreference"]["aiTraining"] = "allowed"
    tampered = read(json.dumps(document).encode(), control=True)
    assert verdict(tampered) == (Verdict.REVIEW, Reason.CONSENT_TAMPERED)

"""The usage record: what it can say, what never fits in, and how it is committed to."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest

from models.canonical import canonical_json
from models.consent.purposes import Preference
from models.consent.translation.names import CARRIERS
from models.errors import LedgerError
from models.ledger.batches import RECORD_TYPES
from models.ledger.commitments import (
    ErasedOpening,
    Opening,
    blank_opening,
    commit,
    decode_canonical,
    leaf_of,
)
from models.ledger.record_reading import read_record
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    LicenceRef,
    MediaType,
    PolicyRef,
    RecordType,
    ReviewRef,
    RulingValue,
    RunRef,
    UsageRecord,
    token,
)
from models.reasons import Reason
from models.verdicts import Verdict
from tests.ledger_parts import make_record

USE, EXCLUSION = make_record(0), make_record(2)
FREE_TEXTS = (
    "a cat on a red sofa",
    "Hanako Yamada",
    "山田花子",
    "hanako@example.com",
    "line\nbreak",
    "x" * 200,
)


def _replace(record: UsageRecord, **changes: Any) -> UsageRecord:
    return dataclasses.replace(record, **changes)


def test_a_record_is_canonical_json() -> None:
    reviewed = _replace(
        USE, review=ReviewRef("0" * 32, RulingValue.APPROVE), owner_ref="1" * 32, observed_at=None
    )
    for record in (USE, EXCLUSION, reviewed):
        assert record.canonical() == canonical_json(record.as_dict())


def test_a_record_holds_what_it_was_given() -> None:
    assert USE.as_dict() == {
        "asset": {"mediaType": "image/png", "sha256": USE.asset_sha256},
        "consent": {"carriers": ("sidecar",), "evidenceSha256": ("d" * 64,)},
        "dataset": {"manifestSha256": "c" * 64, "name": "sample", "release": "b" * 64},
        "decision": "clear",
        "format": "kiyome.usage/1",
        "policy": {"name": "strict", "sha256": "a" * 64, "version": "1.0"},
        "purpose": "generative_training",
        "reasons": ["consent_granted"],
        "times": {"decided": 1_800_000_000, "observed": 1_799_999_999},
        "type": "use",
        "value": "allowed",
    }


def test_the_order_in_which_carriers_were_read_does_not_show() -> None:
    assert ConsentRef(("c2pa", "sidecar", "c2pa")) == ConsentRef(("sidecar", "c2pa"))


def test_every_carrier_there_is_can_be_recorded() -> None:
    assert ConsentRef(tuple(CARRIERS)).carriers == tuple(sorted(CARRIERS))


@pytest.mark.parametrize(
    ("kept", "places"), [((), []), (("e" * 64,), [1]), (("e" * 64, "d" * 64), [0, 1])]
)
def test_a_record_says_which_of_its_evidence_was_kept(
    kept: tuple[str, ...], places: list[int]
) -> None:
    consent = ConsentRef(("sidecar",), ("e" * 64, "d" * 64), "", kept)
    assert consent.as_dict()["keptEvidence"] == places
    record = dataclasses.replace(USE, consent=consent)
    assert read_record(decode_canonical(record.canonical())) == record


def test_only_evidence_of_the_record_can_have_been_kept() -> None:
    with pytest.raises(LedgerError, match="not of its evidence"):
        ConsentRef(("sidecar",), ("d" * 64,), "", ("e" * 64,))
    assert ConsentRef(("sidecar",), (), "", ()).kept_sha256 is None
    odd = decode_canonical(USE.canonical())
    odd["consent"]["keptEvidence"] = [7]
    with pytest.raises(LedgerError, match="does not hold a record"):
        read_record(odd)


@pytest.mark.parametrize("text", FREE_TEXTS)
def test_no_field_takes_free_text(text: str) -> None:
    """Every field of every part is tried, so that a new one cannot be forgotten."""
    review = ReviewRef("0" * 32, RulingValue.APPROVE)
    run, licence = RunRef("run", "model", 1), LicenceRef("MIT")
    parts: list[Any] = [USE, USE.policy, USE.dataset, ConsentRef(("sidecar",)), review]
    parts += [run, licence]
    tried = 0
    for part in parts:
        for field in dataclasses.fields(part):
            present = getattr(part, field.name)
            value = (text,) if isinstance(present, tuple) else text
            with pytest.raises(LedgerError):
                dataclasses.replace(part, **{field.name: value})
            tried += 1
    assert tried == 17 + 3 + 3 + 4 + 2 + 4 + 2


def test_a_refused_text_does_not_show_in_the_message() -> None:
    with pytest.raises(LedgerError) as caught:
        _replace(USE, owner_ref="hanako@example.com")
    assert "hanako" not in str(caught.value)


@pytest.mark.parametrize("field", ["asset_sha256", "policy", "owner_ref"])
def test_digests_in_other_spellings_are_refused(field: str) -> None:
    with pytest.raises(LedgerError):
        _replace(USE, **{field: "A" * 64})


@pytest.mark.parametrize("time", [-1, 1.5, True, "0", 1 << 53])
def test_times_are_whole_seconds(time: Any) -> None:
    with pytest.raises(LedgerError, match="not a time"):
        _replace(USE, decided_at=time)


@pytest.mark.parametrize("verdict", [Verdict.EXCLUDE, Verdict.REVIEW, Verdict.ERROR])
def test_only_a_clear_asset_is_recorded_as_used(verdict: Verdict) -> None:
    with pytest.raises(LedgerError, match="cannot be recorded as used"):
        _replace(USE, decision=verdict)


def test_a_clear_asset_is_not_recorded_as_excluded() -> None:
    with pytest.raises(LedgerError, match="cannot be recorded as excluded"):
        _replace(EXCLUSION, decision=Verdict.CLEAR)


def test_revocations_and_decisions_can_be_recorded() -> None:
    revoked = _replace(EXCLUSION, type=RecordType.REVOKE, reasons=(Reason.TAKEDOWN,))
    decided = _replace(
        EXCLUSION, type=RecordType.DECIDE, decision=Verdict.REVIEW, value=Preference.UNKNOWN
    )
    assert (revoked.as_dict()["type"], decided.as_dict()["type"]) == ("revoke", "decide")


def test_batches_count_exactly_the_types_there_are() -> None:
    assert sorted(kind.value for kind in RecordType) == list(RECORD_TYPES)


def test_a_name_that_is_a_token_stays_itself() -> None:
    assert token("strict-1.0_b") == "strict-1.0_b"


@pytest.mark.parametrize("text", [*FREE_TEXTS, "", "-x", "\ud800"])
def test_any_other_name_becomes_a_digest_of_it(text: str) -> None:
    label = token(text)
    assert PolicyRef(label, "1", "0" * 64).name == label
    assert DatasetRef(label, label, "0" * 64).name == label
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    assert label == f"sha256-{digest[:32]}"


def test_a_commitment_hides_the_record_behind_a_salt() -> None:
    salt, record = bytes(range(32)), USE.canonical()
    commitment = hashlib.sha256(b"com1" + salt + record).digest()
    assert commit(salt, record) == commitment
    assert leaf_of(salt, record) == hashlib.sha256(b"\x00" + commitment).digest()


def test_a_salt_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commit(b"short", b"{}")


def test_an_opening_reads_back_byte_for_byte() -> None:
    opening = Opening(7, USE.canonical(), bytes(range(32)))
    assert Opening.parse(opening.line) == opening
    assert canonical_json(opening.record) == opening.canonical
    assert opening.line[:-1] == canonical_json(decode_canonical(opening.line[:-1]))


@pytest.mark.parametrize(
    "change",
    [(b"}\n", b"}"), (b'"index":7', b'"index":07'), (b'"salt":"0', b'"salt":"G'), (b"{", b" {")],
)
def test_other_spellings_of_an_opening_are_refused(change: tuple[bytes, bytes]) -> None:
    line = Opening(7, USE.canonical(), bytes(32)).line
    with pytest.raises(LedgerError, match="not an opening"):
        Opening.parse(line.replace(*change))


def test_a_blanked_opening_is_as_long_and_says_only_which_leaf_it_was() -> None:
    line = Opening(7, USE.canonical(), bytes(range(32))).line
    blank = blank_opening(line)
    assert blank.split() == [b'{"erased":7', b"}"]
    assert len(blank) == len(line)
    assert ErasedOpening.parse(blank) == ErasedOpening(7)
    assert ErasedOpening.parse(line) is None


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b"[1]", b'{"a":NaN}', b"{", b"[" * 100_000],
)
def test_json_in_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_canonical(data)


def test_media_types_cover_the_formats_that_are_decoded() -> None:
    decoded = {"PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"}
    assert {kind.name for kind in MediaType} - {"UNKNOWN"} == decoded

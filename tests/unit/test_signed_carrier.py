"""Signed statements beside an image."""

from __future__ import annotations

from dataclasses import replace

from models.assets.asset import Asset, Location
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.consent.carriers.carrier import Carrier
from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.ipfs.hashing import cids_of
from models.consent.purposes import Preference, Purpose
from models.consent.signed.carrier import SignedCarrier, names_bytes
from models.consent.statements import Condition
from models.reasons import Reason
from tests.consent_files import asset_of, picture

IMAGE = picture()
PREFERENCE = {"aiTraining": "notAllowed"}
DATA = sign_statement(
    draft_statement(PREFERENCE, 1_760_000_000, asset_cid=f"sha256:{digest_bytes(IMAGE)}"),
    PREFERENCE,
    1,
    SigningKey(b"\x41" * 32),
)


def beside(data: bytes) -> Asset:
    return asset_of(IMAGE, "a.png", Location("a.json", "a.json", len(data), None, ""))


def test_a_signed_sidecar_is_read_for_its_image() -> None:
    carrier: Carrier = SignedCarrier()
    [statement] = carrier.read(beside(DATA), IMAGE, lambda _: DATA)
    assert statement.trust.levels == "L1+L2+L4"
    assert statement.source == "a.json"


def test_another_sidecar_is_left_to_others() -> None:
    for other in (b"{}", b"not json", b'{"kiyome": "something/1"}', b'{"name": "kiyome"}'):
        assert SignedCarrier().read(beside(other), IMAGE, lambda _, o=other: o) == []


def test_a_marker_in_escapes_is_a_marker() -> None:
    data = DATA.replace(b'"kiyome": "consent-', b'"\\u006biyome": "consent\\u002d')
    [statement] = SignedCarrier().read(beside(data), IMAGE, lambda _: data)
    assert statement.condition is Condition.SOUND


def test_a_signed_sidecar_that_is_cut_short_is_reported() -> None:
    cut = DATA[:-30]
    [statement] = SignedCarrier().read(beside(cut), IMAGE, lambda _: cut)
    assert statement.condition is Condition.MALFORMED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_sidecar_that_changed_since_the_scan_proves_nothing() -> None:
    asset = beside(DATA)
    asset = replace(asset, sidecars=(replace(asset.sidecars[0], digest="00" * 32),))
    [statement] = SignedCarrier().read(asset, IMAGE, lambda _: DATA)
    assert (statement.condition, statement.trust.levels) == (Condition.UNDETERMINED, "L0")
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_sidecar_that_cannot_be_loaded_is_left_to_the_sidecar_carrier() -> None:
    def fail(_: Location) -> bytes:
        raise FaultError(Reason.IMAGE_EMPTY, "nothing there")

    assert SignedCarrier().read(beside(DATA), IMAGE, fail) == []


def test_every_cid_that_tools_make_of_the_image_names_it() -> None:
    for cid in cids_of(IMAGE):
        for spelling in cid.spellings:
            assert names_bytes(spelling, IMAGE, digest_bytes(IMAGE))
            assert not names_bytes(spelling, IMAGE + b"x", digest_bytes(IMAGE + b"x"))


def test_without_the_bytes_only_the_cid_of_one_block_is_compared() -> None:
    block, tree, *_ = (cid.canonical for cid in cids_of(IMAGE))
    assert names_bytes(block, None, digest_bytes(IMAGE))
    assert not names_bytes(tree, None, digest_bytes(IMAGE))
    assert not names_bytes("no cid", IMAGE, digest_bytes(IMAGE))


def test_the_fingerprint_tells_whether_wallets_are_asked() -> None:
    asked = SignedCarrier(check_contract_signature=lambda *_: None)
    assert asked.fingerprint != SignedCarrier().fingerprint

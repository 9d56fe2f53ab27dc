"""Content credentials: real signatures, sound, tampered with, cut short, and by strangers."""

from __future__ import annotations

import datetime as dt
import io
import socket
import subprocess
import sys
import time

import pytest

from models.consent.carriers.c2pa import C2paCarrier
from models.consent.cose import CoseError, signing_certificate
from models.consent.purposes import Preference, Purpose
from models.consent.signing import make_certificate_chain, sign_image
from models.consent.statements import Condition, Statement
from models.consent.training_mining import is_training_mining, read_entries
from models.errors import PolicyError
from tests.consent_files import MIMES, asset_of, flip_pixel, owner, picture, signed

YES, NO, IF = Preference.ALLOWED, Preference.NOT_ALLOWED, Preference.CONSTRAINED
NGT, GT = Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING


def nothing(_: object) -> bytes:
    raise AssertionError("this carrier reads no sidecar")


def read(data: bytes, anchors: bytes = b"") -> list[Statement]:
    return C2paCarrier(anchors.decode()).read(asset_of(data), data, nothing)


class TestSoundCredentials:
    @pytest.mark.parametrize("kind", sorted(MIMES))
    def test_they_prove_integrity_binding_and_the_signing_certificate(self, kind: str) -> None:
        (statement,) = read(signed(kind))
        assert statement.condition is Condition.SOUND
        assert statement.preferences == {GT: YES}
        assert statement.trust.levels == "L1+L4"
        assert statement.setter == owner().fingerprint

    def test_a_trusted_authority_identifies_the_signer(self) -> None:
        (statement,) = read(signed(), owner().anchor_pem)
        assert statement.trust.levels == "L1+L2+L4"

    def test_another_authority_does_not(self) -> None:
        stranger = make_certificate_chain("Somebody Else")
        assert read(signed(), stranger.anchor_pem)[0].trust.levels == "L1+L4"

    def test_no_credentials_may_grant_by_themselves(self) -> None:
        assert not read(signed(), owner().anchor_pem)[0].trust.may_grant

    def test_ai_training_means_non_generative_training_only(self) -> None:
        assert read(signed(entry="ai_training", use="notAllowed"))[0].preferences == {NGT: NO}

    def test_without_a_time_stamp_they_end_with_their_certificate(self) -> None:
        (statement,) = read(signed())
        assert statement.issued_at is None
        assert statement.expires_at is not None
        assert any("without a time stamp" in note for note in statement.notes)

    def test_an_expired_certificate_gives_the_same_statement_as_before(self) -> None:
        now = dt.datetime.now(dt.UTC)
        start = now - dt.timedelta(days=1) + dt.timedelta(seconds=2)
        brief = make_certificate_chain("Brief", valid_from=start, days=1)
        data = sign_image(
            picture(), "image/png", {"ai_training": "allowed"}, brief.chain_pem, brief.key_pem
        )
        before = read(data)
        assert before[0].expires_at is not None
        time.sleep(max(0.0, before[0].expires_at + 1.1 - time.time()))
        assert read(data) == before


class TestDamagedCredentials:
    def test_changed_pixels_are_tampering_and_prove_nothing(self) -> None:
        (statement,) = read(flip_pixel(signed()), owner().anchor_pem)
        assert statement.condition is Condition.TAMPERED
        assert statement.trust.levels == "L0"
        assert statement.setter == ""
        assert "dataHash.mismatch" in statement.notes[0]

    def test_a_refusal_in_a_tampered_file_is_kept(self) -> None:
        data = flip_pixel(signed(use="notAllowed"))
        (statement,) = read(data)
        assert statement.condition is Condition.TAMPERED
        assert statement.preferences == {GT: NO}

    def test_a_changed_entry_is_tampering(self) -> None:
        data = signed(use="notAllowed").replace(b"notAllowed", b"allowed\x60\x60\x60")
        assert all(s.condition is not Condition.SOUND for s in read(data))

    @pytest.mark.parametrize("keep", [120, 700, 2000, -20])
    def test_a_file_cut_short_is_malformed(self, keep: int) -> None:
        statements = read(signed(use="notAllowed")[:keep])
        assert [s.condition for s in statements] == [Condition.MALFORMED]

    def test_a_refusal_in_a_file_cut_short_is_believed(self) -> None:
        assert read(signed(use="notAllowed")[:-20])[0].preferences == {GT: NO}

    def test_two_manifest_stores_are_malformed(self) -> None:
        data = signed()
        start = data.index(b"caBX") - 4
        length = int.from_bytes(data[start : start + 4], "big") + 12
        doubled = data[:start] + data[start : start + length] + data[start:]
        assert [s.condition for s in read(doubled)] == [Condition.MALFORMED]

    def test_remains_of_credentials_behind_the_image_are_malformed(self) -> None:
        data = signed()
        start = data.index(b"jumb") - 4
        remains = picture("BMP") + data[start : start + 3000]
        assert [s.condition for s in read(remains)] == [Condition.MALFORMED]

    def test_credentials_that_lie_elsewhere_are_undetermined_and_not_fetched(self) -> None:
        import c2pa

        chain = owner()
        out = io.BytesIO()
        server = socket.create_server(("127.0.0.1", 0))
        server.setblocking(False)
        with c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context:
            builder = c2pa.Builder({"claim_generator_info": [{"name": "x"}]}, context=context)
            builder.set_intent(
                c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION
            )
            builder.set_no_embed()
            builder.set_remote_url(f"http://127.0.0.1:{server.getsockname()[1]}/a.c2pa")
            info = c2pa.C2paSignerInfo("es256", chain.chain_pem, chain.key_pem, None)
            builder.sign(
                c2pa.Signer.from_info(info), "image/jpeg", io.BytesIO(picture("JPEG")), out
            )
        (statement,) = read(out.getvalue())
        assert statement.condition is Condition.UNDETERMINED
        assert "not fetched" in statement.notes[0]
        with server, pytest.raises(BlockingIOError):
            server.accept()


class TestIngredients:
    def test_a_refusal_of_an_ingredient_counts(self) -> None:
        chain = owner()
        grant = sign_image(
            signed(use="notAllowed"),
            "image/png",
            {"ai_generative_training": "allowed"},
            chain.chain_pem,
            chain.key_pem,
        )
        active, ingredient = read(grant)
        assert active.preferences == {GT: YES}
        assert ingredient.preferences == {GT: NO}
        assert ingredient.setter == ""

    def test_a_grant_of_an_ingredient_does_not(self) -> None:
        chain = owner()
        refusal = sign_image(
            signed(use="allowed"),
            "image/png",
            {"ai_training": "notAllowed"},
            chain.chain_pem,
            chain.key_pem,
        )
        assert [s.preferences for s in read(refusal)] == [{NGT: NO}]


class TestEntries:
    def test_version_1_1_keeps_them_under_entries(self) -> None:
        data = {"entries": {"cawg.ai_training": {"use": "allowed"}}}
        assert read_entries(data) == ({NGT: YES}, "", True, ())

    def test_version_1_0_keeps_them_at_the_root(self) -> None:
        assert read_entries({"c2pa.ai_training": {"use": "notAllowed"}})[0] == {NGT: NO}

    @pytest.mark.parametrize("key", ["constraint_info", "constraints_info"])
    def test_a_constrained_use_names_its_licence(self, key: str) -> None:
        data = {"entries": {"cawg.data_mining": {"use": "constrained", key: "https://e.org"}}}
        preferences, license_ref, sound, _ = read_entries(data)
        assert (preferences, license_ref, sound) == (
            {Purpose.DATA_MINING: IF},
            "https://e.org",
            True,
        )

    def test_an_unknown_use_is_a_refusal(self) -> None:
        preferences, _, sound, notes = read_entries({"cawg.ai_training": {"use": "Allowed"}})
        assert (preferences, sound) == ({NGT: NO}, True)
        assert "unknown use" in notes[0]

    @pytest.mark.parametrize("key", ["ai_training", "CAWG.AI_Training", "acme.ai_training"])
    def test_an_odd_key_refuses_and_never_grants(self, key: str) -> None:
        assert read_entries({key: {"use": "notAllowed"}})[0] == {NGT: NO}
        assert read_entries({key: {"use": "allowed"}})[0] == {}

    def test_an_entry_at_both_places_takes_the_most_restrictive(self) -> None:
        data = {
            "cawg.ai_training": {"use": "notAllowed"},
            "entries": {"cawg.ai_training": {"use": "allowed"}},
        }
        assert read_entries(data)[0] == {NGT: NO}

    @pytest.mark.parametrize(
        "data",
        [None, "x", [1], {"entries": [1]}, {"cawg.ai_training": {}}, {"cawg.ai_training": 1}],
    )
    def test_what_is_no_map_of_uses_is_malformed(self, data: object) -> None:
        preferences, _, sound, notes = read_entries(data)
        assert (preferences, sound) == ({}, False)
        assert notes

    @pytest.mark.parametrize(
        ("label", "expected"),
        [
            ("c2pa.training-mining", True),
            ("cawg.training-mining", True),
            ("cawg.training-mining__1", True),
            ("cawg.training-mining.v2", True),
            ("c2pa.actions", False),
            (None, False),
        ],
    )
    def test_labels(self, label: object, expected: bool) -> None:
        assert is_training_mining(label) is expected


class TestTheSigningCertificate:
    def store(self) -> tuple[bytes, str]:
        import c2pa

        with c2pa.Reader("image/png", io.BytesIO(signed())) as reader:
            label = reader.get_active_manifest()["label"]
        data = signed()
        start = data.index(b"caBX") + 4
        return data[start : start + int.from_bytes(data[start - 8 : start - 4], "big")], label

    def test_it_is_read_from_the_signature(self) -> None:
        from cryptography.hazmat.primitives import hashes

        store, label = self.store()
        certificate = signing_certificate(store, label)
        assert certificate.fingerprint(hashes.SHA256()).hex() == owner().fingerprint

    def test_a_store_that_holds_the_manifest_twice_has_none(self) -> None:
        store, label = self.store()
        description = int.from_bytes(store[8:12], "big")
        manifest = store[8 + description :]
        body = store[8 : 8 + description] + manifest + manifest
        doubled = (len(body) + 8).to_bytes(4, "big") + b"jumb" + body
        with pytest.raises(CoseError, match="exactly one"):
            signing_certificate(doubled, label)

    def test_another_label_has_none(self) -> None:
        with pytest.raises(CoseError):
            signing_certificate(self.store()[0], "urn:c2pa:other")

    def test_every_cut_and_every_flipped_byte_ends_in_an_answer_or_a_cose_error(self) -> None:
        store, label = self.store()
        variants = [store[:length] for length in range(0, len(store), 37)]
        for position in range(0, len(store), 23):
            changed = bytearray(store)
            changed[position] ^= 0xFF
            variants.append(bytes(changed))
        answers = 0
        for variant in variants:
            try:
                signing_certificate(variant, label)
                answers += 1
            except CoseError:
                pass
        assert 0 < answers < len(variants)


def test_anchors_that_are_no_certificates_are_refused_at_once() -> None:
    with pytest.raises(PolicyError, match="trust anchors"):
        C2paCarrier("nonsense")


def test_the_fingerprint_changes_with_the_trust_anchors() -> None:
    assert C2paCarrier().fingerprint != C2paCarrier(owner().anchor_pem.decode()).fingerprint


def test_a_word_in_the_bytes_is_not_a_manifest() -> None:
    for word in (b"c2pa", b"jumb", b"caBX"):
        assert read(picture() + word) == []


def test_files_without_a_manifest_do_not_load_the_sdk() -> None:
    code = (
        "import sys; from models.consent.carriers.c2pa import C2paCarrier\n"
        "from models.assets.asset import Asset, Location\n"
        "asset = Asset('0' * 64, (Location('a', 'a'),))\n"
        "assert C2paCarrier().read(asset, b'nothing here', None) == []\n"
        "assert 'c2pa' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

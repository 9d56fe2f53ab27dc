"""Signing an image with a consent: what an owner writes."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from PIL import Image

from models.consent.signing import (
    CertificateChain,
    certificate_fingerprint,
    make_certificate_chain,
    sign_image,
)
from models.errors import KiyomeError

MIMES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
}


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 32), (200, 40, 90)).save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def owner() -> CertificateChain:
    return make_certificate_chain("Aoi Minase")


def read_back(data: bytes, mime: str, anchor: bytes = b"") -> tuple[str, dict[str, object]]:
    import c2pa

    settings: dict[str, object] = {"verify": {"remote_manifest_fetch": False}}
    if anchor:
        settings["trust"] = {"trust_anchors": anchor.decode()}
    with c2pa.Context.from_dict(settings) as context:
        reader = c2pa.Reader(mime, io.BytesIO(data), context=context)
        return str(reader.get_validation_state()), reader.get_active_manifest()


@pytest.mark.parametrize("kind", sorted(MIMES))
def test_a_signed_image_carries_a_valid_manifest(kind: str, owner: CertificateChain) -> None:
    signed = sign_image(
        picture(kind),
        MIMES[kind],
        {"ai_training": "notAllowed"},
        owner.chain_pem,
        owner.key_pem,
    )
    state, manifest = read_back(signed, MIMES[kind])
    assert state == "Valid"
    labels = {a["label"]: a["data"] for a in manifest["assertions"]}
    assert labels["cawg.training-mining"] == {
        "entries": {"cawg.ai_training": {"use": "notAllowed"}}
    }
    assert Image.open(io.BytesIO(signed)).size == (48, 32)


def test_the_chain_is_trusted_where_its_authority_is_an_anchor(owner: CertificateChain) -> None:
    signed = sign_image(
        picture("PNG"), "image/png", {"data_mining": "allowed"}, owner.chain_pem, owner.key_pem
    )
    assert read_back(signed, "image/png", owner.anchor_pem)[0] == "Trusted"


def test_a_certificate_may_be_valid_for_a_century() -> None:
    owner = make_certificate_chain(
        "Aoi Minase", valid_from=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), days=36_500
    )
    signed = sign_image(
        picture("PNG"), "image/png", {"data_mining": "allowed"}, owner.chain_pem, owner.key_pem
    )
    assert read_back(signed, "image/png", owner.anchor_pem)[0] == "Trusted"


def test_signing_twice_keeps_the_first_credentials_as_an_ingredient(
    owner: CertificateChain,
) -> None:
    once = sign_image(
        picture("PNG"), "image/png", {"data_mining": "allowed"}, owner.chain_pem, owner.key_pem
    )
    twice = sign_image(
        once, "image/png", {"data_mining": "notAllowed"}, owner.chain_pem, owner.key_pem
    )
    state, manifest = read_back(twice, "image/png")
    assert state == "Valid"
    assert [i["relationship"] for i in manifest["ingredients"]] == ["parentOf"]


def test_the_fingerprint_is_that_of_the_signing_certificate(owner: CertificateChain) -> None:
    assert certificate_fingerprint(owner.chain_pem) == owner.fingerprint
    assert certificate_fingerprint(owner.anchor_pem) != owner.fingerprint


@pytest.mark.parametrize(
    ("entries", "word"),
    [({"training": "allowed"}, "training"), ({"ai_training": "ok"}, "ok"), ({}, "entry")],
)
def test_entries_that_no_reader_would_understand_are_not_signed(
    entries: dict[str, str], word: str, owner: CertificateChain
) -> None:
    with pytest.raises(KiyomeError, match=word):
        sign_image(picture("PNG"), "image/png", entries, owner.chain_pem, owner.key_pem)


@pytest.mark.parametrize("data", [b"", b"text", picture("PNG")[:60]])
def test_what_is_not_a_whole_image_is_not_signed(data: bytes, owner: CertificateChain) -> None:
    with pytest.raises(KiyomeError, match="cannot be signed"):
        sign_image(data, "image/png", {"ai_training": "allowed"}, owner.chain_pem, owner.key_pem)


def test_a_key_of_another_certificate_is_refused(owner: CertificateChain) -> None:
    stranger = make_certificate_chain("Somebody Else")
    with pytest.raises(KiyomeError, match="cannot be signed"):
        sign_image(
            picture("PNG"),
            "image/png",
            {"ai_training": "allowed"},
            owner.chain_pem,
            stranger.key_pem,
        )


@pytest.mark.parametrize("name", ["", "  ", "x" * 65])
def test_a_holder_without_a_usable_name_gets_no_certificate(name: str) -> None:
    with pytest.raises(KiyomeError, match="name"):
        make_certificate_chain(name)


def test_text_that_is_no_certificate_has_no_fingerprint() -> None:
    with pytest.raises(KiyomeError, match="PEM"):
        certificate_fingerprint(b"no certificate")

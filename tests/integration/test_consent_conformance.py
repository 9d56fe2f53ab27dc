"""Every carrier in every condition, from the bytes of a file to the decision."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.consent.reading_json import MAX_BYTES
from models.consent.resolution import resolve
from models.consent.signing import make_certificate_chain, sign_image
from models.consent.stage import ConsentStage, statements_of
from models.consent.terms import ConsentPolicy
from models.reasons import Reason
from models.verdicts import Verdict
from tests.consent_files import (
    data_mining,
    flip_pixel,
    jpeg_with,
    owner,
    picture,
    png_text,
    png_with,
    signed,
    xmp,
)

NOW = 1_790_000_000
FAR = NOW + 40 * 365 * 86_400
CLEAR, REVIEW, EXCLUDE = Verdict.CLEAR, Verdict.REVIEW, Verdict.EXCLUDE
XAP = b"http://ns.adobe.com/xap/1.0/\0"


def sidecar(**uses: Any) -> bytes:
    return json.dumps({"dataMiningPreference": uses}).encode()


def wrongly_built() -> bytes:
    """Sound credentials whose assertion is not a map of entries."""
    import c2pa

    chain = owner()
    assertion = {"label": "cawg.training-mining", "data": {"entries": ["ai_training"]}}
    definition = {"claim_generator_info": [{"name": "x"}], "assertions": [assertion]}
    out = io.BytesIO()
    with c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context:
        builder = c2pa.Builder(definition, context=context)
        builder.set_intent(
            c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION
        )
        info = c2pa.C2paSignerInfo("es256", chain.chain_pem, chain.key_pem, None)
        builder.sign(c2pa.Signer.from_info(info), "image/png", io.BytesIO(picture()), out)
    return out.getvalue()


def by_a_stranger() -> bytes:
    stranger = make_certificate_chain("Somebody Else")
    uses = {"ai_generative_training": "allowed"}
    return sign_image(picture(), "image/png", uses, stranger.chain_pem, stranger.key_pem)


def grant_over_a_refusal_in_xmp() -> bytes:
    chain = owner()
    image = png_text(data_mining("DMI-PROHIBITED-AIMLTRAINING").encode())
    uses = {"ai_generative_training": "allowed"}
    return sign_image(image, "image/png", uses, chain.chain_pem, chain.key_pem)


def contract(**fields: Any) -> dict[str, Any]:
    return {
        "id": "K-1",
        "holder": "Aoi Minase",
        "purposes": ["generative_training"],
        "entered_by": "Aiko",
        "approved_by": "Ben",
        "issued": "2026-01-01",
        "expires": "2099-01-01",
        **fields,
    }


def policy(*contracts: dict[str, Any]) -> ConsentPolicy:
    return ConsentPolicy.model_validate({"contract": contracts})


NONE = policy()
BY_SIGNER = policy(contract(signer=owner().fingerprint))
BY_FOLDER = policy(contract(folder="studio"))
OVERRIDING = policy(contract(folder="studio", overrides_refusals=True))
ENDED = policy(contract(folder="studio", expires="2026-02-01"))

Case = tuple[str, Callable[[], bytes], bytes | None, ConsentPolicy, int, Verdict, Reason]
CASES: list[Case] = [
    # Token metadata beside the image
    ("sidecar absent", picture, None, NONE, NOW, EXCLUDE, Reason.CONSENT_ABSENT),
    ("sidecar silent", picture, b"{}", NONE, NOW, EXCLUDE, Reason.CONSENT_ABSENT),
    (
        "sidecar refusal",
        picture,
        sidecar(aiTraining="notAllowed"),
        NONE,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    (
        "sidecar grant by anybody",
        picture,
        json.dumps(
            {"dataMiningPreference": {"aiTraining": "allowed"}, "sha256": digest_bytes(picture())}
        ).encode(),
        NONE,
        NOW,
        EXCLUDE,
        Reason.GRANT_UNAUTHENTICATED,
    ),
    (
        "sidecar constrained",
        picture,
        sidecar(aiTraining="constrained"),
        NONE,
        NOW,
        EXCLUDE,
        Reason.CONSENT_UNMET,
    ),
    (
        "sidecar malformed",
        picture,
        sidecar(aiTraining=1),
        NONE,
        NOW,
        REVIEW,
        Reason.CONSENT_MALFORMED,
    ),
    (
        "sidecar cut short",
        picture,
        sidecar(aiTraining="allowed")[:-3],
        BY_FOLDER,
        NOW,
        REVIEW,
        Reason.CONSENT_MALFORMED,
    ),
    (
        "sidecar too large",
        picture,
        sidecar(aiTraining="allowed") + b" " * MAX_BYTES,
        BY_FOLDER,
        NOW,
        REVIEW,
        Reason.CONSENT_UNDETERMINED,
    ),
    (
        "sidecar against a contract",
        picture,
        sidecar(aiTraining="notAllowed"),
        BY_FOLDER,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    # Content credentials
    (
        "c2pa refusal",
        lambda: signed(use="notAllowed"),
        None,
        NONE,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    ("c2pa grant", signed, None, BY_SIGNER, NOW, CLEAR, Reason.CONSENT_CONTRACT),
    ("c2pa grant without contract", signed, None, NONE, NOW, EXCLUDE, Reason.GRANT_UNAUTHENTICATED),
    (
        "c2pa by a stranger",
        by_a_stranger,
        None,
        BY_SIGNER,
        NOW,
        EXCLUDE,
        Reason.GRANT_UNAUTHENTICATED,
    ),
    ("c2pa ended", signed, None, BY_SIGNER, FAR, EXCLUDE, Reason.GRANT_EXPIRED),
    ("c2pa malformed", wrongly_built, None, BY_SIGNER, NOW, REVIEW, Reason.CONSENT_MALFORMED),
    (
        "c2pa cut short",
        lambda: signed()[:-20],
        None,
        BY_FOLDER,
        NOW,
        REVIEW,
        Reason.CONSENT_MALFORMED,
    ),
    (
        "c2pa tampered",
        lambda: flip_pixel(signed()),
        None,
        BY_SIGNER,
        NOW,
        REVIEW,
        Reason.CONSENT_TAMPERED,
    ),
    (
        "c2pa tampered under a contract that overrides",
        lambda: flip_pixel(signed(use="notAllowed")),
        None,
        OVERRIDING,
        NOW,
        REVIEW,
        Reason.CONSENT_TAMPERED,
    ),
    (
        "c2pa against xmp",
        grant_over_a_refusal_in_xmp,
        None,
        BY_SIGNER,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    (
        "c2pa against a sidecar",
        signed,
        sidecar(aiGenerativeTraining="notAllowed"),
        BY_SIGNER,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    # PLUS in XMP
    (
        "plus refusal",
        lambda: png_text(data_mining("DMI-PROHIBITED-GENAIMLTRAINING").encode()),
        None,
        BY_FOLDER,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    (
        "plus grant",
        lambda: png_text(data_mining("DMI-ALLOWED").encode()),
        None,
        NONE,
        NOW,
        EXCLUDE,
        Reason.GRANT_UNAUTHENTICATED,
    ),
    (
        "plus unspecified",
        lambda: png_text(data_mining("DMI-UNSPECIFIED").encode()),
        None,
        NONE,
        NOW,
        EXCLUDE,
        Reason.CONSENT_ABSENT,
    ),
    (
        "plus malformed",
        lambda: png_text(xmp("plus:DataMining=").encode()),
        None,
        BY_FOLDER,
        NOW,
        REVIEW,
        Reason.CONSENT_MALFORMED,
    ),
    (
        "plus cut short",
        lambda: png_text(data_mining("DMI-ALLOWED").encode())[:400],
        None,
        BY_FOLDER,
        NOW,
        REVIEW,
        Reason.CONSENT_MALFORMED,
    ),
    (
        "plus too large",
        lambda: png_with(
            b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * (17 * 1024**2))
        ),
        None,
        BY_FOLDER,
        NOW,
        REVIEW,
        Reason.CONSENT_MALFORMED,
    ),
    (
        "plus against itself",
        lambda: jpeg_with(
            XAP + data_mining("DMI-ALLOWED").encode(), XAP + data_mining("DMI-PROHIBITED").encode()
        ),
        None,
        BY_FOLDER,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
    # Contracts on file
    ("contract", picture, None, BY_FOLDER, NOW, CLEAR, Reason.CONSENT_CONTRACT),
    ("contract ended", picture, None, ENDED, NOW, EXCLUDE, Reason.GRANT_EXPIRED),
    (
        "contract that overrides",
        picture,
        sidecar(aiTraining="notAllowed"),
        OVERRIDING,
        NOW,
        CLEAR,
        Reason.CONSENT_CONTRACT,
    ),
    (
        "contract against a signed refusal",
        lambda: signed(use="notAllowed"),
        None,
        OVERRIDING,
        NOW,
        EXCLUDE,
        Reason.CONSENT_REFUSED,
    ),
]


@pytest.mark.parametrize(
    ("image", "beside", "consent", "at", "verdict", "reason"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_from_file_to_decision(
    image: Callable[[], bytes],
    beside: bytes | None,
    consent: ConsentPolicy,
    at: int,
    verdict: Verdict,
    reason: Reason,
    tmp_path: Path,
) -> None:
    data = image()
    (tmp_path / "a").write_bytes(data)
    sidecars: tuple[Location, ...] = ()
    if beside is not None:
        (tmp_path / "a.json").write_bytes(beside)
        sidecars = (Location("studio/a.json", str(tmp_path / "a.json")),)
    location = Location("studio/a", str(tmp_path / "a"), len(data))
    asset = Asset(digest_bytes(data), (location,), sidecars=sidecars)
    table = ConsentStage(max_bytes=2**28).examine([asset], lambda _: None)
    assert table["fault_code"].to_pylist() == [None]
    statements = statements_of(table["statements"].to_pylist()[0])
    decision = resolve(asset, statements, consent, at)
    assert (decision.verdict, decision.reasons[0]) == (verdict, reason)

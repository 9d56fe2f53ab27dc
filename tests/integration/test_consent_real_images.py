"""The consent stage over real images: nothing invented, nothing lost, and quickly."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.consent.resolution import resolve
from models.consent.signing import sign_image
from models.consent.stage import ConsentStage, statements_of
from models.consent.terms import ConsentPolicy
from models.reasons import Reason
from models.verdicts import Verdict
from tests.consent_files import flip_pixel, owner

IMAGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "images"
SUFFIXES = (".png", ".jpg", ".webp")
pytestmark = pytest.mark.skipif(
    not IMAGES.is_dir(), reason=f"the real images are not at {IMAGES.name}/ beside the checkout"
)


def assets(limit: int) -> list[Asset]:
    paths = sorted(path for path in IMAGES.rglob("*") if path.suffix in SUFFIXES)
    step = max(1, len(paths) // limit)
    found = []
    for path in paths[::step][:limit]:
        data = path.read_bytes()
        name = str(path.relative_to(IMAGES))
        location = Location(name, str(path), len(data), None, digest_bytes(data))
        found.append(Asset(location.digest, (location,)))
    return found


def test_images_of_which_nobody_said_anything_stay_silent_and_excluded() -> None:
    chosen = assets(300)
    table = ConsentStage(max_bytes=2**28).examine(chosen, lambda _: None)
    assert table["fault_code"].null_count == len(chosen)
    for asset, texts in zip(chosen, table["statements"].to_pylist(), strict=True):
        decision = resolve(asset, statements_of(texts), ConsentPolicy(), 1_780_000_000)
        assert (decision.verdict, decision.reasons) == (
            Verdict.EXCLUDE,
            (Reason.CONSENT_ABSENT,),
        )


def test_a_contract_by_signer_clears_a_real_image_until_a_pixel_changes(tmp_path: Path) -> None:
    source = next(path for path in sorted(IMAGES.rglob("*.png")) if path.stat().st_size > 20_000)
    out = io.BytesIO()
    Image.open(source).convert("RGB").save(out, "PNG")
    chain = owner()
    data = sign_image(
        out.getvalue(),
        "image/png",
        {"ai_generative_training": "allowed"},
        chain.chain_pem,
        chain.key_pem,
    )
    policy = ConsentPolicy.model_validate(
        {
            "contract": [
                {
                    "id": "K-1",
                    "holder": "Aoi Minase",
                    "purposes": ["generative_training"],
                    "signer": chain.fingerprint,
                    "entered_by": "Aiko",
                    "approved_by": "Ben",
                    "issued": "2026-01-01",
                    "expires": "2030-01-01",
                }
            ]
        }
    )

    def verdict(content: bytes) -> tuple[Verdict, tuple[Reason, ...]]:
        path = tmp_path / "a.png"
        path.write_bytes(content)
        asset = Asset(digest_bytes(content), (Location("a.png", str(path)),))
        table = ConsentStage(max_bytes=2**28).examine([asset], lambda _: None)
        statements = statements_of(table["statements"].to_pylist()[0])
        decision = resolve(asset, statements, policy, 1_790_000_000)
        return decision.verdict, decision.reasons

    assert verdict(data) == (Verdict.CLEAR, (Reason.CONSENT_CONTRACT,))
    assert verdict(flip_pixel(data)) == (Verdict.REVIEW, (Reason.CONSENT_TAMPERED,))
    assert verdict(out.getvalue()) == (Verdict.EXCLUDE, (Reason.CONSENT_ABSENT,))

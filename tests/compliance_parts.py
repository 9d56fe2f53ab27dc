"""Facts of a release that was never made, to write documents from; and ways to read a bundle."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import pyarrow as pa

from models.compliance.decisions import DECISIONS
from models.compliance.facts import (
    Composition,
    Consent,
    Facts,
    Ledger,
    Missing,
    Outcomes,
    Removals,
    Review,
)
from models.compliance.licences import LICENCES
from models.compliance.removals import REMOVALS
from models.compliance.reviewing import NOTHING_SAMPLED
from models.ledger.note import Signer
from models.releases.consent_share import ConsentShare
from models.releases.notices import RemovalReason
from models.releases.release import Release
from models.review.quality.agreement import measure_agreement
from models.review.quality.wording import Words

SIGNER = Signer("example.com/usage-ledger", bytes(range(32)))
RELEASE = Release(
    id="ab" * 32,
    dataset="posters",
    number=3,
    manifest_sha256="cd" * 32,
    exclusions_sha256="ef" * 32,
    folder="releases/posters/0003-abababab",
    cleared=1200,
    removed=2,
    created_ms=1_790_000_000_000,
)


def make_facts(**changes: Any) -> Facts:
    """A release with something in every part."""
    facts = Facts(
        release=RELEASE,
        described={"id": RELEASE.id},
        manifest_bytes=4321,
        composition=Composition({"PNG": 1200}, (64, 64), (640, 480), 987_654, 1300, 7, 12, 0),
        consent=Consent(
            ConsentShare(1100, 0, 100),
            {"c2pa": 900, "contract": 200},
            ("generative_training",),
            "opt-in",
            "",
            "",
            "",
            (("contract on file", "", 200),),
            1000,
        ),
        outcomes=Outcomes(
            {"clear": 1200, "exclude": 30},
            {"clear": {"consent_granted": 1200}, "exclude": {"consent_refused": 30}},
            {RemovalReason.CONSENT: 30},
        ),
        policy="Atelier 2, opt-in",
        policy_sha256="12" * 32,
        policy_said=None,
        review=Review(140, measure_agreement([]), None, NOTHING_SAMPLED),
        removals=Removals(REMOVALS.empty_table(), (), (), (), 3),
        ledger=Ledger(SIGNER.name, SIGNER.verifier.vkey, {}, None, None, None),
        attribution=None,
        notice=None,
        decisions=DECISIONS.empty_table(),
        licences=LICENCES.empty_table(),
        publisher="",
        url="",
        is_confidential=False,
        missing=(Missing("policy.toml", Words("It was not kept.", "保存されていません。")),),
    )
    return replace(facts, **changes)


def with_consent(facts: Facts, **changes: Any) -> Facts:
    """The facts with another consent."""
    return replace(facts, consent=replace(facts.consent, **changes))


def unpack(bundle: bytes) -> dict[str, bytes]:
    """Every file of a bundle."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def make_consent(*rows: tuple[str, list[tuple[str, str]]]) -> pa.Table:
    """A manifest's columns of ids and consent: for each asset carriers and licences."""
    from models.releases.manifest import MANIFEST

    schema = pa.schema([MANIFEST.field("asset_id"), MANIFEST.field("consent")])
    values = [
        {
            "asset_id": asset_id,
            "consent": [
                {
                    "carrier": carrier,
                    "source": "",
                    "setter": "",
                    "trust": "",
                    "license_ref": licence,
                    "evidence_sha256": "",
                }
                for carrier, licence in said
            ],
        }
        for asset_id, said in rows
    ]
    return pa.Table.from_pylist(values, schema=schema)

"""``spdx.json``: the release as SPDX 3.0.1 describes datasets, in JSON-LD, Dataset profile.

Specification: https://spdx.github.io/spdx-spec/v3.0.1/model/Dataset/Dataset/. The profile asks for
exactly one declared and one concluded licence. Both are the expression over all licences that
statements name where every cleared image has one with an SPDX identifier, else "no assertion". The
licence of each image stands in ``licences.parquet``.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from models.compliance.croissant import name_publisher
from models.compliance.facts import Facts
from models.compliance.licences import FILE as LICENCES_FILE
from models.compliance.spoken import (
    tell_captions,
    tell_collection,
    tell_consent,
    tell_kept_out,
    tell_maintenance,
    tell_screening,
)

FILE: Final = "spdx.json"
CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
NO_LICENCE: Final = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
_CREATION: Final = "_:creation"


def build_spdx(facts: Facts) -> dict[str, Any]:
    """``spdx.json``."""
    release = facts.release
    space = f"https://spdx.org/spdxdocs/kiyome-release-{release.id}"

    def name(part: str) -> str:
        return f"{space}#{part}"

    licence, expressions = _licence(facts, name("licence"))
    dataset: dict[str, Any] = {
        "type": "dataset_DatasetPackage",
        "spdxId": name("dataset"),
        "creationInfo": _CREATION,
        "name": release.dataset,
        "summary": f"{release.cleared:,} images with captions: {facts.title}.",
        "builtTime": facts.released_at,
        "releaseTime": facts.released_at,
        "originatedBy": [name("publisher")],
        "suppliedBy": name("publisher"),
        "software_downloadLocation": facts.url or name_by_digest(release.manifest_sha256),
        "software_packageVersion": str(release.number),
        "software_primaryPurpose": "data",
        "verifiedUsing": [
            {"type": "Hash", "algorithm": "sha256", "hashValue": release.manifest_sha256}
        ],
        "comment": "The digest is that of manifest.parquet, which names every image by its own. "
        f"{LICENCES_FILE} names the licences of each image."
        + (
            ""
            if facts.url
            else " Where it can be downloaded was not said: its location is its name."
        ),
        "dataset_datasetType": ["image", "text"],
        "dataset_dataCollectionProcess": f"{tell_collection(facts).en} {tell_consent(facts).en}",
        "dataset_dataPreprocessing": [
            tell_screening(facts).en,
            tell_kept_out(facts).en,
            tell_captions(facts).en,
        ],
        "dataset_datasetNoise": facts.review.claim.en,
        "dataset_datasetUpdateMechanism": tell_maintenance(facts).en,
        "dataset_hasSensitivePersonalInformation": "noAssertion",
        "dataset_intendedUse": f"Consent was asked for: {', '.join(facts.consent.purposes)}.",
        "dataset_knownBias": ["Not examined by Kiyome."],
    }
    if facts.composition.image_bytes is not None:
        dataset["dataset_datasetSize"] = facts.composition.image_bytes
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "type": "CreationInfo",
                "@id": _CREATION,
                "specVersion": "3.0.1",
                "created": facts.released_at,
                "createdBy": [name("publisher")],
            },
            {
                "type": "Organization",
                "spdxId": name("publisher"),
                "creationInfo": _CREATION,
                "name": name_publisher(facts),
            },
            dataset,
            *expressions,
            _relate(name("declared"), "hasDeclaredLicense", name("dataset"), licence),
            _relate(name("concluded"), "hasConcludedLicense", name("dataset"), licence),
            {
                "type": "SpdxDocument",
                "spdxId": name("document"),
                "creationInfo": _CREATION,
                "name": facts.title,
                "profileConformance": ["core", "software", "dataset", "simpleLicensing"],
                "rootElement": [name("dataset")],
            },
        ],
    }


def name_by_digest(sha256: str) -> str:
    """The name of bytes by their SHA-256, as RFC 6920 writes it."""
    encoded = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()
    return f"ni:///sha-256;{encoded}"


def _licence(facts: Facts, spdx_id: str) -> tuple[str, list[dict[str, Any]]]:
    expression = facts.consent.expression
    if not expression:
        return NO_LICENCE, []
    element = {
        "type": "simplelicensing_LicenseExpression",
        "spdxId": spdx_id,
        "creationInfo": _CREATION,
        "simplelicensing_licenseExpression": expression,
    }
    return spdx_id, [element]


def _relate(spdx_id: str, kind: str, source: str, target: str) -> dict[str, Any]:
    relation = {
        "type": "Relationship",
        "spdxId": spdx_id,
        "creationInfo": _CREATION,
        "relationshipType": kind,
        "from": source,
        "to": [target],
    }
    if target == NO_LICENCE:
        relation["comment"] = (
            "Images have different licences, or one that no SPDX identifier names; "
            f"{LICENCES_FILE} lists them."
        )
    return relation

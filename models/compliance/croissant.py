"""``croissant.json``: the release as Croissant 1.1 describes datasets, with the RAI 1.0 properties.

It describes ``manifest.parquet`` as the release and its export hold it; put it beside that file.
Specifications: http://mlcommons.org/croissant/1.1 and http://mlcommons.org/croissant/RAI/1.0.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from models.compliance.facts import Facts
from models.compliance.spoken import (
    tell_agreement,
    tell_captions,
    tell_collection,
    tell_consent,
    tell_kept_out,
    tell_limits,
    tell_maintenance,
    tell_people,
    tell_screening,
    tell_since,
)
from models.releases.manifest import MANIFEST
from models.review.quality.wording import Words

FILE: Final = "croissant.json"
CONFORMS_TO: Final = (
    "http://mlcommons.org/croissant/1.1",
    "http://mlcommons.org/croissant/RAI/1.0",
)

_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_MANIFEST: Final = "manifest.parquet"
_RECORDS: Final = "assets"

_MEANINGS: Final[dict[str, Words]] = {
    "asset_id": Words("SHA-256 of the original image file.", "元の画像ファイルのSHA-256。"),
    "names": Words("Every path of the file in the dataset.", "データセット内でのパス（すべて）。"),
    "captions": Words("The captions, and where each stood.", "キャプションとその出所。"),
    "captions/text": Words("The text of the release.", "リリースに含まれる本文。"),
    "captions/source": Words("The file that it stood in.", "記載されていたファイル。"),
    "captions/name": Words("The copy of the image it belongs to.", "対応する画像のパス。"),
    "width": Words("Width in pixels.", "幅（ピクセル）。"),
    "height": Words("Height in pixels.", "高さ（ピクセル）。"),
    "format": Words("Format of the file.", "ファイル形式。"),
    "reasons": Words("Codes of why it was cleared.", "許可された理由のコード。"),
    "decided_by": Words("Who decided.", "判断した主体。"),
    "ruling_id": Words("The ruling that cleared it, if any.", "許可した判断のID（あれば）。"),
    "basis": Words("Codes of what its use rests on.", "利用の根拠を示すコード。"),
    "consent": Words("The statements about AI use.", "AI利用についての意思表示。"),
    "consent/carrier": Words("How the statement reached us.", "意思表示の伝達手段。"),
    "consent/source": Words("Where it stood.", "記載場所。"),
    "consent/setter": Words("Who made it.", "意思表示を行った人。"),
    "consent/trust": Words("How it is proven.", "証明の程度。"),
    "consent/license_ref": Words("The licence that it names.", "示されたライセンス。"),
    "consent/evidence_sha256": Words("Digest of the evidence.", "証拠のダイジェスト。"),
    "attribution": Words("Whether authors must be named.", "作者名の表示が必要か。"),
    "authors": Words("Whom to name.", "表示すべき作者名。"),
}


def build_croissant(facts: Facts) -> dict[str, Any]:
    """``croissant.json``."""
    release = facts.release
    value: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": {"en": release.dataset},
        "description": _said(_describe(facts)),
        "datePublished": facts.released_at,
        "version": f"{release.number}.0.0",
        "isLiveDataset": False,
        "keywords": ["images", "consent", "provenance"],
        "license": _licences(facts),
        "creator": {"@type": "Organization", "name": {"en": name_publisher(facts)}},
        "publisher": {"@type": "Organization", "name": {"en": name_publisher(facts)}},
        "citeAs": f"{name_publisher(facts)}: {facts.title}, id {release.id}.",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": _MANIFEST,
                "name": {"en": _MANIFEST},
                "description": _said(
                    Words("One row for each cleared image.", "許可された画像ごとに1行。")
                ),
                "contentUrl": _MANIFEST,
                "contentSize": f"{facts.manifest_bytes} B",
                "encodingFormat": "application/x-parquet",
                "sha256": release.manifest_sha256,
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": _RECORDS,
                "name": {"en": _RECORDS},
                "description": _said(
                    Words("The cleared images of the release.", "このリリースで許可された画像。")
                ),
                "key": {"@id": f"{_RECORDS}/asset_id"},
                "field": [_field(field) for field in MANIFEST],
            }
        ],
        **{f"rai:{name}": said for name, said in _responsible(facts).items()},
    }
    if facts.url:
        value["url"] = facts.url
    return value


def name_publisher(facts: Facts) -> str:
    """Who publishes the release: as they said, or by the name of their usage ledger."""
    return facts.publisher or f"the operator of the usage ledger {facts.ledger.origin}"


def _responsible(facts: Facts) -> dict[str, str | list[str]]:
    """The RAI properties that facts answer; the others are left out."""
    return {
        "dataCollection": " ".join(
            each.en for each in (tell_collection(facts), tell_consent(facts))
        ),
        "dataCollectionMissingData": tell_kept_out(facts).en,
        "dataPreprocessingProtocol": [tell_screening(facts).en, tell_kept_out(facts).en],
        "dataManipulationProtocol": tell_captions(facts).en,
        "dataAnnotationProtocol": tell_people(facts).en,
        "dataAnnotationAnalysis": [tell_agreement(facts).en],
        "dataUseCases": [
            f"Purpose that consent was asked for: {p}." for p in facts.consent.purposes
        ],
        "dataLimitations": [facts.review.claim.en, *(each.en for each in tell_limits(facts))],
        "dataBiases": ["Not examined by Kiyome."],
        "personalSensitiveInformation": ["Not examined by Kiyome: it may hold any."],
        "dataReleaseMaintenancePlan": f"{tell_maintenance(facts).en} {tell_since(facts).en}",
    }


def _describe(facts: Facts) -> Words:
    cleared = facts.release.cleared
    return Words(
        f"{cleared:,} images with captions, cleared by Kiyome for the purposes "
        f"{', '.join(facts.consent.purposes)} under the policy {facts.policy}.",
        f"キャプション付き画像{cleared:,}件。Kiyomeがポリシー「{facts.policy}」に従い、次の目的に"
        f"ついて許可しました：{'、'.join(facts.consent.purposes)}。",
    )


def _licences(facts: Facts) -> list[str]:
    named = [
        f"https://spdx.org/licenses/{spdx}.html" if spdx else licence
        for licence, spdx, _ in facts.consent.licences
    ]
    if facts.consent.unlicensed:
        named.append("No licence named for some images; licences.parquet lists those that are.")
    return named[:50] or ["Not named; see the consent of each image."]


def _field(field: pa.Field, parent: str = "") -> dict[str, Any]:
    path = f"{parent}/{field.name}" if parent else field.name
    kind, is_list = field.type, pa.types.is_list(field.type)
    inner = kind.value_type if is_list else kind
    value: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{_RECORDS}/{path}",
        "name": {"en": field.name},
        "description": _said(_MEANINGS[path]),
    }
    if is_list:
        value |= {"isArray": True, "arrayShape": "-1"}
    if pa.types.is_struct(inner):
        value["subField"] = [_field(inner.field(n), path) for n in range(inner.num_fields)]
        return value
    source: dict[str, Any] = {"fileObject": {"@id": _MANIFEST}, "extract": {"column": path}}
    if parent:
        source["extract"] = {"column": parent}
        source["transform"] = {"jsonPath": field.name}
    return {**value, "dataType": _TYPES[inner], "source": source}


_TYPES: Final = {pa.string(): "sc:Text", pa.int32(): "sc:Integer", pa.bool_(): "sc:Boolean"}


def _said(words: Words) -> dict[str, str]:
    return {"en": words.en, "ja": words.ja}

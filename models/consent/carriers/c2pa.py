"""C2PA manifests with a training and data mining assertion (C2PA and CAWG 1.0, 1.1).

The validation state is looked at before the entries: the SDK returns the entries of a tampered
file as readily as those of a sound one. Nothing is ever fetched from the network.

C2PA's ``ai_training`` means non-generative training only, unlike ERC-7517's ``aiTraining``.
"""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from models.assets.asset import Asset
from models.canonical import digest_bytes
from models.consent.carriers.carrier import LoadSidecar
from models.consent.carriers.media import sniff_media_type
from models.consent.cose import CoseError, signing_certificate
from models.consent.purposes import Preference, Purpose
from models.consent.reading_json import printable
from models.consent.setters import name_subject
from models.consent.statements import Condition, Statement, Trust
from models.consent.training_mining import ENTRY_PURPOSES, is_training_mining, read_entries
from models.errors import PolicyError

_RAW_KEY = re.compile(rb"(?:c2pa|cawg)\.(" + "|".join(ENTRY_PURPOSES).encode() + rb")(?![a-z_])")
_RAW_WINDOW = 160

_MARKERS = (b"c2pa", b"jumb", b"dcterms:provenance")
_STORE = re.compile(rb"jumd(?:c2pa|c2ma|c2um|c2cs)\x00\x11\x00\x10")
# What the SDK reports as failures although the signature holds: the authority is not known here,
# or the certificate has ended since. The end is judged at the moment of the decision instead.
_NOT_TAMPERING = {"signingCredential.untrusted", "signingCredential.expired"}
_BINDINGS = {
    "assertion.dataHash.match",
    "assertion.bmffHash.match",
    "assertion.boxesHash.match",
    "assertion.collectionHash.match",
}
# Names that the SDK has for a media type where it does not take the usual one.
_SDK_TYPES = {"application/zip": "application/x-zip"}
# In SVG the store stands as base64 text.
_SVG_STORE = re.compile(rb"manifest[^<>]{0,400}>\s{0,64}([A-Za-z0-9+/\s]{40,}+)")
_MAX_SVG_STORES = 8


@dataclass
class C2paCarrier:
    """Reads the content credentials of a file of any format that the SDK reads.

    These are PNG, JPEG, WebP, GIF, TIFF with DNG, SVG, AVIF, HEIC, JPEG XL, PDF, MP4 with MOV and
    M4A, AVI, WAV, MP3, FLAC, and ZIP packages such as EPUB.

    Args:
        trust_anchors_pem: certificates of the authorities whose signers count as identified.

    Raises:
        PolicyError: the trust anchors are not PEM certificates. (The SDK would ignore them.)
    """

    trust_anchors_pem: str = ""
    name: str = "c2pa"
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _context: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.trust_anchors_pem.strip():
            return
        try:
            x509.load_pem_x509_certificates(self.trust_anchors_pem.encode())
        except ValueError as error:
            raise PolicyError(
                f"The C2PA trust anchors cannot be read: {error}.",
                "Give certificates in PEM form in c2pa_trust_anchors.",
            ) from error

    @property
    def fingerprint(self) -> str:
        """Code version, SDK version and trust anchors."""
        anchors = digest_bytes(self.trust_anchors_pem.strip().encode())[:16]
        return f"c2pa/3 sdk/{version('c2pa-python')} anchors/{anchors}"

    def read(
        self,
        asset: Asset,
        data: bytes | None,
        load_sidecar: LoadSidecar,  # noqa: ARG002  (manifests outside the file are not read yet)
    ) -> list[Statement]:
        """A statement for each assertion, or one for credentials without any.

        Credentials that are sound prove who signed even where they say nothing about training: a
        contract may name that signer.
        """
        if data is None:
            return []
        media_type = sniff_media_type(data)
        if not _may_hold_credentials(data, media_type):
            return []
        return self._read_manifests(asset.name, data, media_type)

    def _read_manifests(self, name: str, data: bytes, media_type: str) -> list[Statement]:
        import c2pa  # a native library: files without a manifest do not wait for it

        try:
            reader = c2pa.Reader(
                _SDK_TYPES.get(media_type, media_type),
                io.BytesIO(data),
                context=self._shared_context(),
            )
        except c2pa.C2paError.ManifestNotFound:
            return _remains(name, data, "there are remains of content credentials")
        except c2pa.C2paError.NotSupported:
            return _remains(name, data, "content credentials stand in a format without them")
        except c2pa.C2paError as error:
            if str(error).startswith("Remote:"):
                note = "its content credentials lie elsewhere and are not fetched"
                return [_unread(name, data, Condition.UNDETERMINED, note)]
            if not any(marker in data for marker in _MARKERS):
                return []  # a PDF that cannot be read, and nothing hints at credentials in it
            note = f"the content credentials cannot be read: {error}"
            return [_unread(name, data, Condition.MALFORMED, note)]
        with reader:
            document = json.loads(reader.json())
            label = str(document.get("active_manifest") or "")
            store = io.BytesIO()
            try:
                # Any of the manifest's own addresses yields the store that was validated.
                reader.resource_to_stream(f"self#jumbf=/c2pa/{label}/c2pa.signature", store)
            except c2pa.C2paError:
                store = io.BytesIO()
        return list(_statements(name, data, document, label, store.getvalue()))

    def _shared_context(self) -> Any:
        import c2pa

        with self._lock:
            if self._context is None:
                settings: dict[str, Any] = {
                    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}
                }
                if self.trust_anchors_pem.strip():
                    settings["trust"] = {"trust_anchors": self.trust_anchors_pem}
                self._context = c2pa.Context.from_dict(settings)
            return self._context


@dataclass(frozen=True, slots=True)
class _Signature:
    """What is proven about the active manifest."""

    condition: Condition
    trust: Trust
    setter: str
    issued_at: int | None
    expires_at: int | None
    notes: tuple[str, ...]


def _statements(
    name: str, data: bytes, document: dict[str, Any], label: str, store: bytes
) -> Iterator[Statement]:
    manifests: dict[str, Any] = document.get("manifests") or {}
    active = manifests.get(label) or {}
    signature = _judge(document, active, label, store)
    evidence = digest_bytes(store or data)
    said = 0
    for assertion in active.get("assertions") or []:
        if not is_training_mining(assertion.get("label")):
            continue
        said += 1
        preferences, license_ref, sound, notes = read_entries(assertion.get("data"))
        condition = signature.condition
        if condition is Condition.SOUND and not sound:
            condition = Condition.MALFORMED
        yield Statement(
            carrier="c2pa",
            source=printable(f"{name} ({assertion['label']})"),
            preferences=preferences,
            condition=condition,
            trust=signature.trust,
            setter=signature.setter,
            license_ref=license_ref,
            issued_at=signature.issued_at,
            expires_at=signature.expires_at,
            evidence_sha256=evidence,
            notes=(*signature.notes, *notes),
        )
    if not said:
        yield Statement(
            carrier="c2pa",
            source=printable(f"{name} (no training-mining assertion)"),
            condition=signature.condition,
            trust=signature.trust,
            setter=signature.setter,
            issued_at=signature.issued_at,
            expires_at=signature.expires_at,
            evidence_sha256=evidence,
            notes=signature.notes,
        )
    for other in sorted(manifests):
        if other != label:
            yield from _ingredient(name, manifests[other], evidence)


def _ingredient(name: str, manifest: dict[str, Any], evidence: str) -> Iterator[Statement]:
    """Earlier credentials inside the active ones: what they refuse stands, what they grant not."""
    for assertion in manifest.get("assertions") or []:
        if not is_training_mining(assertion.get("label")):
            continue
        preferences, license_ref, sound, notes = read_entries(assertion.get("data"))
        restricted: dict[Purpose, Preference] = {
            p: v for p, v in preferences.items() if v is not Preference.ALLOWED
        }
        if restricted or not sound:
            yield Statement(
                carrier="c2pa",
                source=printable(f"{name} (ingredient, {assertion['label']})"),
                preferences=restricted,
                condition=Condition.SOUND if sound else Condition.MALFORMED,
                license_ref=license_ref,
                evidence_sha256=evidence,
                notes=("said by an ingredient of the image", *notes),
            )


def _judge(
    document: dict[str, Any], active: dict[str, Any], label: str, store: bytes
) -> _Signature:
    """Condition and trust of the active manifest, before any entry is looked at."""
    state = document.get("validation_state")
    results = (document.get("validation_results") or {}).get("activeManifest") or {}
    passed = {str(item.get("code")) for item in results.get("success") or []}
    failed = {str(item.get("code")) for item in results.get("failure") or []}
    sound = state in ("Valid", "Trusted") or (
        bool(failed) and failed <= _NOT_TAMPERING and "claimSignature.validated" in passed
    )
    info = active.get("signature_info") or {}
    if not sound:
        codes = ", ".join(sorted(failed - _NOT_TAMPERING)) or f"state {state}"
        return _Signature(
            Condition.TAMPERED, Trust(), "", None, None, (printable(f"not valid: {codes}"),)
        )
    notes: list[str] = []
    issued_at = _timestamp(info) if "timeStamp.validated" in passed else None
    setter, expires_at = name_subject(printable(_name_of(info))), None
    try:
        certificate = _certificate_of(store, label, info)
    except CoseError as error:
        notes.append(printable(f"the signing certificate cannot be named: {error}"))
    else:
        setter = certificate.fingerprint(hashes.SHA256()).hex()
        notes.append(printable(f"signed by {_name_of(info)}"))
        if issued_at is None:
            expires_at = int(certificate.not_valid_after_utc.timestamp())
    if issued_at is None:
        notes.append("signed without a time stamp: it ends with its certificate")
    bound = bool(passed & _BINDINGS)
    return _Signature(
        condition=Condition.SOUND,
        trust=Trust(integrity=True, signer=state == "Trusted", bound=bound),
        setter=setter,
        issued_at=issued_at,
        expires_at=expires_at,
        notes=tuple(notes),
    )


def _certificate_of(store: bytes, label: str, info: dict[str, Any]) -> x509.Certificate:
    certificate = signing_certificate(store, label)
    if str(certificate.serial_number) != str(info.get("cert_serial_number")):
        raise CoseError("the certificate is not the one that was validated")
    return certificate


def _timestamp(info: dict[str, Any]) -> int | None:
    try:
        moment = datetime.fromisoformat(str(info.get("time")))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _name_of(info: dict[str, Any]) -> str:
    names = [str(info[key]) for key in ("common_name", "issuer") if info.get(key)]
    return " / ".join(dict.fromkeys(names))


def _may_hold_credentials(data: bytes, media_type: str) -> bool:
    """Whether the SDK has to be asked: it takes 1 ms where there is nothing, a scan far less."""
    if any(marker in data for marker in _MARKERS):
        return True
    # A PDF may keep its streams compressed, the store and the word for it among them.
    return media_type == "application/pdf" or (media_type == "image/png" and b"caBX" in data)


def _remains(name: str, data: bytes, note: str) -> list[Statement]:
    """Credentials that the SDK does not find are malformed; a mere word in the bytes is nothing."""
    found = any(_STORE.search(part) for part in _parts(data))
    return [_unread(name, data, Condition.MALFORMED, note)] if found else []


def _unread(name: str, data: bytes, condition: Condition, note: str) -> Statement:
    refused: dict[Purpose, Preference] = {}
    for part in _parts(data):
        refused.update(_raw_refusals(part))
    return Statement(
        carrier="c2pa",
        source=printable(name),
        preferences=refused,
        condition=condition,
        evidence_sha256=digest_bytes(data),
        notes=(printable(note),),
    )


def _parts(data: bytes) -> Iterator[bytes]:
    """The bytes themselves, then what an SVG holds as base64 text."""
    yield data
    if sniff_media_type(data) == "image/svg+xml":
        for found in list(_SVG_STORE.finditer(data))[:_MAX_SVG_STORES]:
            text = b"".join(found[1].split())
            yield base64.b64decode(text[: len(text) // 4 * 4])


def _raw_refusals(data: bytes) -> dict[Purpose, Preference]:
    """Entries that say ``notAllowed`` in the bytes of a store that cannot be read."""
    refused: dict[Purpose, Preference] = {}
    found = list(_RAW_KEY.finditer(data))
    for index, match in enumerate(found):
        end = match.end() + _RAW_WINDOW
        if index + 1 < len(found):
            end = min(end, found[index + 1].start())
        if b"notAllowed" in data[match.end() : end]:
            refused[ENTRY_PURPOSES[match[1].decode()]] = Preference.NOT_ALLOWED
    return refused

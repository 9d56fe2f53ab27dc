"""The owners' write side: sign an image with a consent that Kiyome can prove.

A rights holder who signs the images puts the fingerprint of the signing certificate into a
contract (``signer`` in the policy); from then on every image signed with it is covered.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from models.errors import KiyomeError

TRAINING_MINING_LABEL = "cawg.training-mining"
ENTRY_KEYS = ("data_mining", "ai_inference", "ai_training", "ai_generative_training")
USES = ("allowed", "notAllowed", "constrained")

_AUTHORITY_OUTLIVES_BY = dt.timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class CertificateChain:
    """A signing certificate with the authority that issued it.

    Attributes:
        chain_pem: the signing certificate followed by the authority's, PEM.
        key_pem: the private key of the signing certificate, PKCS 8 PEM, not encrypted: keep it
            off the dataset and out of version control.
        anchor_pem: the authority's certificate alone, for ``c2pa_trust_anchors``.
        fingerprint: SHA-256 of the signing certificate (DER), hex: a contract's ``signer``.
    """

    chain_pem: bytes
    key_pem: bytes
    anchor_pem: bytes
    fingerprint: str


def make_certificate_chain(
    common_name: str,
    *,
    organization: str = "",
    valid_from: dt.datetime | None = None,
    days: int = 3650,
) -> CertificateChain:
    """Make an authority and a signing certificate (ECDSA P-256) that the C2PA profile accepts.

    Args:
        common_name: the rights holder, as readers of the credentials will see them.
        organization: the holder's organisation; the common name where empty.
        valid_from: first moment of validity; an hour ago where not given, for clocks that differ.
        days: how long the signing certificate is valid. Signatures made here carry no time stamp
            from an authority, so they end with the certificate.

    Raises:
        KiyomeError: the name is empty or longer than a certificate can hold, or ``days`` is not
            positive.
    """
    organization = organization or common_name
    if not common_name.strip() or max(len(common_name), len(organization)) > 64:
        raise KiyomeError(
            "A certificate needs a holder's name of 1 to 64 characters.", "Shorten the name."
        )
    if days < 1:
        raise KiyomeError("A certificate has to be valid for a day at least.", "Give more days.")
    start = valid_from or dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    end = start + dt.timedelta(days=days)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _distinguished_name(f"{common_name[:54]} authority", organization)
    authority = (
        _certificate(authority_name, authority_name, authority_key.public_key())
        .not_valid_before(start)
        .not_valid_after(end + _AUTHORITY_OUTLIVES_BY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _certificate(
            _distinguished_name(common_name, organization), authority_name, key.public_key()
        )
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    anchor_pem = authority.public_bytes(pem)
    return CertificateChain(
        chain_pem=certificate.public_bytes(pem) + anchor_pem,
        key_pem=key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        anchor_pem=anchor_pem,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def certificate_fingerprint(certificate_chain_pem: bytes) -> str:
    """SHA-256, in hex, of the first certificate of a PEM chain: a contract's ``signer``.

    Raises:
        KiyomeError: there is no certificate in it.
    """
    try:
        certificate = x509.load_pem_x509_certificates(certificate_chain_pem)[0]
    except ValueError as error:
        raise KiyomeError(
            f"The certificate chain cannot be read: {error}.", "Give it as PEM, signer first."
        ) from error
    return certificate.fingerprint(hashes.SHA256()).hex()


def sign_image(
    data: bytes,
    mime: str,
    entries: Mapping[str, str],
    certificate_chain_pem: bytes,
    key_pem: bytes,
) -> bytes:
    """Embed content credentials that say what the image may be used for.

    Writes a C2PA manifest with one CAWG training and data mining assertion (1.1). An image that
    has credentials already keeps them as an ingredient.

    Args:
        data: the image file. PNG, JPEG, WebP, GIF and TIFF can be signed.
        mime: its media type, such as ``image/png``.
        entries: a use (``allowed``, ``notAllowed``, ``constrained``) for any of ``data_mining``,
            ``ai_inference``, ``ai_training`` (non-generative training only) and
            ``ai_generative_training``; the prefix ``cawg.`` may be written or left out.
        certificate_chain_pem: signing certificate first; ECDSA P-256.
        key_pem: private key of the signing certificate.

    Returns:
        The signed file. Signatures differ from call to call.

    Raises:
        KiyomeError: an entry is not one of those above, or the image cannot be signed.
    """
    definition = {
        "claim_generator_info": [{"name": "Kiyome"}],
        "assertions": [{"label": TRAINING_MINING_LABEL, "data": _training_mining_data(entries)}],
    }
    return _embed(data, mime, definition, certificate_chain_pem, key_pem)


def _training_mining_data(entries: Mapping[str, str]) -> dict[str, Any]:
    uses: dict[str, dict[str, str]] = {}
    for key, use in entries.items():
        name = key.removeprefix("cawg.")
        if name not in ENTRY_KEYS:
            raise KiyomeError(f"There is no use called {key!r}.", f"Use {', '.join(ENTRY_KEYS)}.")
        if use not in USES:
            raise KiyomeError(
                f"{key} cannot be {use!r}.", f"Write one of {', '.join(USES)}, spelled like this."
            )
        uses[f"cawg.{name}"] = {"use": use}
    if not uses:
        raise KiyomeError("There is no entry to sign.", f"Give one of {', '.join(ENTRY_KEYS)}.")
    return {"entries": uses}


def _embed(
    data: bytes, mime: str, definition: dict[str, Any], chain_pem: bytes, key_pem: bytes
) -> bytes:
    import c2pa  # a native library: who only reads policies does not wait for it

    settings = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    signed = io.BytesIO()
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(definition, context=context) as builder,
            c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", chain_pem, key_pem, None)) as signer,
        ):
            if _has_credentials(data, mime, context):
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            else:
                builder.set_intent(
                    c2pa.C2paBuilderIntent.CREATE,
                    c2pa.C2paDigitalSourceType.DIGITAL_CREATION,
                )
            builder.sign(signer, mime, io.BytesIO(data), signed)
    except c2pa.C2paError as error:
        raise KiyomeError(
            f"The image cannot be signed: {error}.",
            "Give a whole PNG, JPEG, WebP, GIF or TIFF file with its own media type, and the "
            "certificate and key that belong together.",
        ) from error
    return signed.getvalue()


def _has_credentials(data: bytes, mime: str, context: Any) -> bool:
    import c2pa

    try:
        with c2pa.Reader(mime, io.BytesIO(data), context=context):
            return True
    except c2pa.C2paError.ManifestNotFound:
        return False


def _distinguished_name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )

"""From a signed statement's file to statements: what is said, and what is proven of it.

A statement that is sound proves its signer (L2) and that it is unchanged (L1), and L4 where it
names the bytes in hand. Whether the signer controls the asset (L3) only a chain can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from models.canonical import canonical_json, digest_bytes
from models.consent.eip7517 import parse_token_json
from models.consent.ipfs.cid import RAW, SHA2_256, CidError, parse_cid
from models.consent.purposes import Preference, Purpose
from models.consent.reading_json import printable
from models.consent.signed.consent_statement import ZERO_ADDRESS, ConsentStatement
from models.consent.signed.erc1271 import CheckContractSignature
from models.consent.signed.parsing import (
    DocumentError,
    SignedDocument,
    UnknownVersionError,
    is_safely_parsed,
    parse_document,
)
from models.consent.signed.recovery import recover_address
from models.consent.signed.verification import Proof, Recover, verify_document
from models.consent.statements import Condition, Statement, Trust
from models.consent.subjects import Subject, SubjectKind

CARRIER = "signed"

_SHA256 = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)
_YEAR_10000 = 253_402_300_800  # what lies beyond is not a time in seconds
_MAX_SEQUENCE = 2**53 - 1


def read_signed_document(
    data: bytes,
    source: str,
    asset_id: str,
    recover: Recover = recover_address,
    check_contract_signature: CheckContractSignature | None = None,
    matches: Callable[[str], bool] | None = None,
) -> list[Statement]:
    """What a signed statement says about one asset, and what is proven of it.

    Bytes that are not a sound statement are one too, with its condition, a note and the refusals
    that are found in them. Nothing is raised for any ``data``.

    Args:
        data: the file.
        source: its name, for a reader.
        asset_id: SHA-256 of the image in hand; "" where there is none yet.
        recover: finds the address behind a signature.
        check_contract_signature: asks a contract wallet; None where no chain is read.
        matches: whether an ``assetCid`` names the image in hand. Where not given, ``sha256:`` and
            the CID of one raw block are compared with ``asset_id``.
    """
    try:
        document = parse_document(data)
    except UnknownVersionError as error:
        return [_unsound(data, source, Proof(Condition.UNDETERMINED, error.problem))]
    except DocumentError as error:
        return [_unsound(data, source, Proof(Condition.MALFORMED, error.problem))]
    proof = verify_document(document, recover, check_contract_signature)
    if proof.condition is not Condition.SOUND:
        return [_unsound(data, source, proof)]
    named = document.statement.asset_cid
    bound = bool(named) and (matches(named) if matches else names_asset(named, asset_id))
    binding = _describe_binding(named, bound, has_image=bool(asset_id or matches))
    return [_proven(data, source, document, (proof.note, binding), bound)]


def names_asset(asset_cid: str, asset_id: str) -> bool:
    """Whether ``sha256:`` with hex digits, or the CID of one raw block, names these bytes."""
    return _digest_in(asset_cid) == asset_id != ""


def _digest_in(asset_cid: str) -> str | None:
    """The SHA-256 of the whole file, where the reference holds it.

    A CID of a file tree hashes the tree's nodes: it is never compared with a file's own hash.
    """
    if match := _SHA256.fullmatch(asset_cid):
        return match[1].lower()
    try:
        cid = parse_cid(asset_cid)
    except CidError:
        return None
    return cid.digest.hex() if (cid.codec, cid.hash_code) == (RAW, SHA2_256) else None


def subjects_of(document: SignedDocument) -> tuple[Subject, ...]:
    """What a signed statement speaks of: the bytes it names.

    A CID that is not of one raw block is given as it stands.
    """
    named = document.statement.asset_cid
    if not named:
        return ()
    digest = _digest_in(named)
    return (Subject(SubjectKind.SHA256, digest) if digest else Subject(SubjectKind.CID, named),)


def _proven(
    data: bytes, source: str, document: SignedDocument, proven: tuple[str, ...], bound: bool
) -> Statement:
    """The statement of a proven signer. Only the preference that the hash covers is read."""
    signed = document.statement
    said = parse_token_json(
        canonical_json({"dataMiningPreference": document.preference}), source
    ) or Statement(carrier=CARRIER, source=source, condition=Condition.MALFORMED)
    issued_at, expires_at, broken = _times(signed)
    condition = Condition.MALFORMED if broken else said.condition
    notes = [*proven, _describe_token(document), *broken]
    if document.has_license and not signed.license_cid:
        notes.append("the licence beside the statement is not signed and does not count")
    if not said.preferences:
        notes.append("it says nothing about any use")
    return Statement(
        carrier=CARRIER,
        source=printable(source),
        preferences=said.preferences if condition is Condition.SOUND else _restrictions(said),
        condition=condition,
        trust=Trust(integrity=True, signer=True, bound=bound),
        setter=document.signer,
        attribution=said.attribution,
        license_ref=signed.license_cid,
        issued_at=issued_at,
        expires_at=expires_at,
        sequence=min(signed.nonce, _MAX_SEQUENCE),
        anchor=f"eip155:{document.chain_id}",
        evidence_sha256=digest_bytes(data),
        notes=tuple(dict.fromkeys(printable(n) for n in (*notes, *said.notes) if n))[:16],
    )


def _unsound(data: bytes, source: str, proof: Proof) -> Statement:
    """What is left of a statement that nobody is proven to have made: its restrictions."""
    # What may not be parsed is read as loose text: no JSON begins with a question mark.
    said = parse_token_json(data if is_safely_parsed(data) else b"?" + data, source)
    notes = [proof.note, *(said.notes if said else ())]
    return Statement(
        carrier=CARRIER,
        source=printable(source),
        preferences=_restrictions(said) if said else {},
        condition=proof.condition,
        evidence_sha256=digest_bytes(data),
        notes=tuple(dict.fromkeys(printable(note) for note in notes))[:16],
    )


def _restrictions(statement: Statement) -> dict[Purpose, Preference]:
    return {p: v for p, v in statement.preferences.items() if v is not Preference.ALLOWED}


def _times(signed: ConsentStatement) -> tuple[int | None, int | None, list[str]]:
    """Issue and end in UTC seconds, and what is wrong with them."""
    broken: list[str] = []
    issued_at: int | None = signed.issued_at
    expires_at: int | None = signed.expires_at
    if not 0 < signed.issued_at < _YEAR_10000:
        broken.append("issuedAt is not a time in seconds since 1970")
        issued_at = None
    if signed.expires_at == 0 or signed.expires_at >= _YEAR_10000:
        expires_at = None
    elif signed.expires_at <= signed.issued_at:
        broken.append("the statement ends before it begins")
        expires_at = None
    return issued_at, expires_at, broken


def _describe_token(document: SignedDocument) -> str:
    signed = document.statement
    if signed.contract_address == ZERO_ADDRESS:
        return "it names no token"
    return (
        f"it speaks for token {signed.token_id} of {signed.contract_address} "
        f"on chain {document.chain_id}"
    )


def _describe_binding(asset_cid: str, bound: bool, *, has_image: bool) -> str:
    if bound:
        return "assetCid matches the image's bytes"
    if not asset_cid:
        return "it names no file: nothing shows of which bytes it speaks"
    shown = printable(asset_cid, 80)
    return (
        f"assetCid is not shown to name these bytes: {shown}" if has_image else f"it names {shown}"
    )

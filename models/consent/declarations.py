"""Declarations in files of their own: signed statements, and TDM·AI declarations by ISCC.

They name their image themselves and so hold wherever it turns up.
"""

from __future__ import annotations

from models.canonical import digest_bytes
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.ipfs.cid import CidError, parse_cid
from models.consent.iscc.tdmai import read_tdmai
from models.consent.reading_json import printable
from models.consent.signed.document import read_signed_document, subjects_of
from models.consent.signed.parsing import DocumentError, is_signed_document, parse_document
from models.consent.subjects import Subject, SubjectKind
from models.errors import KiyomeError


def observe_declaration(data: bytes, name: str, observed_at: int) -> Observation:
    """Read one declaration.

    Args:
        data: the file.
        name: its name, for a reader.
        observed_at: when it was taken in, UTC seconds.

    Raises:
        KiyomeError: it names no image by which it could be found, so that taking it in would be
            of no use.
    """
    source = f"declaration:{digest_bytes(data)}"
    said, note = (
        _from_signed(data, name)
        if is_signed_document(data)
        else _from_tdmai(data, name, observed_at)
    )
    if not said:
        raise KiyomeError(
            f"{name} names no image that could be looked for. {note}".strip(),
            "A signed statement names one by assetCid, a TDM·AI declaration by its ISCC.",
        )
    return Observation(
        source=source,
        carrier=said[0].statement.carrier,
        outcome=Outcome.READ,
        observed_at=observed_at,
        said=said,
        body=data,
        note=printable(f"{name}. {note}".strip(), 500),
    )


def _from_signed(data: bytes, name: str) -> tuple[tuple[Said, ...], str]:
    try:
        subjects = [_canonical(subject) for subject in subjects_of(parse_document(data))]
    except DocumentError as error:
        raise KiyomeError(f"{name} cannot be used: {error}", "Sign it anew.") from error
    # Whether it speaks of an image is found when one of that name turns up, not here.
    statements = read_signed_document(data, name, "")
    return tuple(Said(subject, each) for subject in subjects for each in statements), ""


def _canonical(subject: Subject) -> Subject:
    if subject.kind is not SubjectKind.CID:
        return subject
    try:
        return Subject(SubjectKind.CID, parse_cid(subject.value).canonical)
    except CidError as error:
        raise KiyomeError(
            f"The statement names the asset {subject.value[:80]!r}, which is no CID.",
            "Sign it anew; `kiyome consent identify FILE` prints the CIDs of an image.",
        ) from error


def _from_tdmai(data: bytes, name: str, observed_at: int) -> tuple[tuple[Said, ...], str]:
    reading = read_tdmai(data, name, observed_at)
    return tuple(reading.said), " ".join(reading.problems)

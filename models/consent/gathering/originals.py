"""Remembering what files say by themselves, so that stripped copies of the picture inherit it.

Only what restricts is remembered. A picture is recognised again by its perceptual hashes; equal
bytes need no memory, because they carry the statement themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import canonical_json
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.wanted import Original
from models.consent.purposes import Preference
from models.consent.statements import Statement, Trust
from models.consent.subjects import Subject, SubjectKind
from models.consent.testimony import original_source
from models.motifs.fingerprints import DECODED_SIDE, hash_orientations


def observe_originals(
    originals: Iterable[Original],
    view: EvidenceView,
    *,
    max_bytes: int,
    max_pixels: int,
    as_of: int,
) -> Iterator[Observation]:
    """An observation of each original that is new or says something else than before.

    A picture that cannot be decoded has no likeness and is left out: nothing could be compared
    with it, and its own verdict says why.

    Args:
        originals: files that refuse by themselves.
        view: what is known already.
        max_bytes, max_pixels: larger files and pictures are not looked at.
        as_of: the moment of the observation, UTC seconds.

    Raises:
        StoreError: the database cannot be reached.
    """
    for original in originals:
        said = _without_grants(original.statements)
        source = original_source(original.asset.asset_id)
        if _texts(heard.statement for heard in view.from_source(source)) == _texts(said):
            continue
        subjects = _recognise(original, max_bytes, max_pixels)
        if subjects:
            yield Observation(
                source=source,
                carrier="original",
                outcome=Outcome.READ,
                observed_at=as_of,
                said=tuple(Said(subject, each) for subject in subjects for each in said),
                note=f"what {original.asset.name} says by itself",
            )


def _without_grants(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements as they hold for a copy: nothing is allowed, and nothing is proven."""
    return tuple(
        replace(
            statement,
            preferences={
                p: v for p, v in statement.preferences.items() if v is not Preference.ALLOWED
            },
            trust=Trust(integrity=statement.trust.integrity, signer=statement.trust.signer),
        )
        for statement in statements
    )


def _texts(statements: Iterable[Statement]) -> set[bytes]:
    return {canonical_json(statement.as_dict()) for statement in statements}


def _recognise(original: Original, max_bytes: int, max_pixels: int) -> tuple[Subject, ...]:
    """What a picture looks like, also turned and mirrored; nothing where that says little."""
    try:
        data = read_location(original.asset.locations[0], max_bytes)
        image = decode_image(data, max_pixels=max_pixels, fit=DECODED_SIDE)
    except FaultError:
        return ()
    looks = [look for look in hash_orientations(image.pixels) if look.speaks]
    return tuple(dict.fromkeys(Subject(SubjectKind.LOOK, look.bits.hex()) for look in looks))

"""Remembering what files say by themselves, so that stripped copies of the picture inherit it.

Only what restricts is remembered. A picture is recognised again by its bytes (what stood beside the
file may be missing beside a copy) and by its perceptual hashes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import canonical_json
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.wanted import Original, Wanted
from models.consent.reading_json import printable
from models.consent.statements import Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.testimony import ORIGINALS, as_remembered, original_source, thin_out
from models.motifs.fingerprints import DECODED_SIDE, Pixels, hash_orientations


def observe_originals(
    wanted: Wanted,
    view: EvidenceView,
    *,
    max_bytes: int,
    max_pixels: int,
    as_of: int,
) -> Iterator[Observation]:
    """An observation of each original that is new or says something else than before.

    A picture that cannot be decoded is remembered by its bytes alone, and looked at again the next
    time: the limits may be others then, or the disk sound. What was remembered of a file that
    refuses nothing any more is ended; that of a file that is gone, or cannot be read properly,
    stays.

    Args:
        wanted: the files that refuse by themselves, and those that do not.
        view: what is known already.
        max_bytes, max_pixels: larger files and pictures are not looked at.
        as_of: the moment of the observation, UTC seconds.

    Raises:
        StoreError: the database cannot be reached.
    """
    states = {state.source: state for state in view.sources(ORIGINALS)}
    for asset_id in sorted(wanted.originals):
        original = wanted.originals[asset_id]
        own = _texts(map(as_remembered, original.statements))
        said = thin_out(map(as_remembered, (*original.statements, *original.heard)))
        source = original_source(asset_id, wanted.dataset)
        known = view.from_source(source)
        is_known = _texts(heard.statement for heard in known) == _texts(said)
        if is_known and states[source].valid_until is None:
            continue
        subjects, is_whole = _recognise(original, max_bytes, max_pixels)
        if is_known and not is_whole:
            continue
        # What was said elsewhere of these very bytes is heard by them anyway.
        remembered = tuple(
            Said(subject, each)
            for subject in subjects
            for each in said
            if subject.kind is SubjectKind.LOOK or _texts([each]) <= own
        )
        if not (remembered or source in states):
            continue
        yield Observation(
            source=source,
            carrier="original",
            outcome=Outcome.READ,
            observed_at=as_of,
            said=remembered,
            valid_until=None if is_whole else as_of,
            note=printable(f"what {original.asset.name} says by itself"),
        )
    lasting = {s.source for s in states.values() if s.outcome is not Outcome.ABSENT}
    for source in sorted(lasting):
        asset_id, _, dataset = source.removeprefix(ORIGINALS).partition("/")
        if dataset == wanted.dataset and asset_id in wanted.silent:
            yield Observation(
                source=source,
                carrier="original",
                outcome=Outcome.ABSENT,
                observed_at=as_of,
                note="the file does not refuse anything any more",
            )


def _texts(statements: Iterable[Statement]) -> set[bytes]:
    return {canonical_json(statement.as_dict()) for statement in statements}


def _recognise(
    original: Original, max_bytes: int, max_pixels: int
) -> tuple[tuple[Subject, ...], bool]:
    """Its bytes, and what it looks like, also turned and mirrored, where that says something.

    And whether it could be looked at.
    """
    own = Subject(SubjectKind.SHA256, original.asset.asset_id)
    try:
        data = read_location(original.asset.locations[0], max_bytes)
        image = decode_image(data, max_pixels=max_pixels, fit=DECODED_SIDE)
    except FaultError:
        return (own,), False
    pictures = [image.pixels, *(_without_transparency(data) if image.has_alpha else ())]
    looks = [look for each in pictures for look in hash_orientations(each) if look.speaks]
    alike = dict.fromkeys(Subject(SubjectKind.LOOK, look.bits.hex()) for look in looks)
    return (own, *alike), True


def _without_transparency(data: bytes) -> Iterator[Pixels]:
    """The picture as programs save it that drop its transparency, or lay it on black.

    ``decode_image`` has read the file, so that it is a picture and not too large.
    """
    with Image.open(io.BytesIO(data)) as file:
        picture = file.convert("RGBA")
    yield np.asarray(picture.convert("RGB"))
    black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
    yield np.asarray(Image.alpha_composite(black, picture).convert("RGB"))

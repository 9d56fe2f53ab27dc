"""Looking at one asset as things stand now: what was said about it, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.assets.asset import Asset, Fault, Location
from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import digest_bytes
from models.consent.evidence.view import view_evidence
from models.consent.likeness_stage import measure_likeness
from models.consent.resolution import ConsentDecision, resolve
from models.consent.stage import ConsentStage
from models.consent.statements import Statement
from models.consent.subjects import Subject
from models.consent.terms import ConsentPolicy
from models.consent.testimony import Testimony, Traits
from models.judging import gather
from models.motifs.fingerprints import DECODED_SIDE, hash_pixels
from models.store.database import Database

_MIN_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about one asset.

    Attributes:
        asset: the asset.
        statements: what it and others say; None where its own bytes could not be read.
        faults: why not.
        subjects: by what others may speak of it.
        decision: what follows; None where its bytes could not be read.
    """

    asset: Asset
    statements: tuple[Statement, ...] | None
    faults: tuple[Fault, ...]
    subjects: tuple[Subject, ...]
    decision: ConsentDecision | None


def look_at(
    asset: Asset,
    stage: ConsentStage,
    testimony: Testimony,
    policy: ConsentPolicy,
    *,
    max_pixels: int,
    as_of: int,
) -> Look:
    """Read everything about one asset anew, and decide.

    Args:
        asset: the asset.
        stage: reads what stands in and beside the file.
        testimony: what was said elsewhere.
        policy: the terms of consent.
        max_pixels: larger pictures are not decoded, and so not compared with others.
        as_of: the moment of the decision, UTC seconds.
    """
    table = stage.examine([asset], lambda _: None)
    observed = gather([asset], {"consent": table})[asset.asset_id]
    traits = observed.traits or Traits(())
    if observed.statements is None:
        return Look(asset, None, observed.faults, traits.subjects, None)
    seen = _look_closely(traits, asset, testimony, stage.max_bytes, max_pixels)
    heard = testimony.hear({asset.asset_id: seen}).get(asset.asset_id, ())
    statements = testimony.complete((*observed.statements, *heard))
    decision = resolve(asset, statements, policy, as_of)
    return Look(asset, decision.statements, observed.faults, traits.subjects, decision)


def _look_closely(
    traits: Traits, asset: Asset, testimony: Testimony, max_bytes: int, max_pixels: int
) -> Traits:
    """The traits with what the picture looks like, where it can be decoded."""
    try:
        data = read_location(asset.locations[0], max_bytes)
        look = hash_pixels(decode_image(data, max_pixels=max_pixels, fit=DECODED_SIDE).pixels)
        likeness = (
            measure_likeness(asset, max_bytes, max_pixels) if testimony.needs_likeness else None
        )
    except FaultError:
        return traits
    return Traits(traits.subjects, look.bits, look.quality, likeness)


def take_testimony(database: Database, policy: ConsentPolicy) -> Testimony:
    """Everything that was said elsewhere, up to now, as the policy lets it count."""
    return Testimony(view_evidence(database), policy)


def find_assets(assets: Sequence[Asset], wanted: str) -> list[Asset]:
    """The assets that a person may mean: by id, the beginning of it, or the name of a place."""
    text = wanted.lower()
    by_id = [a for a in assets if len(text) >= _MIN_PREFIX and a.asset_id.startswith(text)]
    return by_id or [a for a in assets if any(wanted == place.name for place in a.locations)]


def asset_of_file(path: Path) -> Asset:
    """A single file as an asset, with the JSON files that stand beside it.

    Raises:
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    beside = [path.with_name(path.name + ".json"), path.with_suffix(".json")]
    sidecars = tuple(_place(each) for each in dict.fromkeys(beside) if each.is_file())
    return Asset(digest_bytes(data), (_place(path),), sidecars=sidecars)


def _place(path: Path) -> Location:
    data = path.read_bytes()
    return Location(path.name, str(path.absolute()), len(data), digest=digest_bytes(data))

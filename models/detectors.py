"""The detectors of a run: every stage, loaded once, as the settings, policy and registers ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from models.consent.likeness_stage import LikenessStage
from models.consent.stage import ConsentStage
from models.errors import PolicyError
from models.motifs.calibrations import choose_calibration
from models.motifs.encoder import Encoder
from models.motifs.encoders import load_encoder
from models.motifs.features_stage import FeaturesStage
from models.motifs.index import ReferenceIndex
from models.motifs.motifs_stage import MotifsStage
from models.motifs.register import load_references
from models.nouns.knowledge import load_knowledge
from models.nouns.lettering.reader import LetteringReader
from models.nouns.register.storage import register_number
from models.nouns.stage import NounsStage
from models.policy import Policy
from models.settings import Settings
from models.store.database import Database


@dataclass(frozen=True)
class Detectors:
    """Every stage of a run.

    Attributes:
        register_number: of the register of names that ``nouns`` was loaded with.
    """

    consent: ConsentStage
    likeness: LikenessStage
    nouns: NounsStage
    features: FeaturesStage
    encoder: Encoder
    index: ReferenceIndex
    register_number: int = 0

    def motifs(self, features: pa.Table) -> MotifsStage:
        """The stage that matches the features of one shard against the registered motifs."""
        return MotifsStage(self.index, features)


def load_detectors(
    settings: Settings, policy: Policy, policy_folder: Path, database: Database
) -> Detectors:
    """Load every detector.

    Args:
        policy_folder: against which the policy's relative file names are resolved.

    Raises:
        EncoderError, RegisterError, PolicyError, LetteringError: one of them cannot be loaded.
        StoreError: a database cannot be reached.
    """
    encoder = load_encoder(settings.encoder, settings.encoder_backend)
    with database.snapshot() as session:
        knowledge = load_knowledge(session, settings)
        number = register_number(session)
        references = load_references(session, settings.workspace)
    return Detectors(
        consent=ConsentStage(settings.max_bytes, read_trust_anchors(policy, policy_folder)),
        likeness=LikenessStage(settings.max_bytes, settings.max_pixels, settings.workers),
        nouns=NounsStage(
            knowledge,
            settings.workspace / "indexes",
            settings.max_bytes,
            LetteringReader(settings.max_pixels, settings.workers)
            if settings.read_lettering
            else None,
        ),
        features=FeaturesStage(encoder, settings.max_bytes, settings.max_pixels, settings.workers),
        encoder=encoder,
        index=ReferenceIndex.build(
            references,
            encoder,
            choose_calibration(encoder, settings.motif_calibration),
            settings.max_pixels,
            cache=settings.workspace / "indexes",
            workers=settings.workers,
            database=settings.motif_index_database,
        ),
        register_number=number,
    )


def read_trust_anchors(policy: Policy, policy_folder: Path) -> str:
    """The certificates that the policy trusts to sign content credentials, as one PEM text.

    Raises:
        PolicyError: a file that the policy names cannot be read.
    """
    texts = []
    for name in policy.consent.c2pa_trust_anchors:
        try:
            texts.append((policy_folder / name).read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(
                f"The trust anchor {name!r} of the policy cannot be read: {error}.",
                "Put the PEM file beside the policy, or take it out of consent.c2pa_trust_anchors.",
            ) from error
    return "\n".join(texts)

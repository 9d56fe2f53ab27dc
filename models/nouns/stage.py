"""The nouns stage: names in the captions, the file names and the other texts of assets."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.assets.texts import MAX_TEXT_BYTES
from models.canonical import canonical_json, digest_of
from models.findings import Finding
from models.nouns.embedded import EMBEDDED_VERSION, Embedded, read_embedded, read_sidecar
from models.nouns.forms import Form
from models.nouns.knowledge import NounKnowledge
from models.nouns.pipeline import NamesPipeline, build_pipeline
from models.nouns.recognition import NounText, Sighting, Source, prepare
from models.nouns.spacy_import import spacy
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, describe_failure
from models.unicode import replace_surrogates

STAGE_VERSION = "nouns/2"

_TOGETHER = 200
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text of an asset, and where a reviewer finds it.

    Attributes:
        noun: the text.
        caption: index of the caption, or -1.
        place: what a person calls the place, for a text that is no caption.
    """

    noun: NounText
    caption: int = -1
    place: str = ""


class NounsStage:
    """Looks for names in every text of an asset.

    Safe to use from several threads: each gets a pipeline of its own, and they share what is
    compiled. It can be pickled; the pipelines are then built anew where it is used.

    Args:
        knowledge: the protected names, the vocabulary and the models.
        cache: folder that keeps what is compiled between processes.
        max_bytes: larger files are a fault; None reads no file, only what the scan has noted.
    """

    name = "nouns"
    schema = pa.schema([*BASE_FIELDS, pa.field("findings", pa.list_(pa.string()), nullable=False)])

    def __init__(
        self, knowledge: NounKnowledge, cache: Path | None = None, max_bytes: int | None = None
    ) -> None:
        self.knowledge = knowledge
        self.cache = cache
        self.max_bytes = max_bytes
        self._local = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "knowledge": self.knowledge,
            "cache": self.cache,
            "max_bytes": self.max_bytes,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @property
    def fingerprint(self) -> str:
        """Digest of code, spaCy and every recogniser: all that a row rests on."""
        pipeline = self._pipeline().nlp
        return digest_of(
            {
                "stage": STAGE_VERSION,
                "embedded": EMBEDDED_VERSION,
                "max_bytes": self.max_bytes,
                "spacy": spacy.__version__,
                "recognisers": [_fingerprint_of(component) for _, component in pipeline.pipeline],
            }
        )

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset: its findings as canonical JSON, file names first, then captions."""
        rows: list[dict[str, Any]] = []
        for begin in range(0, len(assets), _TOGETHER):
            together = assets[begin : begin + _TOGETHER]
            try:
                found = self.find(together)
            except Exception:  # noqa: BLE001  (each is tried by itself, and the one that fails has a fault)
                rows += [self._examine_alone(asset) for asset in together]
            else:
                rows += [_row(asset, seen) for asset, seen in zip(together, found, strict=True)]
            progress(len(together))
        return pa.Table.from_pylist(rows, schema=self.schema)

    def find(self, assets: Sequence[Asset]) -> list[list[Finding]]:
        """The findings in every text of each asset.

        Raises:
            FaultError: a file cannot be read.
        """
        placed = [texts_of(asset, self.max_bytes) for asset in assets]
        seen = iter(self._pipeline().find([text.noun for texts in placed for text in texts]))
        return [
            _once_each([describe(found, text) for text in texts for found in next(seen)])
            for texts in placed
        ]

    def find_in(self, texts: Sequence[NounText]) -> list[tuple[Sighting, ...]]:
        """The sightings that stand in texts of any source."""
        return self._pipeline().find(texts)

    def _examine_alone(self, asset: Asset) -> dict[str, Any]:
        try:
            (found,) = self.find([asset])
        except FaultError as error:
            return _row(asset, [], (error.fault.reason.value, error.fault.detail))
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            return _row(asset, [], describe_failure(error))
        return _row(asset, found)

    def _pipeline(self) -> NamesPipeline:
        pipeline: NamesPipeline | None = getattr(self._local, "pipeline", None)
        if pipeline is None:
            nlp = build_pipeline(self.knowledge, self.cache, spans=bool(self.knowledge.components))
            pipeline = self._local.pipeline = NamesPipeline(nlp)
        return pipeline


def texts_of(asset: Asset, max_bytes: int | None = None) -> list[PlacedText]:
    """Every text of an asset: its file names, its captions, and what its files hold besides.

    Args:
        max_bytes: see ``NounsStage``.

    Raises:
        FaultError: a file cannot be read.
    """
    texts: list[PlacedText] = []
    for location in asset.locations:
        stem = replace_surrogates(PurePosixPath(location.name).stem)
        for text in dict.fromkeys((stem, _SEAM.sub(" ", stem))):
            noun = prepare(text, Source.FILE_NAME, Form.ENGLISH)
            texts.append(PlacedText(noun, place=f"the file name {stem!r}"))
    for index, caption in enumerate(asset.captions):
        texts.append(PlacedText(prepare(caption.text), caption=index))
    if max_bytes is not None and asset.fault is None:
        known = {caption.text.strip() for caption in asset.captions}
        texts += [
            PlacedText(prepare(found.text, found.source), place=found.place)
            for found in _read_files(asset, max_bytes)
            if found.text.strip() not in known
        ]
    return texts


def _read_files(asset: Asset, max_bytes: int) -> Iterator[Embedded]:
    yield from read_embedded(read_location(asset.locations[0], max_bytes))
    for sidecar in asset.sidecars:
        yield from read_sidecar(read_location(sidecar, MAX_TEXT_BYTES))


def describe(sighting: Sighting, text: PlacedText) -> Finding:
    """The finding for a sighting. A span is given in captions only."""
    explanation = sighting.explanation
    if text.place:
        explanation = f"{text.place[0].upper()}{text.place[1:]}: {explanation}"
    spanned = text.caption >= 0
    return Finding(
        kind=sighting.certainty.value,
        detector=sighting.detector,
        score=sighting.score,
        explanation=replace_surrogates(explanation),
        reference=sighting.entry_id,
        label=sighting.entry_name,
        category=sighting.category,
        caption=text.caption,
        start=sighting.start if spanned else -1,
        end=sighting.end if spanned else -1,
        surface=replace_surrogates(sighting.surface),
        source=text.noun.source.value,
        term=sighting.term,
    )


def _fingerprint_of(component: object) -> str:
    recogniser = getattr(component, "recogniser", component)
    return str(getattr(recogniser, "fingerprint", type(component).__qualname__))


def _once_each(findings: list[Finding]) -> list[Finding]:
    """Outside captions a name counts once in a place, as surely as it was ever seen there."""
    kept: list[Finding] = []
    places: dict[tuple[str, str, str], int] = {}
    for finding in findings:
        if finding.caption >= 0:
            kept.append(finding)
            continue
        key = (finding.explanation.partition(": ")[0], finding.reference, finding.term)
        before = places.get(key)
        if before is None:
            places[key] = len(kept)
            kept.append(finding)
        elif finding.score > kept[before].score:
            kept[before] = finding
    return kept


def _row(
    asset: Asset, found: Sequence[Finding], fault: tuple[str, str] | None = None
) -> dict[str, Any]:
    code, detail = fault or (None, None)
    if asset.fault and asset.fault.reason is Reason.CAPTION_UNREADABLE:
        code, detail = asset.fault.reason.value, asset.fault.detail
    return {
        "asset_id": asset.asset_id,
        "fault_code": code,
        "fault_detail": replace_surrogates(detail) if detail is not None else None,
        "findings": [canonical_json(finding.as_dict()).decode() for finding in found],
    }

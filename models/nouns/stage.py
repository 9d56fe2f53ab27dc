"""The nouns stage: names in the captions, the file names and the other texts of assets.

Where lettering is read, the picture itself is one of the texts.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.assets.texts import MAX_TEXT_BYTES, is_caption_column
from models.canonical import canonical_json, digest_bytes, digest_of
from models.errors import KiyomeError
from models.findings import Finding
from models.nouns.embedded import EMBEDDED_VERSION, Embedded, read_embedded, read_sidecar
from models.nouns.forms import Form
from models.nouns.knowledge import NounKnowledge
from models.nouns.lettering.lines import Box, Line
from models.nouns.lettering.passages import join_lines
from models.nouns.lettering.reader import Reader
from models.nouns.pipeline import NamesPipeline, build_pipeline
from models.nouns.recognisers.assembling import assemble
from models.nouns.recognition import Certainty, NounText, Sighting, Source, prepare
from models.nouns.spacy_import import spacy
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, describe_failure
from models.unicode import replace_surrogates

STAGE_VERSION = "nouns/4"

_TOGETHER = 200
_TOGETHER_A_READER = 8
HELD_TEXT = pa.struct(
    [
        pa.field("text", pa.binary(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("box", pa.list_(pa.float64())),
        pa.field("confidence", pa.float64(), nullable=False),
    ]
)
"""A text that neither a caption nor a file name holds, as it was read from the asset's files."""
JUDGED = ("asset_id", "fault_code", "fault_detail", "findings")
"""The columns that a verdict looks at; the texts are kept for the next change of the register."""
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text of an asset, and where a reviewer finds it.

    Attributes:
        noun: the text.
        caption: index of the caption, or -1.
        place: what a person calls the place, for a text that is no caption.
        box: where in the picture it is written, for lettering.
        confidence: 0..1, how surely it was read, for lettering.
    """

    noun: NounText
    caption: int = -1
    place: str = ""
    box: Box | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The texts of an asset; with a fault, those that could be had all the same."""

    texts: list[PlacedText]
    fault: tuple[str, str] | None = None

    @property
    def held(self) -> list[dict[str, Any]] | None:
        """What is kept of texts that only the files hold; None where not all could be read."""
        return None if self.fault else [_hold(text) for text in self.texts if _is_held(text)]


class NounsStage:
    """Looks for names in every text of an asset.

    Safe to use from several threads: each gets a pipeline of its own, and they share what is
    compiled. It can be pickled; the pipelines are then built anew where it is used.

    Args:
        knowledge: the protected names, the vocabulary and the models.
        cache: folder that keeps what is compiled between processes.
        max_bytes: larger files are a fault; None reads no file, only what the scan has noted.
        lettering: reads what is written in the pictures, and takes ``max_bytes``; None reads none.
    """

    name = "nouns"
    schema = pa.schema(
        [
            *BASE_FIELDS,
            pa.field("findings", pa.list_(pa.string()), nullable=False),
            pa.field("texts", pa.list_(HELD_TEXT)),
        ]
    )

    def __init__(
        self,
        knowledge: NounKnowledge,
        cache: Path | None = None,
        max_bytes: int | None = None,
        lettering: Reader | None = None,
    ) -> None:
        if lettering is not None and max_bytes is None:
            raise ValueError("lettering cannot be read without reading files: give max_bytes")
        self.knowledge = knowledge
        self.cache = cache
        self.max_bytes = max_bytes
        self.lettering = lettering
        self._kept: Mapping[str, Sequence[PlacedText]] = {}
        self._replaced: Mapping[str, frozenset[str]] = {}
        self._local = threading.local()

    def with_texts(self, kept: Mapping[str, Sequence[PlacedText]]) -> NounsStage:
        """The same stage, which reads no file of the assets whose texts are given.

        Args:
            kept: by asset id what ``read_held`` gave of rows that a stage with the same settings
                has made.
        """
        same = NounsStage(self.knowledge, self.cache, self.max_bytes, self.lettering)
        same._kept = kept
        return same

    def where_edited(self, replaced: Mapping[str, frozenset[str]]) -> NounsStage:
        """The same stage for assets whose captions people have edited.

        A release writes the new text wherever a caption column of a file beside the picture holds
        the original one, so that it is not looked for there. In the picture itself it stays.

        Args:
            replaced: by asset id the original texts, without the spaces at their ends.
        """
        same = NounsStage(self.knowledge, self.cache, self.max_bytes, self.lettering)
        same._replaced = replaced
        return same

    def __getstate__(self) -> dict[str, Any]:
        return {
            "knowledge": self.knowledge,
            "cache": self.cache,
            "max_bytes": self.max_bytes,
            "lettering": self.lettering,
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
                **({"lettering": self.lettering.fingerprint} if self.lettering else {}),
            }
        )

    @property
    def apart_from_register(self) -> str:
        """Digest of all that a row rests on besides the register; "" where that cannot be told."""
        if self.knowledge.components:
            return ""
        return digest_of(
            {
                "stage": STAGE_VERSION,
                "embedded": EMBEDDED_VERSION,
                "max_bytes": self.max_bytes,
                "spacy": spacy.__version__,
                "recognisers": [
                    getattr(recogniser, "apart_from_register", recogniser.fingerprint)
                    for recogniser in assemble(self.knowledge, self.cache)
                ],
                **({"lettering": self.lettering.fingerprint} if self.lettering else {}),
            }
        )

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset: its findings as canonical JSON, file names first, then captions."""
        rows: list[dict[str, Any]] = []
        size = _TOGETHER
        if self.lettering is not None:
            size = _TOGETHER_A_READER * self.lettering.workers
        for begin in range(0, len(assets), size):
            together = assets[begin : begin + size]
            gathered = self._gather_all(together)
            try:
                found = self._search([each.texts for each in gathered])
            except Exception:  # noqa: BLE001  (each is tried by itself, and the one that fails has a fault)
                rows += map(self._examine_alone, together, gathered)
            else:
                rows += [
                    _row(asset, seen, each)
                    for asset, seen, each in zip(together, found, gathered, strict=True)
                ]
            progress(len(together))
        return pa.Table.from_pylist(rows, schema=self.schema)

    def find(self, assets: Sequence[Asset]) -> list[list[Finding]]:
        """The findings in every text of each asset.

        Raises:
            FaultError: a file cannot be read.
        """
        return self._search([texts_of(asset, self.max_bytes, self.lettering) for asset in assets])

    def find_in(self, texts: Sequence[NounText]) -> list[tuple[Sighting, ...]]:
        """The sightings that stand in texts of any source."""
        return self._pipeline().find(texts)

    def _gather_all(self, assets: Sequence[Asset]) -> list[_Gathered]:
        """The texts of each asset; pictures are read by as many threads as there are readers."""
        if self.lettering is None:
            return [self._gather(asset) for asset in assets]
        with ThreadPoolExecutor(self.lettering.workers, thread_name_prefix="lettering") as pool:
            return list(pool.map(self._gather, assets))

    def _gather(self, asset: Asset) -> _Gathered:
        if (kept := self._kept.get(asset.asset_id)) is not None:
            return _Gathered([*texts_of(asset), *kept])
        try:
            replaced = self._replaced.get(asset.asset_id, frozenset())
            return _Gathered(texts_of(asset, self.max_bytes, self.lettering, replaced))
        except FaultError as error:
            fault = (error.fault.reason.value, error.fault.detail)
        except KiyomeError:  # no asset's fault: a reader that cannot be loaded
            raise
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            fault = describe_failure(error)
        return _Gathered(texts_of(asset), fault)

    def _search(self, placed: Sequence[Sequence[PlacedText]]) -> list[list[Finding]]:
        seen = iter(self._pipeline().find([text.noun for texts in placed for text in texts]))
        return [
            _once_each(
                [
                    describe(found, text)
                    for text in texts
                    for found in next(seen)
                    if _may_be_told(found, text)
                ]
            )
            for texts in placed
        ]

    def _examine_alone(self, asset: Asset, gathered: _Gathered) -> dict[str, Any]:
        try:
            (found,) = self._search([gathered.texts])
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            return _row(asset, [], replace(gathered, fault=describe_failure(error)))
        return _row(asset, found, gathered)

    def _pipeline(self) -> NamesPipeline:
        pipeline: NamesPipeline | None = getattr(self._local, "pipeline", None)
        if pipeline is None:
            nlp = build_pipeline(self.knowledge, self.cache, spans=bool(self.knowledge.components))
            pipeline = self._local.pipeline = NamesPipeline(nlp)
        return pipeline


def texts_of(
    asset: Asset,
    max_bytes: int | None = None,
    lettering: Reader | None = None,
    replaced: frozenset[str] = frozenset(),
) -> list[PlacedText]:
    """Every text of an asset: its file names, its captions, and what its files hold besides.

    Args:
        max_bytes, lettering: see ``NounsStage``.
        replaced: see ``NounsStage.where_edited``.

    Raises:
        FaultError: a file cannot be read, or the lettering in the picture.
    """
    texts: list[PlacedText] = []
    for location in asset.locations:
        texts += texts_of_name(location.name)
    for index, caption in enumerate(asset.captions):
        texts.append(PlacedText(prepare(caption.text), caption=index))
    if max_bytes is not None and asset.fault is None:
        known = {caption.text.strip() for caption in asset.captions}
        picture = read_location(asset.locations[0], max_bytes)
        # The row is kept under the digest of the bytes: others must not speak for them.
        if digest_bytes(picture) != asset.asset_id:
            raise FaultError(
                Reason.BYTES_CHANGED, f"{asset.name}: no longer the bytes that were scanned"
            )
        texts += [
            PlacedText(prepare(found.text, found.source), place=found.place)
            for found in _read_files(picture, asset)
            if found.text.strip() not in known
            and not (is_caption_column(found.key) and found.text.strip() in replaced)
        ]
        if lettering is not None:
            texts += _place_lines(lettering.read(picture))
    return texts


def texts_of_name(name: str) -> list[PlacedText]:
    """What a file name says: as it is, and with its words set apart."""
    stem = replace_surrogates(PurePosixPath(name).stem)
    return [
        PlacedText(prepare(text, Source.FILE_NAME, Form.ENGLISH), place=f"the file name {stem!r}")
        for text in dict.fromkeys((stem, _SEAM.sub(" ", stem)))
    ]


def read_held(row: Sequence[Mapping[str, Any]]) -> list[PlacedText]:
    """The texts in the column ``texts`` of one row, as they were searched."""
    return [
        PlacedText(
            prepare(each["text"].decode("utf-8", "surrogatepass"), Source(each["source"])),
            place=each["place"],
            box=None if each["box"] is None else tuple(each["box"]),
            confidence=each["confidence"],
        )
        for each in row
    ]


def _is_held(text: PlacedText) -> bool:
    return text.caption < 0 and text.noun.source is not Source.FILE_NAME


def _hold(text: PlacedText) -> dict[str, Any]:
    return {
        "text": text.noun.text.encode("utf-8", "surrogatepass"),
        "source": text.noun.source.value,
        "place": replace_surrogates(text.place),
        "box": None if text.box is None else list(text.box),
        "confidence": text.confidence,
    }


def _read_files(picture: bytes, asset: Asset) -> Iterator[Embedded]:
    yield from read_embedded(picture)
    for sidecar in asset.sidecars:
        yield from read_sidecar(read_location(sidecar, MAX_TEXT_BYTES))


def _place_lines(lines: Sequence[Line]) -> list[PlacedText]:
    return [
        PlacedText(
            prepare(passage.text, Source.PICTURE),
            place=f"the lettering in the picture reads {passage.shown!r}",
            box=passage.box,
            confidence=passage.confidence,
        )
        for passage in join_lines(lines)
    ]


def _may_be_told(sighting: Sighting, text: PlacedText) -> bool:
    """Unknown terms in lettering are not told: most of them are words that were read wrongly, and
    every one would ask people for a decision.
    """
    return text.noun.source is not Source.PICTURE or sighting.certainty is not Certainty.UNKNOWN


def describe(sighting: Sighting, text: PlacedText) -> Finding:
    """The finding for a sighting. A span is given in captions only."""
    explanation = sighting.explanation
    if text.place:
        explanation = f"{text.place[0].upper()}{text.place[1:]}: {explanation}"
    spanned = text.caption >= 0
    certainty, score = sighting.certainty, sighting.score
    if text.noun.source is Source.PICTURE:  # what was read may be written otherwise
        certainty = Certainty.POSSIBLE
        score = round(score * text.confidence, 4)
    return Finding(
        kind=certainty.value,
        detector=sighting.detector,
        score=score,
        explanation=replace_surrogates(explanation),
        reference=sighting.entry_id,
        label=sighting.entry_name,
        category=sighting.category,
        caption=text.caption,
        start=sighting.start if spanned else -1,
        end=sighting.end if spanned else -1,
        surface=replace_surrogates(sighting.surface),
        box=text.box,
        source=text.noun.source.value,
        term=sighting.term,
    )


def _fingerprint_of(component: object) -> str:
    recogniser = getattr(component, "recogniser", component)
    return str(getattr(recogniser, "fingerprint", type(component).__qualname__))


def _once_each(findings: list[Finding]) -> list[Finding]:
    """Outside captions a name counts once in a place, as surely as it was ever seen there, and in
    lettering not again in the lines around those that hold it.
    """
    kept: list[Finding] = []
    places: dict[tuple[str, Box | None, str, str], int] = {}
    boxes: dict[str, list[Box]] = {}
    for finding in findings:
        if finding.caption >= 0:
            kept.append(finding)
            continue
        place = finding.explanation.partition(": ")[0]
        key = (place, finding.box, finding.reference, finding.term)
        before = places.get(key)
        if before is not None:
            if finding.score > kept[before].score:
                kept[before] = finding
            continue
        if finding.box is not None:
            told = boxes.setdefault(finding.reference, [])
            if any(_surrounds(finding.box, box) for box in told):
                continue
            told.append(finding.box)
        places[key] = len(kept)
        kept.append(finding)
    return kept


def _surrounds(box: Box, other: Box) -> bool:
    return (
        box != other
        and box[0] <= other[0]
        and box[1] <= other[1]
        and box[2] >= other[2]
        and box[3] >= other[3]
    )


def _row(asset: Asset, found: Sequence[Finding], gathered: _Gathered) -> dict[str, Any]:
    code, detail = gathered.fault or (None, None)
    if asset.fault and asset.fault.reason is Reason.CAPTION_UNREADABLE:
        code, detail = asset.fault.reason.value, asset.fault.detail
    return {
        "asset_id": asset.asset_id,
        "fault_code": code,
        "fault_detail": replace_surrogates(detail) if detail is not None else None,
        "findings": [canonical_json(finding.as_dict()).decode() for finding in found],
        "texts": gathered.held,
    }

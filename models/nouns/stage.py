"""The nouns stage: registered names in the captions and the file names of assets."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.canonical import canonical_json, digest_of
from models.findings import Finding
from models.nouns.forms import Form
from models.nouns.matching import NameMatch, find_names
from models.nouns.normalisation import normalise
from models.nouns.patterns import COMPILER
from models.nouns.pipeline import COMPONENT, build_pipeline
from models.nouns.register import NameRegister
from models.nouns.spacy_import import Language, spacy
from models.nouns.words import shipped_lexicon
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, describe_failure
from models.unicode import replace_surrogates

DETECTOR = "register/1"
STAGE_VERSION = "nouns/1"

_ZONE = 200
_CERTAIN_SCORES = {"official": 1.0, "alias": 0.95, "other": 0.95}
_DERIVED_SCORE = 0.9
_POSSIBLE_SCORE = 0.5
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_SPELLED_AS = {
    "official": "",
    "alias": ", another name of {name}",
    "other": ", another spelling of {name}",
    "unspaced": ", {name} written without dots",
    "reversed": ", {name} with its parts the other way round",
    "head": ", {name} without its qualifier",
}


class NounsStage:
    """Looks for registered names in every caption of an asset, and in its file names.

    Safe to use from several threads: each gets a pipeline of its own, and they share the compiled
    register. It can be pickled; the pipelines are then built anew where it is used.

    Args:
        register: the protected names.
        cache: folder that keeps the compiled register between processes.
    """

    name = "nouns"
    schema = pa.schema([*BASE_FIELDS, pa.field("findings", pa.list_(pa.string()), nullable=False)])

    def __init__(self, register: NameRegister, cache: Path | None = None) -> None:
        self.register = register
        self.cache = cache
        self._local = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {"register": self.register, "cache": self.cache}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @property
    def fingerprint(self) -> str:
        """Digest of code, spaCy, Unicode, ordinary words and register: all that a row rests on."""
        return digest_of(
            {
                "stage": STAGE_VERSION,
                "detector": DETECTOR,
                "patterns": COMPILER,
                "spacy": spacy.__version__,
                "unicode": unicodedata.unidata_version,
                "words": shipped_lexicon().digest,
                "register": self.register.version,
            }
        )

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset: its findings as canonical JSON, by caption and position.

        Findings in a file name come first, with ``caption`` -1.
        """
        pipeline = self._pipeline()
        rows: list[dict[str, Any]] = []
        for begin in range(0, len(assets), _ZONE):
            # A zone forgets the words it has seen; without one spaCy keeps every word for good.
            with pipeline.memory_zone():
                for asset in assets[begin : begin + _ZONE]:
                    rows.append(self._examine_one(asset, pipeline))
                    progress(1)
        return pa.Table.from_pylist(rows, schema=self.schema)

    def _examine_one(self, asset: Asset, pipeline: Language) -> dict[str, Any]:
        row: dict[str, Any] = {
            "asset_id": asset.asset_id,
            "fault_code": None,
            "fault_detail": None,
            "findings": [],
        }
        try:
            found = [*_in_file_names(asset, pipeline), *_in_captions(asset, pipeline)]
            row["findings"] = [canonical_json(finding.as_dict()).decode() for finding in found]
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            row["fault_code"], row["fault_detail"] = describe_failure(error)
        if asset.fault and asset.fault.reason is Reason.CAPTION_UNREADABLE:
            row["fault_code"] = asset.fault.reason.value
            row["fault_detail"] = asset.fault.detail
        if row["fault_detail"] is not None:
            row["fault_detail"] = replace_surrogates(row["fault_detail"])
        return row

    def _pipeline(self) -> Language:
        pipeline: Language | None = getattr(self._local, "pipeline", None)
        if pipeline is None:
            pipeline = self._local.pipeline = build_pipeline(self.register, self.cache)
        return pipeline


def _in_captions(asset: Asset, pipeline: Language) -> Iterator[Finding]:
    for index, caption in enumerate(asset.captions):
        for match in pipeline(caption.text)._.names:
            yield describe_match(match, caption=index)


def _in_file_names(asset: Asset, pipeline: Language) -> Iterator[Finding]:
    names = pipeline.get_pipe(COMPONENT).names
    seen: set[tuple[str, str]] = set()
    for location in asset.locations:
        stem = replace_surrogates(PurePosixPath(location.name).stem)
        for text in dict.fromkeys((stem, _SEAM.sub(" ", stem))):
            for match in find_names(text, names, Form.ENGLISH):
                key = (stem, match.entry.id)
                if key not in seen and match.certain and not match.evidence:
                    seen.add(key)
                    yield describe_match(match, file_name=stem)


def describe_match(match: NameMatch, *, caption: int = -1, file_name: str = "") -> Finding:
    """The finding for a match in a caption, or in a file name.

    In a file name, which is often one word chosen for its own sake, a single word never is more
    than a possible name. The score is 1.0 for an official name, 0.95 for a registered alias, 0.9
    for a spelling derived from one, and 0.5 wherever the name is only possible.
    """
    certain = match.certain and not (file_name and _is_one_word(match.surface))
    score = _CERTAIN_SCORES.get(match.how, _DERIVED_SCORE) if certain else _POSSIBLE_SCORE
    return Finding(
        kind="name_protected" if certain else "name_possible",
        detector=DETECTOR,
        score=score,
        explanation=_explain(match, certain, file_name),
        reference=match.entry.id,
        label=match.entry.name,
        category=match.entry.category,
        caption=caption,
        start=-1 if file_name else match.start,
        end=-1 if file_name else match.end,
        surface=match.surface,
    )


def _explain(match: NameMatch, certain: bool, file_name: str) -> str:
    article = "an" if match.entry.category[0] in "aeiou" else "a"
    spelled = _SPELLED_AS[match.how].format(name=repr(match.entry.name))
    where = f"the file name {file_name!r}: " if file_name else ""
    text = f"{where}{match.surface!r} is registered as {article} {match.entry.category}{spelled}."
    text = text[0].upper() + text[1:]
    if match.evidence:
        text += f" It can be an ordinary word, but counts here because {match.evidence}."
    elif not certain:
        text += " A single word may also mean something or somebody else."
    if match.namesakes:
        others = "1 other entry is" if match.namesakes == 1 else f"{match.namesakes} others are"
        text += f" {others} written the same."
    return text


def _is_one_word(surface: str) -> bool:
    return len(normalise(surface).text.split()) == 1

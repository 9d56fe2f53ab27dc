"""Counting unknown terms over a whole dataset, in memory that does not grow with it.

What is found is added up for a while in memory and then in a private SQLite database that lives in
its page cache and, when that is full, in a temporary file which vanishes by itself.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any

from models.assets.asset import Asset
from models.findings import Finding
from models.nouns.terms.rulings import LONGEST_TERM
from models.unicode import escape_surrogates, replace_surrogates

MOST_EXAMPLES = 5
"""How many texts are kept to show a term in."""

_TOGETHER = 50_000
_AROUND = 70
_LONGEST_SHOWN = 200
_BATCH = 1000
_NUL = re.compile("\0")
_TABLES = """
CREATE TABLE tallies (
    term TEXT PRIMARY KEY, assets INT, score REAL, category TEXT, detector TEXT, explanation TEXT
) WITHOUT ROWID;
CREATE TABLE surfaces (
    term TEXT, surface TEXT, times INT, PRIMARY KEY (term, surface)
) WITHOUT ROWID;
CREATE TABLE examples (
    term TEXT, place INT, text TEXT, example TEXT, PRIMARY KEY (term, place)
) WITHOUT ROWID;
"""
_BETTER = """
(excluded.score > score
 OR (excluded.score = score AND category = '' AND excluded.category <> ''))
"""
_ADD_TALLY = f"""
INSERT INTO tallies VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (term) DO UPDATE SET
    assets = assets + excluded.assets,
    category = CASE WHEN {_BETTER} THEN excluded.category ELSE category END,
    detector = CASE WHEN {_BETTER} THEN excluded.detector ELSE detector END,
    explanation = CASE WHEN {_BETTER} THEN excluded.explanation ELSE explanation END,
    score = max(score, excluded.score)
"""  # noqa: S608  (constants of this module)
_ADD_SURFACE = """
INSERT INTO surfaces VALUES (?, ?, ?)
ON CONFLICT (term, surface) DO UPDATE SET times = times + excluded.times
"""
_ADD_EXAMPLE = """
INSERT INTO examples
SELECT :term, (SELECT count(*) FROM examples WHERE term = :term), :text, :example
WHERE (SELECT count(*) FROM examples WHERE term = :term) < :most
  AND NOT EXISTS (SELECT 1 FROM examples WHERE term = :term AND text = :text)
"""
_READ = """
SELECT term, assets, score, category, detector, explanation,
    (SELECT surface FROM surfaces s WHERE s.term = t.term ORDER BY times DESC, surface LIMIT 1)
FROM tallies t ORDER BY term
"""
_READ_EXAMPLES = """
SELECT term, example FROM examples WHERE term BETWEEN ? AND ? ORDER BY term, place
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A text that a term stands in.

    Attributes:
        asset: id of the asset.
        name: what a person calls the asset.
        text: what stands around the term; an ellipsis where it goes on.
        start, end: code points of ``text`` that are the term, end exclusive.
        source: where the text stands, as ``models.findings.Finding.source`` says it.
    """

    asset: str
    name: str
    text: str
    start: int
    end: int
    source: str

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {name: getattr(self, name) for name in Example.__slots__}


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of one unknown term of a dataset.

    Attributes:
        term: the key under which it is decided.
        surface: how it is most often written.
        assets: on how many assets it stands.
        score: the highest that a recogniser gave.
        category, detector, explanation: of the finding with that score.
        examples: a few different texts that it stands in, as JSON (see ``read_examples``).
    """

    term: str
    surface: str
    assets: int
    score: float
    category: str
    detector: str
    explanation: str
    examples: str


@dataclass(slots=True)
class _Seen:
    best: Finding
    assets: int = 0
    surfaces: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)


class TermTally:
    """Adds up the unknown terms of assets, in dataset order. Close it when done."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._store = sqlite3.connect("", isolation_level=None)
        self._store.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; " + _TABLES)

    def __enter__(self) -> TermTally:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._store.close()

    def add(self, asset: Asset, findings: Sequence[Finding]) -> None:
        """Count the unknown terms of one asset; each counts once, however often it stands there.

        A term that is longer than can be decided is left out: its asset is ruled on by itself.
        """
        counted: set[str] = set()
        for finding in findings:
            term = finding.term
            if finding.kind != "unknown_term" or not is_decidable(term):
                continue
            seen = self._seen.get(term)
            if seen is None:
                seen = self._seen[term] = _Seen(finding)
            elif _is_better(finding, seen.best):
                seen.best = finding
            surface = _show(finding.surface or term)
            seen.surfaces[surface] = seen.surfaces.get(surface, 0) + 1
            if term not in counted:
                counted.add(term)
                seen.assets += 1
                _add_example(seen, asset, finding)
        if len(self._seen) >= _TOGETHER:
            self._flush()

    def settle(self) -> None:
        """Add up what is still apart, so that reading begins at once."""
        self._flush()

    def read(self) -> Iterator[Tally]:
        """What was counted, in order of the terms."""
        self._flush()
        cursor = self._store.execute(_READ)
        while rows := cursor.fetchmany(_BATCH):
            examples: dict[str, list[str]] = {}
            for term, text in self._store.execute(_READ_EXAMPLES, (rows[0][0], rows[-1][0])):
                examples.setdefault(term, []).append(text)
            for term, assets, score, category, detector, explanation, surface in rows:
                shown = f"[{','.join(examples.get(term, ()))}]"
                yield Tally(term, surface, assets, score, category, detector, explanation, shown)

    def _flush(self) -> None:
        if not self._seen:
            return
        self._store.execute("BEGIN")
        self._store.executemany(_ADD_TALLY, (_as_row(t, s) for t, s in self._seen.items()))
        self._store.executemany(
            _ADD_SURFACE,
            (
                (term, surface, times)
                for term, seen in self._seen.items()
                for surface, times in seen.surfaces.items()
            ),
        )
        self._store.executemany(
            _ADD_EXAMPLE,
            (
                {"term": term, "text": text, "example": example, "most": MOST_EXAMPLES}
                for term, seen in self._seen.items()
                for text, example in seen.examples.items()
            ),
        )
        self._store.execute("COMMIT")
        self._seen.clear()


def is_decidable(term: str) -> bool:
    """Whether a term can be a row of a table, and so be decided for the whole dataset."""
    return 0 < len(term) <= LONGEST_TERM and "\0" not in term and term == replace_surrogates(term)


def read_examples(text: str) -> tuple[Example, ...]:
    """The examples of a stored term."""
    return tuple(Example(**value) for value in json.loads(text))


def _is_better(finding: Finding, than: Finding) -> bool:
    return (finding.score, bool(finding.category)) > (than.score, bool(than.category))


def _as_row(term: str, seen: _Seen) -> tuple[str, int, float, str, str, str]:
    best = seen.best
    return (
        term,
        seen.assets,
        float(best.score),
        best.category,
        _show(best.detector),
        _show(best.explanation, 1000),
    )


def _add_example(seen: _Seen, asset: Asset, finding: Finding) -> None:
    if len(seen.examples) >= MOST_EXAMPLES:
        return
    example = make_example(asset, finding)
    if example.text not in seen.examples:
        seen.examples[example.text] = json.dumps(example.as_dict(), separators=(",", ":"))


def make_example(asset: Asset, finding: Finding) -> Example:
    """Where a term stands about an asset, with what is around it."""
    text, start, end = _locate(asset, finding)
    end = min(end, start + _LONGEST_SHOWN)
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    before, after = "…" * (first > 0), "…" * (last < len(text))
    return Example(
        asset=asset.asset_id,
        name=_show(escape_surrogates(asset.name), 300),
        text=replace_surrogates(before + text[first:last] + after),
        start=start - first + len(before),
        end=end - first + len(before),
        source=finding.source or "caption",
    )


def _locate(asset: Asset, finding: Finding) -> tuple[str, int, int]:
    if 0 <= finding.caption < len(asset.captions):
        text = asset.captions[finding.caption].text
        if 0 <= finding.start < finding.end <= len(text):
            return text, finding.start, finding.end
    for location in asset.locations:
        name = PurePosixPath(location.name).name
        start = name.find(finding.surface) if finding.surface else -1
        if start >= 0:
            return name, start, start + len(finding.surface)
    text = finding.surface or finding.term
    return text, 0, len(text)


def _show(text: str, longest: int = _LONGEST_SHOWN) -> str:
    text = _NUL.sub("\ufffd", replace_surrogates(text))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def as_columns(tally: Tally, dataset: str, run: str) -> Mapping[str, Any]:
    """A row of the table of terms."""
    return {
        "dataset": dataset,
        "term": tally.term,
        "surface": tally.surface,
        "category": tally.category[:16],
        "detector": tally.detector[:64],
        "explanation": tally.explanation,
        "assets": tally.assets,
        "score": tally.score,
        "examples": tally.examples,
        "run": run,
    }

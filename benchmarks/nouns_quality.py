"""How many names are found, and how many clean captions are left in peace, on labelled captions.

Rows whose entity (or text, where they hold none) falls into the tuning half served to make the
rules; the figures are those of the other half. Nothing here is a test: it prints what it measures.

    python benchmarks/nouns_quality.py ../shared/data/captions
    python benchmarks/nouns_quality.py ../shared/data/captions --ner path/to/model --misses 20
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.nouns.importing import import_names
from models.nouns.knowledge import NounKnowledge, load_knowledge
from models.nouns.merging import settle
from models.nouns.recognisers.assembling import assemble
from models.nouns.recognition import NounText, Sighting, prepare
from models.nouns.vocabulary import add_tags
from models.settings import Settings
from models.store.database import Database
from models.store.tables import Base

LABELS = Path(__file__).parent / "labels" / "capitals_en.csv"
_DESCRIPTIVE = ("0", "5")


@dataclass
class Rows:
    """Captions of one kind with what is expected: a span that holds a name, or None."""

    texts: list[str] = field(default_factory=list)
    spans: list[tuple[int, int] | None] = field(default_factory=list)

    def add(self, text: str, span: Sequence[int] | None) -> None:
        """Add a caption."""
        self.texts.append(text)
        self.spans.append((span[0], span[1]) if span else None)


def is_tuning(key: str) -> bool:
    """Whether a row served to make the rules."""
    return hashlib.sha256(key.encode()).digest()[0] < 128


def learn(data: Path, folder: Path, models: Sequence[str]) -> NounKnowledge:
    """A register of the names in the data, and a vocabulary of its descriptive tags."""
    database = Database(f"sqlite:///{folder / 'kiyome.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        import_names(session, data / "register.csv")
        with (data / "tagcomplete.csv").open(encoding="utf-8", newline="") as file:
            tags = [
                tag
                for name, category, _, aliases in csv.reader(file)
                if category in _DESCRIPTIVE
                for tag in (name, *aliases.split(","))
            ]
        add_tags(session, tags)
        settings = Settings(workspace=folder, noun_models=tuple(models))
        knowledge = load_knowledge(session, settings)
    database.dispose()
    return knowledge


def gather(data: Path, half: str) -> dict[str, Rows]:
    """The labelled captions of one half, by form and by whether the name is registered."""
    found: dict[str, Rows] = defaultdict(Rows)

    def wanted(key: str) -> bool:
        return half == "all" or is_tuning(key) == (half == "tuning")

    for line in (data / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not wanted(row["entity"] or row["text"]):
            continue
        # Nobody labelled the raw captions: chosen for their capitals, they hold many names.
        form, raw, _ = row["form"].partition("_raw")
        kind = ("known" if row["known"] else "unseen") if row["label"] else "clean"
        found[f"{form} {'not labelled' if raw else kind}"].add(row["text"], row["span"])
    for sentence in json.loads((data / "ner_ja.json").read_text(encoding="utf-8")):
        if not sentence["entities"] and wanted(sentence["text"]):
            found["ja sentences clean"].add(sentence["text"], None)
    lines = (data / "clean_en.txt").read_text(encoding="utf-8").split("\n")
    labelled: dict[int, list[dict[str, str]]] = defaultdict(list)
    with LABELS.open(encoding="utf-8", newline="") as file:
        for label in csv.DictReader(file):
            labelled[int(label["line"])].append(label)
    for number, labels in labelled.items():
        text = lines[number - 1]
        if not wanted(text):
            continue
        if hashlib.sha256(text.encode()).hexdigest()[:16] != labels[0]["sha256"]:
            raise SystemExit(f"line {number} is not the one that was labelled")
        names = [label for label in labels if label["kind"]]
        if not names:
            found["capitals clean"].add(text, None)
        for label in names:
            kind = "places" if label["category"] == "place" else f"{label['kind']}s"
            found[f"capitals {kind}"].add(text, (int(label["start"]), int(label["end"])))
    return found


def interval(hits: int, of: int) -> str:
    """Wilson's 95 % interval of a share, in per cent."""
    if not of:
        return "–"
    share, z = hits / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{100 * share:5.1f} % ({100 * (middle - reach):.1f}–{100 * (middle + reach):.1f})"


def overlaps(sighting: Sighting, span: tuple[int, int]) -> bool:
    """Whether a sighting touches a span."""
    return sighting.start < span[1] and sighting.end > span[0]


def measure(knowledge: NounKnowledge, rows: dict[str, Rows], folder: Path, misses: int) -> None:
    """Print, for each kind of caption, what all recognisers find together, and each by itself."""
    recognisers = assemble(knowledge, folder / "indexes")
    names = [recogniser.name for recogniser in recognisers]
    print(f"{'':20} {'captions':>8}  {'all together':24}" + "".join(f"{n[:18]:>20}" for n in names))
    shown: list[tuple[str, str, str]] = []
    for kind, group in sorted(rows.items()):
        texts = [prepare(text) for text in group.texts]
        seen = [recogniser.recognise(texts) for recogniser in recognisers]
        together = [settle(s for each in seen for s in each[i]) for i in range(len(texts))]
        cells = [interval(_count(together, group.spans), len(texts))]
        alone = [f"{100 * _count(each, group.spans) / max(len(texts), 1):5.1f} %" for each in seen]
        print(f"{kind:20} {len(texts):8}  {cells[0]:24}" + "".join(f"{a:>20}" for a in alone))
        shown += _examples(kind, texts, together, group.spans)
    by_kind: Counter[str] = Counter()
    for kind, text, marked in shown:
        by_kind[kind] += 1
        if by_kind[kind] <= misses:
            print(f"  {kind}: {marked!r} in {text!r}")


def _count(seen: Iterable[Sequence[Sighting]], spans: Sequence[tuple[int, int] | None]) -> int:
    """Captions whose name was found; of those without a name, captions where anything was."""
    return sum(
        bool(found) if span is None else any(overlaps(sighting, span) for sighting in found)
        for found, span in zip(seen, spans, strict=True)
    )


def _examples(
    kind: str,
    texts: Sequence[NounText],
    together: Sequence[Sequence[Sighting]],
    spans: Sequence[tuple[int, int] | None],
) -> list[tuple[str, str, str]]:
    examples = []
    for text, found, span in zip(texts, together, spans, strict=True):
        if span is None and found:
            examples.append((f"{kind}, flagged", text.text, found[0].surface))
        elif span is not None and not any(overlaps(sighting, span) for sighting in found):
            examples.append((f"{kind}, missed", text.text, text.text[span[0] : span[1]]))
    return examples


def main(arguments: Any = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder with the labelled captions")
    parser.add_argument("--half", choices=("test", "tuning", "all"), default="test")
    parser.add_argument("--ner", action="append", default=[], help="a model to look with, too")
    parser.add_argument("--misses", type=int, default=0, help="examples to show of each kind")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        knowledge = learn(given.data, folder, given.ner)
        measure(knowledge, gather(given.data, given.half), folder, given.misses)


if __name__ == "__main__":
    main()

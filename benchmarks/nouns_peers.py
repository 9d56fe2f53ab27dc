"""Other tools that find names, for ``nouns_speed.py``; run by an interpreter that has them.

    python benchmarks/nouns_peers.py phrase-matcher GIVEN.json

``GIVEN.json`` holds names, captions by form, and the seconds that a form may take. The answer is
one line of JSON: for each form captions a second of processor time, and the spans found in the
captions that were reached. Nothing of Kiyome is imported.

- ``phrase-matcher``: spaCy's PhraseMatcher, attribute LOWER, with every name as it is registered
  and with spaces for ``_``; spaCy's English tokenizer, and its Japanese one for Japanese captions,
  with the names that hold a Japanese character.
- ``presidio``: Presidio's AnalyzerEngine over a blank spaCy pipeline, with a deny list. A deny list
  is one regular expression of alternatives, whose time grows with their number: names are added in
  order, the most used first, by doubling, as long as the tool does ten captions a second.
- ``ginza``: the model ja_ginza, on Japanese captions; every entity counts but numbers, measures and
  times.
"""

from __future__ import annotations

import json
import logging
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[_threads] = "1"

Span = tuple[int, int]
Finder = Callable[[str], Iterable[Span]]

_JAPANESE = re.compile("[\u3041-\u30fe\u4e00-\u9fff]")
_FIRST_DENIED = 500
_LEAST_SPEED = 10
_TRIED = 20
_NO_NAMES = re.compile(
    r"Age|Calorie|Countx_Other|Date|Day_Of_Week|Era|Frequency|ID_Number|Intensity"
    r"|Latitude_Longtitude|Measurement_Other|Money|Money_Form|Multiplication|N_\w+|Numex_Other"
    r"|Ordinal_Number|Percent|Period\w+|Phone_Number|Physical_Extent|Point|Postal_Address|Rank"
    r"|School_Age|Space|Speed|Temperature|Time\w*|Unit_Other|Volume|Weight|Color_Other|Nature_Color"
)


def main(arguments: Sequence[str]) -> int:
    """Search with one peer and print what it says."""
    peer, path = arguments
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    before, started = measure_mb(), time.process_time()
    logging.disable(logging.CRITICAL)
    name, count, finders = _MAKERS[peer](given)
    answer = {
        "name": name,
        "names": count,
        "ready": time.process_time() - started,
        "mb": measure_mb() - before,
        "forms": {
            form: _search(find, given["captions"][form], given["seconds"])
            for form, find in finders.items()
        },
    }
    print(json.dumps(answer))
    return 0


def _search(find: Finder, texts: Sequence[str], seconds: float) -> dict[str, Any]:
    """Search captions until the time is over."""
    spans = []
    started = time.process_time()
    for text in texts:
        spans.append(list(find(text)))
        if time.process_time() - started > seconds:
            break
    return {"speed": len(spans) / (time.process_time() - started), "spans": spans}


def _make_phrase_matcher(given: dict[str, Any]) -> tuple[str, int, dict[str, Finder]]:
    import spacy
    from spacy.matcher import PhraseMatcher

    names = list(dict.fromkeys(s for n in given["names"] for s in (n, n.replace("_", " "))))

    def make(language: str, wanted: Iterable[str]) -> Finder:
        nlp = spacy.blank(language)
        matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        matcher.add("name", [nlp.make_doc(name) for name in wanted])

        def find(text: str) -> Iterable[Span]:
            doc = nlp.make_doc(text)
            for _, first, last in matcher(doc):
                span = doc[first:last]
                yield span.start_char, span.end_char

        return find

    spaced = make("en", names)
    japanese = make("ja", filter(_JAPANESE.search, names))
    finders = {"booru": spaced, "English": spaced, "Japanese": japanese}
    return f"spaCy {version('spacy')} PhraseMatcher (LOWER)", len(names), finders


def _make_presidio(given: dict[str, Any]) -> tuple[str, int, dict[str, Finder]]:
    import spacy
    from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class BlankEngine(SpacyNlpEngine):  # type: ignore[misc]
        """spaCy without a model."""

        def load(self) -> None:
            self.nlp = {"en": spacy.blank("en")}

    engine = BlankEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.load()

    def make(names: list[str]) -> Finder:
        recogniser = PatternRecognizer("NAME", deny_list=names)
        registry = RecognizerRegistry(recognizers=[recogniser], supported_languages=["en"])
        analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

        def find(text: str) -> Iterable[Span]:
            for found in analyzer.analyze(text, language="en"):
                yield found.start, found.end

        return find

    names = list(dict.fromkeys(n.replace("_", " ") for n in given["names"]))
    texts = given["captions"]["booru"][:_TRIED]
    count, find = _FIRST_DENIED, make(names[:_FIRST_DENIED])
    while count < len(names):
        more = min(2 * count, len(names))
        larger = make(names[:more])
        list(larger(texts[0]))
        if _search(larger, texts, _TRIED / _LEAST_SPEED)["speed"] < _LEAST_SPEED:
            break
        count, find = more, larger
    name = f"Presidio {version('presidio-analyzer')} with a deny list"
    return name, count, dict.fromkeys(("booru", "English", "Japanese"), find)


def _make_ginza(given: dict[str, Any]) -> tuple[str, int, dict[str, Finder]]:  # noqa: ARG001
    import spacy

    nlp = spacy.load("ja_ginza")

    def find(text: str) -> Iterable[Span]:
        for entity in nlp(text).ents:
            if not _NO_NAMES.fullmatch(entity.label_):
                yield entity.start_char, entity.end_char

    return f"GiNZA {version('ginza')} (ja_ginza)", 0, {"Japanese": find}


def measure_mb() -> float:
    """The memory of this process, in MB; where Linux does not tell it, the most it ever had."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_MAKERS = {"phrase-matcher": _make_phrase_matcher, "presidio": _make_presidio, "ginza": _make_ginza}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

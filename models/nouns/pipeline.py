"""The nouns pipeline: spaCy with one component for each recogniser of names.

The pipeline is an ordinary ``spacy.Language``. Every recogniser is a component of it that adds to
``doc._.names``; a detector of one's own is another component, whose sightings count like any other.
The last component, ``kiyome_settle``, leaves those that stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from models.nouns.components import add_components
from models.nouns.knowledge import NounKnowledge
from models.nouns.merging import settle
from models.nouns.recognisers.assembling import assemble
from models.nouns.recognition import NounText, Recogniser, Sighting, prepare
from models.nouns.spacy_import import Doc, Language, Span, spacy
from models.unicode import replace_surrogates

if TYPE_CHECKING:
    from spacy.vocab import Vocab

FACTORY = "kiyome_recogniser"
SETTLE = "kiyome_settle"
SPANS_KEY = "names"
LONGEST_TEXT = 2**31 - 1
BATCH = 256

_TEXT = "kiyome_text"
_SIGHTINGS = "kiyome_sightings"
_TOKEN = re.compile(r"([^\s,]{1,60}|,|\s) ?")


def _get_names(doc: Doc) -> tuple[Sighting, ...]:
    return tuple(doc.user_data.get(_SIGHTINGS, ()))


def _set_names(doc: Doc, sightings: Sequence[Sighting]) -> None:
    doc.user_data[_SIGHTINGS] = list(sightings)


if not Doc.has_extension("names"):
    Doc.set_extension("names", getter=_get_names, setter=_set_names)
if not Span.has_extension("name"):
    Span.set_extension("name", default=None)


def text_of(doc: Doc) -> NounText:
    """What a document was made from; prepared here where another tokenizer made it."""
    known: NounText | None = doc.user_data.get(_TEXT)
    if known is None:
        known = doc.user_data[_TEXT] = prepare(doc.text)
    return known


class CaptionTokenizer:
    """Cuts a text at white space, commas and every 60 characters; every code point stays in place.

    Nothing linguistic is asked of the tokens: names are found in the text itself. A lone
    surrogate, which spaCy cannot store, becomes U+FFFD, one code point for one.
    """

    def __init__(self, vocab: Vocab, *, whole: bool = False) -> None:
        self.vocab = vocab
        self.whole = whole

    def __call__(self, text: str) -> Doc:
        """The document of a text; ``doc.text`` has the same length as ``text``."""
        return self.make(prepare(text))

    def make(self, text: NounText) -> Doc:
        """The document of a text that is prepared already."""
        clean = replace_surrogates(text.text)
        if self.whole:
            doc = Doc(self.vocab, words=[clean] if clean else [], spaces=[False] if clean else [])
        else:
            words: list[str] = []
            spaces: list[bool] = []
            for found in _TOKEN.finditer(clean):
                piece, word = found[0], found[1]
                words.append(word)
                spaces.append(len(piece) > len(word))
            doc = Doc(self.vocab, words=words, spaces=spaces)
        doc.user_data[_TEXT] = text
        return doc


class RecogniserComponent:
    """A recogniser as a spaCy component: what it sees is added to ``doc._.names``."""

    def __init__(self, recogniser: Recogniser | None = None) -> None:
        self.recogniser = recogniser

    def __call__(self, doc: Doc) -> Doc:
        """Look for names in one document."""
        self._look([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = BATCH) -> Iterator[Doc]:
        """Look for names in a stream of documents."""
        remaining = iter(stream)
        while docs := list(islice(remaining, batch_size)):
            self._look(docs)
            yield from docs

    def _look(self, docs: Sequence[Doc]) -> None:
        if self.recogniser is None:
            return
        for doc, seen in zip(
            docs, self.recogniser.recognise([text_of(doc) for doc in docs]), strict=True
        ):
            if seen:
                doc.user_data.setdefault(_SIGHTINGS, []).extend(seen)


class SettleComponent:
    """The last component: leaves the sightings that stand, and shows them as spans.

    ``doc._.names`` has exact code-point offsets. The spans in ``doc.spans["names"]`` are widened to
    whole tokens, as spaCy asks, carry the category as their label and the sighting in
    ``span._.name``.
    """

    def __init__(self, *, spans: bool = True) -> None:
        self.spans = spans

    def __call__(self, doc: Doc) -> Doc:
        """Settle one document."""
        seen = doc.user_data.get(_SIGHTINGS)
        if not seen:
            return doc
        standing = doc.user_data[_SIGHTINGS] = list(settle(seen))
        if not self.spans:
            return doc
        spans = []
        for sighting in standing:
            label = sighting.category or sighting.certainty.value
            span = doc.char_span(sighting.start, sighting.end, label=label, alignment_mode="expand")
            span._.name = sighting
            spans.append(span)
        doc.spans[SPANS_KEY] = spans
        return doc


@Language.factory(FACTORY)  # type: ignore[untyped-decorator]
def create_recogniser(nlp: Language, name: str) -> RecogniserComponent:  # noqa: ARG001
    """A component that finds nothing; ``build_pipeline`` gives it its recogniser."""
    return RecogniserComponent()


@Language.factory(SETTLE, default_config={"spans": True})  # type: ignore[untyped-decorator]
def create_settle(nlp: Language, name: str, spans: bool) -> SettleComponent:  # noqa: ARG001
    """The component that leaves what stands."""
    return SettleComponent(spans=spans)


class NamesPipeline:
    """spaCy with every recogniser, ready for texts of any source. It serves one thread at a time,
    because spaCy's vocabulary does; pipelines of the same knowledge share what is large.

    Attributes:
        nlp: the ``spacy.Language``.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp

    def find(self, texts: Sequence[NounText]) -> list[tuple[Sighting, ...]]:
        """The sightings that stand in each text, in order."""
        recognisers = self._without_documents()
        if recognisers is not None:
            return [
                found
                for begin in range(0, len(texts), BATCH)
                for found in _find_directly(recognisers, texts[begin : begin + BATCH])
            ]
        make = self.nlp.tokenizer.make
        # A zone forgets the words it has seen; without one spaCy keeps every word for good.
        with self.nlp.memory_zone():
            docs = self.nlp.pipe((make(text) for text in texts), batch_size=BATCH)
            return [_get_names(doc) for doc in docs]

    def _without_documents(self) -> list[Recogniser] | None:
        """The recognisers, where no component needs documents; they take as long to make as to
        search.
        """
        recognisers: list[Recogniser] = []
        for _, component in self.nlp.pipeline:
            if isinstance(component, RecogniserComponent):
                if component.recogniser is not None:
                    recognisers.append(component.recogniser)
            elif not isinstance(component, SettleComponent) or component.spans:
                return None
        return recognisers


def _find_directly(
    recognisers: Iterable[Recogniser], texts: Sequence[NounText]
) -> list[tuple[Sighting, ...]]:
    seen: list[list[Sighting]] = [[] for _ in texts]
    for recogniser in recognisers:
        for sightings, found in zip(seen, recogniser.recognise(texts), strict=True):
            sightings += found
    return [settle(sightings) if sightings else () for sightings in seen]


def build_pipeline(
    knowledge: NounKnowledge, cache: Path | None = None, *, spans: bool = True
) -> Language:
    """A pipeline that finds names in captions of any form.

    Args:
        knowledge: register, vocabulary and models.
        cache: folder that keeps what is compiled between processes.
        spans: cut texts into tokens and show what stands as spans too; without, ``doc._.names`` is
            all there is, and it is faster.
    """
    nlp = spacy.blank("xx")
    nlp.tokenizer = CaptionTokenizer(nlp.vocab, whole=not spans)
    nlp.max_length = LONGEST_TEXT
    for recogniser in assemble(knowledge, cache):
        component = "kiyome_" + recogniser.name
        nlp.add_pipe(FACTORY, name=component).recogniser = recogniser
    nlp.add_pipe(SETTLE, config={"spans": spans})
    add_components(nlp, knowledge.components)
    return nlp

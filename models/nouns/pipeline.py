"""The nouns pipeline: spaCy with a component that finds registered names.

The pipeline is an ordinary ``spacy.Language``. A detector of one's own is another component after
``kiyome_names`` that adds to ``doc._.names``; its matches count like any other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from models.nouns.matching import find_names
from models.nouns.patterns import CompiledNames, compile_names
from models.nouns.register import NameRegister, make_register
from models.nouns.spacy_import import Doc, Language, Span, spacy
from models.nouns.words import shipped_lexicon
from models.unicode import replace_surrogates

if TYPE_CHECKING:
    from spacy.vocab import Vocab

COMPONENT = "kiyome_names"
SPANS_KEY = "names"
LONGEST_TEXT = 2**31 - 1

_TEXT = "kiyome_text"
_TOKEN = re.compile(r"([^\s,]{1,60}|,|\s) ?")

if not Doc.has_extension("names"):
    Doc.set_extension("names", default=())
if not Span.has_extension("name"):
    Span.set_extension("name", default=None)


class CaptionTokenizer:
    """Cuts a text at white space, commas and every 60 characters; every code point stays in place.

    Nothing linguistic is asked of the tokens: names are found in the text itself. A lone
    surrogate, which spaCy cannot store, becomes U+FFFD, one code point for one.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """The document of a text; ``doc.text`` has the same length as ``text``."""
        words: list[str] = []
        spaces: list[bool] = []
        clean = replace_surrogates(text)
        for found in _TOKEN.finditer(clean):
            piece = found[0]
            word = found[1]
            words.append(word)
            spaces.append(len(piece) > len(word))
        doc = Doc(self.vocab, words=words, spaces=spaces)
        doc.user_data[_TEXT] = clean
        return doc


class NameFinder:
    """The component: puts what it finds into ``doc._.names`` and ``doc.spans["names"]``.

    ``doc._.names`` has exact code-point offsets. The spans are widened to whole tokens, as spaCy
    asks, carry the category as their label and the match in ``span._.name``.
    """

    def __init__(self, names: CompiledNames) -> None:
        self.names = names

    def __call__(self, doc: Doc) -> Doc:
        """Find the registered names of one document."""
        # Joining the tokens again costs as much as the search, so the tokenizer's text is kept.
        matches = find_names(doc.user_data.get(_TEXT) or doc.text, self.names)
        if not matches:
            return doc
        doc._.names = (*doc._.names, *matches)
        spans = []
        for match in matches:
            span = doc.char_span(
                match.start, match.end, label=match.entry.category, alignment_mode="expand"
            )
            span._.name = match
            spans.append(span)
        doc.spans[SPANS_KEY] = [*doc.spans.get(SPANS_KEY, []), *spans]
        return doc


@Language.factory(COMPONENT)  # type: ignore[untyped-decorator]
def create_name_finder(nlp: Language, name: str) -> NameFinder:  # noqa: ARG001
    """A name finder with an empty register; ``build_pipeline`` gives it the real one."""
    return NameFinder(compile_names(make_register(()), shipped_lexicon()))


def build_pipeline(register: NameRegister, cache: Path | None = None) -> Language:
    """A pipeline that finds the names of a register in captions of any form.

    One pipeline serves one thread at a time, because spaCy's vocabulary does; pipelines of the
    same register share what is large.

    Args:
        register: the names.
        cache: folder that keeps the compiled register between processes.
    """
    names = compile_names(register, shipped_lexicon(), cache)
    nlp = spacy.blank("xx")
    nlp.tokenizer = CaptionTokenizer(nlp.vocab)
    nlp.max_length = LONGEST_TEXT
    nlp.add_pipe(COMPONENT)
    nlp.get_pipe(COMPONENT).names = names
    return nlp

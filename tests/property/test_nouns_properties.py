"""The normal form of captions, for every string that Unicode allows."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from models.nouns.knowledge import NounKnowledge
from models.nouns.matching.finding import find_names
from models.nouns.matching.patterns import CompiledNames, compile_patterns
from models.nouns.matching.table import open_table
from models.nouns.normalisation import _fold, normalise
from models.nouns.pipeline import NamesPipeline, build_pipeline
from models.nouns.recognition import prepare
from models.nouns.register.storage import make_entry, make_register
from models.nouns.words import shipped_lexicon

AWKWARD = "ab1 _,.:()\\がハﾊﾟ゛・ー漢a\u0301\u200bß½㈱ﬁ1.2):\ud800\u202e\ufe0f🎀ᄒ\u1161ﾞ"
TEXTS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(AWKWARD)), max_size=60)
REGISTER = make_register([make_entry("hatsune_miku", "character", ["初音ミク", "リグル・ナイト"])])
NAMES = CompiledNames(REGISTER, shipped_lexicon(), compile_patterns(REGISTER, shipped_lexicon()))
with TemporaryDirectory() as _folder:
    NOTE = (TABLE := compile_patterns(REGISTER, shipped_lexicon())).save(Path(_folder))
    MAPPED = CompiledNames(REGISTER, shipped_lexicon(), open_table(Path(_folder), NOTE))
PIPELINE = build_pipeline(NounKnowledge(REGISTER))
QUICK = NamesPipeline(build_pipeline(NounKnowledge(REGISTER), spans=False))


@given(TEXTS)
def test_every_span_maps_back_to_text_whose_normal_form_contains_it(text: str) -> None:
    normal = normalise(text)
    for start in range(len(normal.text)):
        for end in range(start + 1, min(len(normal.text), start + 6) + 1):
            first, last = normal.span(start, end)
            assert 0 <= first <= last <= len(text)
            assert normal.text[start:end] in normalise(text[first:last]).text


@given(TEXTS)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


@given(TEXTS)
def test_tokens_are_parted_by_exactly_one_space(text: str) -> None:
    normal = normalise(text).text
    assert normal[0] == normal[-1] == " "
    assert "  " not in normal


@given(TEXTS)
def test_the_matching_key_is_as_long_as_the_text(text: str) -> None:
    normal = normalise(text)
    assert len(normal.key) == len(normal.text)


@given(
    TEXTS, TEXTS, st.sampled_from(["hatsune miku", "ＨＡＴＳＵＮＥ_ＭＩＫＵ", "hat\u200bsune-míku"])
)
def test_a_name_between_commas_is_found_whatever_surrounds_it(
    before: str, after: str, name: str
) -> None:
    text = f"{before} , {name} , {after}"
    start = len(before) + 3
    spans = {(match.start, match.end) for match in find_names(text, NAMES)}
    assert (start, start + len(name)) in spans


@given(TEXTS)
def test_the_pipeline_keeps_the_position_of_every_code_point(text: str) -> None:
    doc = PIPELINE(text)
    assert len(doc.text) == len(text)
    for match in doc._.names:
        assert doc.text[match.start : match.end] == match.surface


@given(
    st.lists(
        st.sampled_from(
            ["hatsune", "Miku", "初音ミク", "リグルナイト", "の", ",", "ミク", "\u200b"]
        )
    )
)
def test_every_span_that_is_found_is_spelt_as_its_entry(words: list[str]) -> None:
    text = " ".join(words)
    for match in find_names(text, NAMES):
        assert text[match.start : match.end] == match.surface
        surface = normalise(match.surface).key.replace(" ", "")
        spellings = {
            normalise(known.text).key.replace(" ", "") for known in match.entry.surfaces
        } | {"mikuhatsune"}
        assert surface in spellings


@given(TEXTS)
def test_mapped_patterns_find_what_patterns_in_memory_find(text: str) -> None:
    spoken = f"{text} hatsune miku {text}初音ミク{text}"
    assert find_names(spoken, MAPPED) == find_names(spoken, NAMES)


@given(TEXTS)
def test_the_normal_form_of_ascii_is_made_as_that_of_any_text(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    slow, _ = _fold(plain)
    assert normalise(plain).text == slow


@given(TEXTS)
def test_finding_without_documents_sees_what_the_spacy_pipeline_sees(text: str) -> None:
    prepared = [prepare(f"{text} hatsune miku {text}"), prepare(text)]
    assert QUICK.find(prepared) == [PIPELINE(noun.text)._.names for noun in prepared]

"""spaCy components of the user's own in the nouns pipeline."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from models.nouns.components import ComponentError, UserComponent, add_components
from models.nouns.pipeline import SETTLE, CaptionTokenizer
from models.nouns.recognition import Certainty, Sighting
from models.nouns.spacy_import import Language, spacy

MODULE = """
    from models.nouns.recognition import Certainty, Sighting

    class Finder:
        def __call__(self, doc):
            at = doc.text.find("Zorro")
            if at >= 0:
                doc._.names = [*doc._.names, Sighting(
                    at, at + 5, "Zorro", Certainty.UNKNOWN, "character", "mine/1", 0.9,
                    "It is Zorro.", term="zorro")]
            return doc

    def create_finder(nlp, name):
        return Finder()

    def create_without_arguments():
        return Finder()

    def create_ruler(nlp):
        ruler = nlp.create_pipe("entity_ruler")
        ruler.add_patterns([{"label": "MASCOT", "pattern": "Pip"},
                            {"label": "DATE", "pattern": "Monday"},
                            {"label": "ORG", "pattern": "Acme"}])
        return ruler

    def mark(doc):
        return Finder()(doc)

    def create_forgetful(nlp):
        return lambda doc: None

    def create_failing(nlp):
        def fail(doc):
            raise RuntimeError("the finder broke")
        return fail

    def create_impossible(nlp):
        raise ValueError("no such list")

    def create_nothing(nlp):
        return None
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"own_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(MODULE), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def pipeline(*components: str) -> Language:
    nlp = spacy.blank("xx")
    nlp.tokenizer = CaptionTokenizer(nlp.vocab)
    nlp.add_pipe(SETTLE)
    add_components(nlp, components)
    return nlp


def names(nlp: Language, text: str) -> tuple[Sighting, ...]:
    found: tuple[Sighting, ...] = nlp(text)._.names
    return found


@pytest.mark.parametrize("factory", ["create_finder", "create_without_arguments", "mark"])
def test_what_a_component_adds_to_the_names_counts(module: str, factory: str) -> None:
    (seen,) = names(pipeline(f"{module}:{factory}"), "The mask of Zorro.")
    assert (seen.surface, seen.detector) == ("Zorro", "mine/1")


def test_components_come_before_sightings_are_settled(module: str) -> None:
    nlp = pipeline(f"{module}:create_finder", f"{module}:create_ruler")
    assert nlp.pipe_names[-1] == SETTLE
    assert len(nlp.pipe_names) == 3


def test_spans_in_the_entities_become_unknown_terms(module: str) -> None:
    seen = names(pipeline(f"{module}:create_ruler"), "Pip works at Acme on Monday")
    assert [(s.surface, s.category, s.certainty) for s in seen] == [
        ("Pip", "", Certainty.UNKNOWN),
        ("Acme", "brand", Certainty.UNKNOWN),
    ]
    assert seen[0].detector.startswith(f"component:{module}:create_ruler/")
    assert seen[0].term == "pip"


def test_an_entity_is_told_once_however_many_components_follow(module: str) -> None:
    nlp = pipeline(f"{module}:create_ruler", f"{module}:create_finder")
    assert [s.surface for s in names(nlp, "Zorro meets Pip today")] == ["Zorro", "Pip"]


@pytest.mark.filterwarnings("ignore:.*W036")
def test_a_factory_of_spacy_can_be_named() -> None:
    assert names(pipeline("entity_ruler"), "The mask of Zorro") == ()


def test_a_component_that_fails_stops_its_text_alone(module: str) -> None:
    nlp = pipeline(f"{module}:create_failing")
    with pytest.raises(RuntimeError, match="the finder broke"):
        nlp("The mask of Zorro")


def test_a_component_that_returns_no_document_is_told_how(module: str) -> None:
    with pytest.raises(ComponentError, match="return doc"):
        pipeline(f"{module}:create_forgetful")("The mask of Zorro")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("no_such_module_anywhere:create", "PYTHONPATH"),
        ("{module}:create_gone", "create_gone"),
        ("{module}:", "module:factory"),
        ("{module}:create_impossible", "no such list"),
        ("{module}:create_nothing", "cannot be called"),
        ("no_such_factory", "no spaCy factory"),
    ],
)
def test_a_component_that_cannot_be_used_is_named(module: str, named: str, said: str) -> None:
    with pytest.raises(ComponentError, match=said):
        pipeline(named.format(module=module))


def test_the_fingerprint_follows_the_code(module: str, tmp_path: Path) -> None:
    def fingerprint() -> str:
        component = pipeline(f"{module}:create_finder").get_pipe("kiyome_component_0")
        assert isinstance(component, UserComponent)
        return component.fingerprint

    before = fingerprint()
    assert fingerprint() == before
    with (tmp_path / f"{module}.py").open("a", encoding="utf-8") as file:
        file.write("# another\n")
    assert fingerprint() != before

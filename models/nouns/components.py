"""spaCy components of the user's own in the nouns pipeline.

A component is named in the settings: ``my_package.names:create_finder``, or the name of a spaCy
factory. What it adds to ``doc._.names`` counts like any sighting, and the spans that it puts into
``doc.ents`` are taken for unknown terms, so that an ``EntityRuler`` or somebody's named entity
recogniser works as it is. The code runs with the rights of the run: name only what you trust.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from models.canonical import digest_bytes, digest_of
from models.errors import KiyomeError
from models.nouns.recognisers.labels import NOT_NAMES, category_of
from models.nouns.recognisers.learned import UNSCORED
from models.nouns.recognisers.pieces import trim
from models.nouns.recognition import Certainty, Sighting, term_of
from models.nouns.spacy_import import Doc, Language

COMPONENT_FACTORY = "kiyome_component"
SETTLE = "kiyome_settle"

_SEEN_ENTITIES = "kiyome_entities"
_IMPORTING = (ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError, OSError)


class ComponentError(KiyomeError):
    """A component of the user's own cannot be used."""


class UserComponent:
    """A component of the user's own, and what it found said as Kiyome says it.

    Attributes:
        component: takes a document and returns the same one.
        described: as the settings name it.
        fingerprint: digest of its code; with its own ``fingerprint``, where it has one.
    """

    def __init__(
        self,
        component: Callable[[Doc], Doc] | None = None,
        described: str = "",
        fingerprint: str = "",
    ) -> None:
        self.component = component
        self.described = described
        self.fingerprint = fingerprint

    @property
    def detector(self) -> str:
        """What findings call it."""
        return f"component:{self.described}/{self.fingerprint[:12]}"

    def __call__(self, doc: Doc) -> Doc:
        """Let the component look at one document.

        Raises:
            ComponentError: it returned something else than the document that it was given.
        """
        if self.component is None:
            return doc
        if self.component(doc) is not doc:
            raise ComponentError(
                f"The component {self.described!r} did not return the document it was given.",
                "Let it end with `return doc`.",
            )
        self._take_entities(doc)
        return doc

    def _take_entities(self, doc: Doc) -> None:
        if not doc.ents:
            return
        known: set[tuple[int, int, str]] = doc.user_data.setdefault(_SEEN_ENTITIES, set())
        text = doc.text
        fresh = []
        for entity in doc.ents:
            place = (entity.start_char, entity.end_char, entity.label_)
            if place in known or entity.label_ in NOT_NAMES:
                continue
            known.add(place)
            start, end = trim(text, entity.start_char, entity.end_char)
            term = term_of(text[start:end])
            if term:
                fresh.append(self._see(text[start:end], start, end, entity.label_, term))
        if fresh:
            doc._.names = [*doc._.names, *fresh]

    def _see(self, surface: str, start: int, end: int, label: str, term: str) -> Sighting:
        said = f" and calls it {label}" if label else ""
        return Sighting(
            start=start,
            end=end,
            surface=surface,
            certainty=Certainty.UNKNOWN,
            category=category_of(label) or "",
            detector=self.detector,
            score=UNSCORED,
            explanation=f"The component {self.described!r} marks {surface!r}{said}.",
            term=term,
        )


@Language.factory(COMPONENT_FACTORY)  # type: ignore[untyped-decorator]
def create_component(nlp: Language, name: str) -> UserComponent:  # noqa: ARG001
    """A component that does nothing; ``add_components`` gives it the user's."""
    return UserComponent()


def add_components(nlp: Language, components: Sequence[str]) -> None:
    """Add components of the user's own, in order, before sightings are settled.

    Args:
        nlp: the nouns pipeline, or any other; without ``kiyome_settle`` they come last.
        components: each ``module:factory``, or the name of a spaCy factory. A factory is called
            with ``nlp``, and with ``name`` if it takes one; a function whose first parameter is
            ``doc`` is the component itself.

    Raises:
        ComponentError: one cannot be imported or made.
    """
    for place, described in enumerate(components):
        name = f"{COMPONENT_FACTORY}_{place}"
        component, fingerprint = _make(nlp, described, name)
        where = {"before": SETTLE} if SETTLE in nlp.pipe_names else {"last": True}
        added: UserComponent = nlp.add_pipe(COMPONENT_FACTORY, name=name, **where)
        added.component = component
        added.described = described
        added.fingerprint = fingerprint


def _make(nlp: Language, described: str, name: str) -> tuple[Callable[[Doc], Doc], str]:
    module_name, colon, attribute = described.partition(":")
    if colon:
        module = _import(module_name, described)
        factory = getattr(module, attribute, None)
        if not callable(factory):
            raise ComponentError(
                f"The module {module_name} has no function or class {attribute!r}.",
                "Correct noun_components in kiyome.toml: module:factory.",
            )
        component = _call(factory, nlp, name, described)
    else:
        if not nlp.has_factory(described):
            raise ComponentError(
                f"There is no spaCy factory {described!r}.",
                "Give a factory of spaCy or of an installed package, or module:factory.",
            )
        try:
            component = nlp.create_pipe(described)
        except _IMPORTING as error:
            raise _cannot_make(described, error) from error
        module = importlib.import_module(type(component).__module__)
    if not callable(component):
        raise ComponentError(
            f"The component {described!r} cannot be called with a document.",
            "Let the factory return a function or an object with __call__(doc).",
        )
    own = getattr(component, "fingerprint", "")
    digest = digest_of({"name": described, "code": _digest_code(module), "own": str(own)})
    return component, digest


def _import(module: str, described: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except _IMPORTING as error:
        raise ComponentError(
            f"The module of the component {described!r} cannot be imported: {error}.",
            "Install it where Kiyome is installed, or put its folder on PYTHONPATH.",
        ) from error


def _call(factory: Callable[..., Any], nlp: Language, name: str, described: str) -> Any:
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]
    taken = list(parameters)
    if taken[:1] == ["doc"]:
        return factory
    offered = {"nlp": nlp, "name": name}
    try:
        if taken and taken[0] not in offered and _is_required(parameters[taken[0]]):
            return factory(nlp)
        return factory(**{key: value for key, value in offered.items() if key in taken})
    except _IMPORTING as error:
        raise _cannot_make(described, error) from error


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty and parameter.kind in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )


def _cannot_make(described: str, error: BaseException) -> ComponentError:
    return ComponentError(
        f"The component {described!r} cannot be made: {error}.",
        "Its factory is called with nlp, and with name if it takes one.",
    )


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Which installed distributions each top-level module comes from; a second to find out."""
    return importlib.metadata.packages_distributions()


def _digest_code(module: ModuleType) -> str:
    """Digest of a module's file, of the Python files beside it in its package, and the version of
    what it was installed with. Other modules and data that it reads are not covered: a component
    that rests on such says so in an attribute ``fingerprint``.
    """
    file = getattr(module, "__file__", None)
    files: list[list[str]] = []
    if file:
        path = Path(file)
        package = bool(module.__package__)
        sources = {path, *path.parent.glob("*.py")} if package else {path}
        files = [[source.name, digest_bytes(source.read_bytes())] for source in sorted(sources)]
    top = module.__name__.partition(".")[0]
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in sorted(set(_distributions().get(top, ())))
    ]
    return digest_of({"files": files, "versions": versions})

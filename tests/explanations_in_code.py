"""Every text in the code from which explanations of findings are made, found by reading the code.

An explanation is made where something is given as ``explanation=``. From there the code is read
backwards: to functions, variables and tables of the same file, and to the fields that rules carry.
What is made in another way stops the test, so that nobody forgets its Japanese.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("models/nouns", "models/motifs")
GAP = "Ω"
"""Stands for a value in a text."""

FIELDS = frozenset({"explanation", "says", "place"})
"""What rules, sightings and texts carry: the texts that they are given are explanations, or parts
of them."""

ENUMS = {"models/nouns/disguise/rules.py": "Trick"}
"""Enumerations whose values are parts of explanations, by file."""

RETURNED = {"models/nouns/matching/evidence.py": "Evidence"}
"""Classes whose methods return parts of explanations, by file."""

NO_EXPLANATIONS = {
    " and ": "what stands between parts",
    "Ω: no longer the bytes that were scanned": "a fault",
}
"""Texts that are read with the rest, and what they are."""

_FORMATTED = re.compile(r"\{(\w*)(!r)?\}")


@dataclass(frozen=True)
class Found:
    """A text in the code.

    Attributes:
        where: file and line.
        text: with a gap for each value in it, in quotes where the code puts it in quotes.
    """

    where: str
    text: str


def read_explanations() -> tuple[Found, ...]:
    """Every text from which explanations are made."""
    return tuple(
        dict.fromkeys(
            Found(f"{name}:{node.lineno}", text)
            for name, tree in _trees().items()
            for made in _made_in(name, tree)
            for node in _texts_in(made)
            if looks_like_words(text := _spell(node))
        )
    )


def find_unseen() -> list[str]:
    """Where an explanation is made in a way that is not read here."""
    return [
        f"{name}:{value.lineno}: {ast.unparse(value)}"
        for name, tree in _trees().items()
        for value in _given(tree)
        if not _is_readable(value, tree)
    ]


def read_words() -> str:
    """Every piece of text in the code that makes findings, one a line, whatever it is for."""
    return "\n".join(
        node.value
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def looks_like_words(text: str) -> bool:
    """Whether a text has letters and a space."""
    return re.search("[A-Za-z]{2}", text) is not None and " " in text


@cache
def _trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def _given(tree: ast.Module) -> Iterator[ast.expr]:
    """What is given as ``explanation=``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "explanation":
            yield node.value


def _is_readable(value: ast.expr, tree: ast.Module) -> bool:
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.Attribute(attr="explanation"):
            return True
        case ast.Call(func=ast.Name(id="replace_surrogates"), args=[inner]):
            return _is_readable(inner, tree)
        case (
            ast.Name(id=name)
            | ast.Call(func=ast.Name(id=name))
            | ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name))
            | ast.Call(func=ast.Attribute(value=ast.Subscript(value=ast.Name(id=name))))
        ):
            return bool(_defined(name, tree))
    return False


def _made_in(name: str, tree: ast.Module) -> Iterator[ast.AST]:
    """The parts of a file that make explanations or parts of them."""
    made: list[ast.AST] = []
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg=str(field)) if field in FIELDS:
                made.append(node.value)
            case ast.Assign(targets=[ast.Name(id=field)]) if field in FIELDS:
                made.append(node.value)
            case ast.Call(func=ast.Name(id=called)):
                made += _positional(called, node)
            case ast.ClassDef(name=called) if called == ENUMS.get(name):
                made += [each.value for each in node.body if isinstance(each, ast.Assign)]
            case ast.ClassDef(name=called) if called == RETURNED.get(name):
                returns = [each for each in ast.walk(node) if isinstance(each, ast.Return)]
                made += [each.value for each in returns if isinstance(each.value, ast.Constant)]
                made += [each.value for each in returns if isinstance(each.value, ast.IfExp)]
    known: set[str] = set()
    for part in made:  # grows while it is read
        for called in sorted(_names_in(part) - known):  # in one order in every process of a run
            known.add(called)
            made += _defined(called, tree)
    yield from made


def _names_in(part: ast.AST) -> set[str]:
    """Names that a part of the code uses: of variables, functions, and methods of its own."""
    names = set()
    for node in ast.walk(part):
        match node:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
                names.add(name)
    return names


def _positional(called: str, call: ast.Call) -> Iterator[ast.AST]:
    """The arguments without names that fill one of the fields of a class."""
    for field, value in zip(_fields_of_classes().get(called, ()), call.args, strict=False):
        if field in FIELDS:
            yield value


@cache
def _fields_of_classes() -> dict[str, tuple[str, ...]]:
    return {
        node.name: tuple(
            each.target.id
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        )
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def _defined(name: str, tree: ast.Module) -> Sequence[ast.AST]:
    """What a variable or a table is given, and what a function does, anywhere in a file."""
    return _definitions(tree).get(name, ())


@cache
def _definitions(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """All that is defined in a file, by its name: it is asked for thousands of times."""
    found: defaultdict[str, list[ast.AST]] = defaultdict(list)
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name].append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name].append(value)
            case ast.FunctionDef(name=name, body=body):
                found[name] += body[ast.get_docstring(node) is not None :]
    return dict(found)


def _texts_in(made: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    inside = {
        part for node in ast.walk(made) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(made):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in inside:
            yield node


def _spell(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return _FORMATTED.sub(_fill, node.value) if isinstance(node.value, str) else ""
    return "".join(
        str(part.value)
        if isinstance(part, ast.Constant)
        else f"'{GAP}'"
        if isinstance(part, ast.FormattedValue) and part.conversion == ord("r")
        else GAP
        for part in node.values
    )


def _fill(found: re.Match[str]) -> str:
    # Tables without names in their gaps are filled with ``repr``, like ``{name}`` of a spelling.
    return GAP if found[1] not in ("", "name") and not found[2] else f"'{GAP}'"

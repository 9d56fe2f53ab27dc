"""Every text in the code that can become a note, found by reading the code.

A text counts as words for a person where it has letters and a space, and a single word where it is
handed over as a note. What is none of that, or never becomes a note, is listed here with the
reason. All the rest has to be in the catalogue.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("models/consent", "models/fetching")
GAP = "Ω"
"""Stands for a value in a text."""

NO_NOTES = {
    "models/consent/declaring/": "what an owner's own command prints",
    "models/consent/contract_register.py": "what is wrong with a contract, for the operator",
    "models/consent/signing.py": "what an owner's own command prints",
    "models/consent/translation/": "the catalogue itself",
    "models/consent/explanation.py": "holds both languages",
    "models/consent/rules.py": "holds both languages",
    "models/consent/terms.py": "what is wrong with a policy, for the operator",
    "models/consent/signed/typed_data.py": "mistakes in the code that calls it",
    "models/fetching/user_agent.py": "what is wrong with a setting, for the operator",
}
"""Folders and files of which no text becomes a note, and why."""

FOR_OPERATORS = frozenset(
    {
        *("DatasetError", "FaultError", "KiyomeError", "PolicyError", "SettingsError"),
        "WorkspaceError",
    }
)
"""Errors that end a command or a file, and are never a note."""

WITH_REMEDY = "ChainError"
"""Of this error and its kinds a note holds what to do about it too; of others the problem alone."""

NO_WORDS = frozenset({"compile", "match", "parse", "search", "split", "strip", "sub", "text"})
"""Functions whose arguments are patterns, rules for robots, or SQL."""

NO_TEXTS = frozenset({"_NO", "_SPELLINGS", "TRAINING_AGENTS", "remedy"})
"""Names of patterns, of tables, and of what to do about an error."""

_TAKERS = frozenset(
    {
        *("notes", "note", "detail", "problem", "problems", "why", "broken", "faults", "said"),
        *("conditions", "refuse", "keep_refusals"),
    }
)
"""Names of lists, arguments and methods that take notes or parts of them."""

JOINED = {
    " The first: line Ω, Ω.": "",
    " and Ω more": "training agents may not fetch this: Ω and 17 more",
    " at": "it is not JSON: Invalid control character (line 17)",
    " starting": "it is not JSON: Unterminated string (line 17)",
    " to Ω": "noai to Ω",
    ", but a reservation": (
        "a web page stands where the file belongs: there is no such file, but a reservation"
    ),
    ": not for us": "noai to Ω: not for us",
    "DMI-PROHIBITED (in UTF-16)": (
        "DMI-PROHIBITED (in UTF-16) stands in the file outside of any XMP packet"
    ),
    "Something follows the compressed body.": "something follows the compressed body",
    "The body is compressed in a way that was not asked for.": (
        "the body is compressed in a way that was not asked for"
    ),
    "The body is larger than what was asked for.": "the body is larger than what was asked for",
    "The body is not compressed as it says.": "the body is not compressed as it says",
    "The node at Ω does not say which chain it servesΩ.": (
        "The node at Ω does not say which chain it serves: it has failed too often."
    ),
    "The node at Ω has no block to read atΩ.": (
        "The node at Ω has no block to read at: it has failed too often."
    ),
    "it is not an ISCC codeΩ": "it is not an ISCC code: it is not in its alphabet",
    "its Ω Ω too large": "its headers are too large",
    "listed on": "listed on Ω",
    "may speak of ": "may speak of this picture (17 of 64 bits of ISCC differ)",
    "names other bytes": "Ω names other bytes (SHA-256 Ω)",
    "not comparable without its blocks": (
        "Ω is a CID of a file tree: not comparable without its blocks"
    ),
    "refused by": "refused by Ω",
    "speaks of ": "speaks of exactly these bytes, by their CID",
    "taken from": "taken from Ω",
    "the column Ω": (
        "the column Ω cannot be used: an MD5 or SHA-1 can be made to fit another file, and other "
        "perceptual hashes than PDQ are not computed here"
    ),
    "Ω cannot be used: an MD5 or SHA-1 can be made to fit another file, and other perceptual "
    "hashes than PDQ are not computed here": (
        "the column Ω cannot be used: an MD5 or SHA-1 can be made to fit another file, and other "
        "perceptual hashes than PDQ are not computed here"
    ),
}
"""Pieces of notes, and a whole note that each is a piece of; "" where it is a piece of none."""

NO_SENTENCES = {
    "*/*;q=0.1": "a header",
    "<meta name": "HTML",
    "Expires at: Ω": "what a signer's wallet shows",
    "I say for what the work named here": "what a signer's wallet shows",
    "Issued at: Ω": "what a signer's wallet shows",
    "Kiyome Consent": "the name of a domain (EIP-712)",
    "Kiyome consent statement": "what a signer's wallet shows",
    "Preference hash: Ω": "what a signer's wallet shows",
    "User-agent: ": "a line of robots.txt",
    "c2pa/3 sdk/Ω": "a fingerprint",
    "fetch Ω": "the name of a thread",
    "gzip, deflate": "a header",
    "iscc/1 iscc-core/Ω": "a fingerprint",
    "resolve Ω": "the name of a thread",
    "signed/3 erc1271/Ω": "a fingerprint",
    "text/html; charset=utf-8": "a header",
    "the WARC file": "a name where there is none",
    "there must be at least one slot": "a mistake in the code that calls it",
    "tuple[Failure, str] | None": "a type",
    "Ω (XMP)": "a source, the same in both languages",
    "Ω: no": "a directive as it is written",
}
"""Texts with letters and spaces that are no notes, by a part of each, and what they are."""


@dataclass(frozen=True)
class Found:
    """A text in the code.

    Attributes:
        where: file and line.
        text: with a gap for each value in it.
    """

    where: str
    text: str


def read_code() -> tuple[Found, ...]:
    """Every text that looks like words for a person and may become a note."""
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in _paths()
    }
    remedied = _kinds_of(WITH_REMEDY, trees.values())
    return tuple(
        Found(f"{name}:{line}", text)
        for name, tree in trees.items()
        if not name.startswith(tuple(NO_NOTES))
        for line, text in _texts_in(tree, remedied)
    )


def read_words() -> str:
    """Every piece of text in the code that writes notes, one a line, whatever it is for."""
    paths = [*_paths(), ROOT / "models/assets/reading.py"]
    trees = (ast.parse(path.read_text("utf-8")) for path in paths if "translation" not in str(path))
    return "\n".join(
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _paths() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _kinds_of(name: str, trees: Iterable[ast.Module]) -> frozenset[str]:
    """An error and all that inherit from it."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {name}
    while more := {each for each, its in bases.items() if its & found} - found:
        found |= more
    return frozenset(found)


def _texts_in(tree: ast.Module, remedied: frozenset[str]) -> Iterator[tuple[int, str]]:
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text, parent = _spell(node), parents[node]
        if isinstance(parent, ast.JoinedStr | ast.Expr):
            continue
        if not (
            _looks_like_words(text)
            or (re.fullmatch("[A-Za-z]+", text) and _is_handed_over(node, parents))
        ):
            continue
        if not any(_is_aside(*pair, remedied) for pair in _way_up(node, parents)):
            yield node.lineno, text


def _spell(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values
    )


def _looks_like_words(text: str) -> bool:
    return re.search(r"[A-Za-z]{2}", text) is not None and " " in text.strip("\0\t\r\n\ufeff")


def _is_handed_over(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a text is given to something that takes notes, alone or with others."""
    parent = parents[node]
    if isinstance(parent, ast.Tuple | ast.List | ast.IfExp):
        return _is_handed_over(parent, parents)
    if isinstance(parent, ast.keyword):
        return parent.arg in _TAKERS
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
        owner = parent.func.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return parent.func.attr in _TAKERS or (
            parent.func.attr in ("append", "insert", "extend") and name in _TAKERS
        )
    return False


def _way_up(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[ast.AST, ast.AST]]:
    """A node with what it is a part of, and so on, up to its line of code."""
    while node in parents and not isinstance(node, ast.stmt):
        yield node, parents[node]
        node = parents[node]


def _is_aside(part: ast.AST, whole: ast.AST, remedied: frozenset[str]) -> bool:
    """Whether a part of the code is a pattern, a table, or for the operator alone."""
    match whole:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if part is not whole.func:
            remedy = name.endswith("Error") and name not in remedied and part in whole.args[1:2]
            return remedy or name in FOR_OPERATORS | NO_WORDS
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in NO_TEXTS
        case ast.arguments():
            names = [each.arg for each in (*whole.posonlyargs, *whole.args)]
            defaults = dict(zip(reversed(names), reversed(whole.defaults), strict=False))
            return any(name in NO_TEXTS and defaults[name] is part for name in defaults)
    return False

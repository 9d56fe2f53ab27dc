"""Derive ``models/nouns/data/english_words.txt`` and its notice from SCOWL's word lists.

    python tools/derive_english_words.py /usr/share/dict/scowl /usr/share/doc/scowl/copyright

The first argument is the folder ``final`` of SCOWL (in Debian the package ``scowl``), the second
its notice. The same files give the same bytes.

A word's level is the size of the smallest list that holds it, as SCOWL defines sizes: the smaller,
the more common. Level 60 is the largest that a good dictionary would have; beyond it come words
that captions need less often than the names that are written the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from models.nouns.normalisation import normalise

DATA = Path(__file__).parents[1] / "models" / "nouns" / "data"
LEVELS = (10, 20, 35, 40, 50, 55, 60)
LARGEST_CAPITALISED_LIST = 40
SPELLINGS = ("english", "american", "british", "british_z", "canadian", "australian")
VARIANTS = (
    "variant_1", "variant_2", "british_variant_1", "canadian_variant_1", "australian_variant_1",
)  # fmt: skip
CHANGES = Path(__file__).parent / "english_words_changes.txt"
ADJECTIVE_ENDINGS = ("ese", "ish", "ism", "isms", "ist", "ists", "men", "women", "ic", "ics")
PLURAL_ENDINGS = ("an", "i", "ite")
"""Endings of a people or a faith where the list also has the plural: Cuban, but not Dylan."""

HEADER = """\
# English words by level, derived from SCOWL by tools/derive_english_words.py: do not edit.
# The notice in english_words.NOTICE goes with this file.
"""


def read(folder: Path, kind: str, level: int, spellings: tuple[str, ...]) -> Iterator[str]:
    """The words of one kind and level, possessives left out."""
    for spelling in spellings:
        path = folder / f"{spelling}-{kind}.{level}"
        if path.is_file():
            for word in path.read_text(encoding="iso-8859-1").splitlines():
                if not word.endswith("'s"):
                    yield word


def fold(word: str) -> list[str]:
    """The words of the normal form that are longer than a letter."""
    return [part for part in normalise(word).text.split() if len(part) > 1]


def read_changes() -> dict[str, set[str]]:
    """What is left out and added, by section."""
    sections = {}
    for section in CHANGES.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, *lines = section.splitlines()
        words = (word for line in lines if not line.startswith("#") for word in line.split())
        sections[title] = set(words)
    return sections


def derive(folder: Path) -> dict[str, set[str]]:
    """The words of every section of the list, in normal form."""
    changes = read_changes()
    levels: dict[int, set[str]] = {}
    known: set[str] = set()
    for level in LEVELS:
        found: set[str] = set()
        for kind in ("words", "contractions"):
            for word in read(folder, kind, level, SPELLINGS + VARIANTS):
                found.update(fold(word))
        levels[level] = found - known
        known |= found
    upper = {
        level: set(read(folder, "upper", level, ("english",))) - changes["left out"]
        for level in LEVELS
    }
    names = {name for level in LEVELS for name in read(folder, "proper-names", level, ("english",))}
    every = set().union(*upper.values()) - names
    capitalised: set[str] = set()
    for level, words in upper.items():
        for word in words:
            if (
                level <= LARGEST_CAPITALISED_LIST
                or (word in every and word.endswith(ADJECTIVE_ENDINGS))
                or (word in every and word.endswith(PLURAL_ENDINGS) and word + "s" in every)
                or (word in every and word[:-1] in every and word.endswith(("ans", "is", "ites")))
            ):
                capitalised.update(fold(word))
    return {
        **{f"level {level}": words for level, words in levels.items()},
        "added": changes["added"] - known,
        "capitalised": capitalised | changes["added capitalised"],
    }


def main(folder: Path, notice: Path) -> None:
    """Write the list and its notice."""
    with (DATA / "english_words.txt").open("w", encoding="utf-8", newline="\n") as out:
        out.write(HEADER)
        for title, words in derive(folder).items():
            out.write(f"# {title}\n")
            out.writelines(word + "\n" for word in sorted(words))
    text = notice.read_text(encoding="utf-8")
    (DATA / "english_words.NOTICE").write_text(
        "english_words.txt is derived from SCOWL and modified: levels up to 60, possessives left\n"
        "out, words brought into normal form (case and diacritics folded, parts of contractions\n"
        "apart), and a selection of the capitalised words. SCOWL's own notice follows.\n\n"
        + text.rstrip()
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("Give two arguments: the folder with SCOWL's files, and its notice.")
    main(Path(sys.argv[1]), Path(sys.argv[2]))

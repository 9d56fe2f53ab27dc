"""Lists of tags as the web UI extension a1111-sd-webui-tagcomplete keeps them.

A row is ``name,category,posts,"alias,alias"``, without a header. The category is a number, which
each site counts in its own way. Names go to the register; what describes a picture goes to the
vocabulary, with its aliases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from models.nouns.importers.lines import LONGEST_ROW, read_csv, read_lines
from models.nouns.importers.list_file import HEAD_BYTES, ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ImportProblem,
    ListAbout,
    ListChoices,
    ListRow,
    make_row,
    refuse_row,
)
from models.nouns.register.entries import LONGEST_SURFACE, Surface, is_storable

_TAG, _INVALID = "", "invalid"

SCHEMES: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        # general, artist, copyright, character, meta
        "danbooru": {0: _TAG, 1: "artist", 3: "work", 4: "character", 5: _TAG},
        # general, artist, contributor, copyright, character, species, invalid, meta, lore, director
        "e621": {
            -1: _INVALID,
            0: _TAG,
            1: "artist",
            2: "artist",
            3: "work",
            4: "character",
            5: _TAG,
            6: _INVALID,
            7: _TAG,
            8: _TAG,
            9: "artist",
        },
        # Both in one list: those of e621 are raised by 7.
        "merged": {
            0: _TAG,
            1: "artist",
            3: "work",
            4: "character",
            5: _TAG,
            6: _INVALID,
            7: _TAG,
            8: "artist",
            9: "artist",
            10: "work",
            11: "character",
            12: _TAG,
            13: _INVALID,
            14: _TAG,
            15: _TAG,
        },
    }
)
"""For each way to count, what a number means: a category of names, "" for a descriptive tag."""


def guess_scheme(numbers: set[int]) -> str:
    """How a list counts, from the numbers that occur in its first rows."""
    if any(number > 9 for number in numbers):
        return "merged"
    if numbers & {-1, 2, 6, 7, 8, 9}:
        return "e621"
    return "danbooru"


def read_tagcomplete(file: ListFile, about: ListAbout, choices: ListChoices) -> Iterator[ListRow]:
    """The rows of a list of tags.

    Raises:
        EndedEarlyError: the file ends in the middle of a row.
    """
    about.learn(_name_of(file))
    about.scheme = choices.scheme or guess_scheme(numbers_in(file.head))
    meanings = SCHEMES[about.scheme]
    for row in read_csv(read_lines(file, LONGEST_ROW)):
        if row.breaks_off:
            raise EndedEarlyError(
                f"The list {file.path} ends in the middle of line {row.line}.",
                "Fetch it anew, or take the rows before it with --partial.",
            )
        if row.fields is None:
            yield refuse_row(row.line, row.problem)
        elif row.line > 1 or _number(row.fields, 1) is not None:
            yield _read(row.line, row.fields, meanings, about, choices)


def numbers_in(head: bytes) -> set[int]:
    """The categories in the first whole lines of a list."""
    lines = head.decode("utf-8", "replace").splitlines()
    if len(head) == HEAD_BYTES:
        del lines[-1:]
    found = (_number(line.rsplit('"', 2)[0].split(","), 1) for line in lines)
    return {number for number in found if number is not None}


def _read(
    line: int,
    fields: list[str],
    meanings: Mapping[int, str],
    about: ListAbout,
    choices: ListChoices,
) -> ListRow:
    number, posts = _number(fields, 1), _number(fields, 2)
    if number is None:
        return refuse_row(
            line, "The second field is no number. A row is name,category,posts,aliases."
        )
    if number not in meanings:
        return refuse_row(
            line,
            f"{about.scheme} has no category {number}. Say with --scheme where the list is from.",
        )
    meaning = meanings[number]
    if meaning == _INVALID:
        return ListRow(line, passed_over="tags that their site calls invalid")
    if choices.min_posts and (posts is None or posts < choices.min_posts):
        return ListRow(line, passed_over=f"tags with fewer than {choices.min_posts} posts")
    # What begins with a stroke is a shortcut for typing: /lh stands for long_hair.
    aliases = [
        alias.strip()
        for alias in ",".join(fields[3:]).split(",")
        if alias.strip() and not alias.strip().startswith("/")
    ]
    if meaning == _TAG:
        return _read_tag(line, fields[0].strip(), aliases)
    return make_row(
        line,
        fields[0],
        choices.category or meaning,
        [Surface(alias) for alias in aliases],
        about,
    )


def _read_tag(line: int, tag: str, aliases: list[str]) -> ListRow:
    problem = _refuse_tag(tag)
    if problem:
        return refuse_row(line, problem, is_unread=False)
    problems = [(alias, _refuse_tag(alias)) for alias in aliases]
    return ListRow(
        line,
        tags=(tag, *(alias for alias, problem in problems if not problem)),
        problems=tuple(ImportProblem(line, problem, False) for _, problem in problems if problem),
    )


def _refuse_tag(tag: str) -> str:
    """Why a tag cannot be kept; "" where it can. A tag of signs alone, such as ``:d``, can."""
    if not tag:
        return "The tag is empty. Give at least one letter or digit."
    if len(tag) > LONGEST_SURFACE:
        return f"The tag {tag[:40]!a} has more than {LONGEST_SURFACE} characters. Shorten it."
    if not is_storable(tag):
        return f"The tag {tag[:40]!a} holds a character that is not text. Save the list as UTF-8."
    return ""


def _number(fields: list[str], place: int) -> int | None:
    text = fields[place].strip() if place < len(fields) else ""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _name_of(file: ListFile) -> str:
    name = file.path.name
    for ending in (".gz", ".bz2", ".xz"):
        name = name.removesuffix(ending)
    return name

"""Captions out of files and columns: decoding, splitting, and telling which columns hold them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from models.assets.asset import Caption, Notice
from models.assets.reading import explain_os_error, open_regular

MAX_TEXT_BYTES = 1024 * 1024
"""A caption file larger than this is no caption."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD = re.compile(r"[^\W_]+")
_CAPTION_WORDS = frozenset(
    {
        *("text", "texts", "caption", "captions", "prompt", "prompts", "tag", "tags"),
        *("description", "descriptions", "title", "titles", "alt", "sentence", "sentences"),
        *("keyword", "keywords", "キャプション", "タグ", "説明"),
    }
)
_SHOWN = 100


def decode_text(data: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, or UTF-16/32 with one.

    Raises:
        UnicodeError: the bytes are in another encoding, or hold zero characters as binary data
            and unmarked UTF-16 do.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding)
            break
    else:
        text = data.decode("utf-8")
    if "\0" in text:
        raise UnicodeError("it holds zero characters: binary data, or UTF-16 without its mark")
    return text


class CaptionError(Exception):
    """A caption cannot be read; the text says why."""


def read_caption_file(path: str) -> tuple[bytes, str]:
    """The bytes of a caption file, and their text.

    Raises:
        CaptionError: it cannot be opened, is larger than ``MAX_TEXT_BYTES``, or is not text.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise CaptionError(explain_os_error(error)) from error
    if len(data) > MAX_TEXT_BYTES:
        raise CaptionError(f"it is larger than the {MAX_TEXT_BYTES:,} bytes of a caption")
    try:
        return data, decode_text(data)
    except UnicodeError as error:
        raise CaptionError(f"it is not UTF-8 text: {error}") from error


def split_caption_file(text: str, source: str) -> tuple[Caption, ...]:
    """Every line that is not blank, as a caption of its own.

    Trainers differ: some read the first line, some draw one at random. Each line may be trained
    on, so each is screened.
    """
    lines = [(n, s) for n, s in enumerate(_LINE_END.split(text), 1) if s and not s.isspace()]
    if len(lines) == 1:
        return (Caption(lines[0][1], source),)
    return tuple(Caption(line, f"{source}:{number}") for number, line in lines)


@lru_cache(maxsize=4096)
def is_caption_column(name: str) -> bool:
    """Whether a column or key is taken for text about the picture.

    It is where one of the words in its name, in any case, is text, caption, prompt, tag,
    description, title, alt, sentence or keyword, or the plural of one: ``text``, ``caption_ja``,
    ``tag_string``. Too many rather than too few: a column that is not screened is a gap.
    """
    return any(word.lower() in _CAPTION_WORDS for word in _WORD.findall(name.replace("_", " ")))


def captions_of(values: Any, source: str) -> tuple[Caption, ...]:
    """The captions in one row or object: every string in or below a caption column.

    Args:
        values: a row by column, or any value that JSON can express. Strings in a list that no
            column holds are captions too.
        source: where it stood; the place inside ``values`` is added to it.
    """
    found: list[Caption] = []
    # Not by recursion: the nesting is the writer's choice.
    waiting = [(values, source, not isinstance(values, dict))]
    while waiting:
        value, place, is_caption = waiting.pop()
        if isinstance(value, str):
            if is_caption and value and not value.isspace():
                found.append(Caption(value, place))
        elif isinstance(value, dict):
            mark = "#" if place == source else "."
            waiting += [
                (inner, f"{place}{mark}{key}", is_caption or is_caption_column(key))
                for key, inner in reversed(value.items())
            ]
        elif isinstance(value, (list, tuple)):
            waiting += [
                (inner, f"{place}[{index}]", is_caption)
                for index, inner in reversed([*enumerate(value)])
            ]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class CaptionSource:
    """What one file says about one image."""

    file: str
    captions: tuple[Caption, ...]

    @property
    def texts(self) -> frozenset[str]:
        """What it says, without the spaces at the ends."""
        return frozenset(caption.text.strip() for caption in self.captions)


def merge_sources(sources: Sequence[CaptionSource]) -> tuple[tuple[Caption, ...], bool]:
    """All captions of one image, and whether its sources disagree.

    A source that repeats another adds nothing; one that says something else adds its captions.
    A source without any caption disagrees with nobody.
    """
    speaking = [source for source in sources if source.captions]
    if not speaking:
        return (), False
    if len(speaking) == 1:
        return speaking[0].captions, False
    captions = list(speaking[0].captions)
    known = set(speaking[0].texts)
    for source in speaking[1:]:
        fresh = [caption for caption in source.captions if caption.text.strip() not in known]
        captions.extend(fresh)
        known |= source.texts
    return tuple(captions), any(source.texts != speaking[0].texts for source in speaking[1:])


def notice_of_disagreement(images: Mapping[str, Sequence[str]]) -> Iterable[Notice]:
    """One notice about all images whose caption files disagree; nothing where none do."""
    if not images:
        return
    name, files = next(iter(sorted(images.items())))
    count = "1 image has" if len(images) == 1 else f"{len(images):,} images have"
    yield Notice(
        kind="captions_disagree",
        message=f"{count} caption files that say different things, for example {name}: "
        f"{' and '.join(files)}. Every one of the captions is screened; delete the file that "
        "your trainer does not read.",
        names=tuple(sorted(images)[:_SHOWN]),
        extra={
            "count": len(images),
            "files": {name: list(images[name]) for name in sorted(images)[:_SHOWN]},
        },
    )


def notice_about(kind: str, names: Iterable[str], one: str, many: str) -> Iterable[Notice]:
    """One notice about many names. ``one`` has {name}; ``many`` has {count} and {name}."""
    ordered = sorted(names)
    if not ordered:
        return
    sentence = one if len(ordered) == 1 else many
    yield Notice(
        kind=kind,
        message=sentence.format(count=f"{len(ordered):,}", name=ordered[0]),
        names=tuple(ordered[:_SHOWN]),
        extra={"count": len(ordered)},
    )

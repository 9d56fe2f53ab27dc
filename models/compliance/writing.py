"""Writing a document as Markdown and as one HTML page, from the same template.

A template calls a writer for every heading, sentence and field and puts nothing else on the page,
so that whatever a dataset or a policy is called, it is shown and never read as markup.
"""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from models.compliance import spoken
from models.compliance.facts import Facts
from models.unicode import escape_surrogates, escape_unprintable

Language = Literal["en", "ja"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ja")

BLANK: Final[dict[Language, str]] = {
    "en": "TO BE FILLED IN BY YOU",
    "ja": "ご記入ください",
}
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~])")


def render(
    template: str, language: Language, facts: Facts, writer: Writer, terms: Mapping[str, Any]
) -> str:
    """A document in a language.

    Args:
        template: ``<template>.<language>.j2`` of this package.
        terms: what only this document shows.
    """
    environment = Environment(
        loader=PackageLoader("models.compliance"),
        autoescape=False,  # noqa: S701 - the writer escapes whatever it is given
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def say(name: str) -> str:
        words = getattr(spoken, f"tell_{name}")(facts)
        return str(getattr(words, language))

    text = environment.get_template(f"{template}.{language}.j2").render(
        w=writer,
        f=facts,
        say=say,
        limits=[getattr(words, language) for words in spoken.tell_limits(facts)],
        claim=getattr(facts.review.claim, language),
        **terms,
    )
    lines = (line.rstrip() for line in text.split("\n"))
    return writer.finish(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), language)


class Writer(ABC):
    """Writes the parts of a document."""

    def __init__(self, language: Language) -> None:
        self._language = language

    @abstractmethod
    def title(self, text: str) -> str:
        """The document's title."""

    @abstractmethod
    def warning(self, text: str) -> str:
        """What a reader has to know before anything else."""

    @abstractmethod
    def heading(self, text: str, level: int = 2) -> str:
        """A heading."""

    @abstractmethod
    def text(self, *sentences: str) -> str:
        """A paragraph."""

    @abstractmethod
    def field(self, label: str, value: object) -> str:
        """A field with its answer."""

    @abstractmethod
    def blank(self, label: str, hint: str = "") -> str:
        """A field whose answer Kiyome does not know."""

    @abstractmethod
    def bullets(self, items: Iterable[str]) -> str:
        """A list."""

    @abstractmethod
    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        """A table."""

    @abstractmethod
    def finish(self, body: str, language: Language) -> str:
        """The whole file."""


class Markdown(Writer):
    """CommonMark with pipe tables."""

    def title(self, text: str) -> str:
        return f"# {_plain(text)}\n\n"

    def warning(self, text: str) -> str:
        return f"> **{_plain(text)}**\n\n"

    def heading(self, text: str, level: int = 2) -> str:
        return f"\n\n{'#' * level} {_plain(text)}\n\n"

    def text(self, *sentences: str) -> str:
        joint = " " if self._language == "en" else ""
        return f"{_plain(joint.join(each for each in sentences if each))}\n\n"

    def field(self, label: str, value: object) -> str:
        return f"**{_plain(label)}** {_plain(value)}\n\n"

    def blank(self, label: str, hint: str = "") -> str:
        told = f" ({_plain(hint)})" if hint else ""
        return f"**{_plain(label)}** `[{BLANK[self._language]}]`{told}\n\n"

    def bullets(self, items: Iterable[str]) -> str:
        return "".join(f"- {_plain(each)}\n" for each in items) + "\n"

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        lines = [" | ".join(map(_plain, head)), " | ".join("---" for _ in head)]
        lines += [" | ".join(map(_plain, row)) for row in rows]
        return "".join(f"| {line} |\n" for line in lines) + "\n"

    def finish(self, body: str, language: Language) -> str:  # noqa: ARG002
        return f"{body}\n"


class Html(Writer):
    """One page without scripts, links or anything that would be fetched."""

    _title = ""

    def title(self, text: str) -> str:
        self._title = _shown(text)
        return f"<h1>{self._title}</h1>\n"

    def warning(self, text: str) -> str:
        return f'<p class="warning"><strong>{_shown(text)}</strong></p>\n'

    def heading(self, text: str, level: int = 2) -> str:
        return f"<h{level}>{_shown(text)}</h{level}>\n"

    def text(self, *sentences: str) -> str:
        joint = " " if self._language == "en" else ""
        return f"<p>{_shown(joint.join(each for each in sentences if each))}</p>\n"

    def field(self, label: str, value: object) -> str:
        return f"<p><strong>{_shown(label)}</strong> {_shown(value)}</p>\n"

    def blank(self, label: str, hint: str = "") -> str:
        told = f" ({_shown(hint)})" if hint else ""
        mark = f"<mark>[{BLANK[self._language]}]</mark>"
        return f"<p><strong>{_shown(label)}</strong> {mark}{told}</p>\n"

    def bullets(self, items: Iterable[str]) -> str:
        return "<ul>\n" + "".join(f"<li>{_shown(each)}</li>\n" for each in items) + "</ul>\n"

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        top = "".join(f'<th scope="col">{_shown(each)}</th>' for each in head)
        lines = (
            "<tr>" + "".join(f"<td>{_shown(each)}</td>" for each in row) + "</tr>\n" for row in rows
        )
        return f"<table>\n<tr>{top}</tr>\n{''.join(lines)}</table>\n"

    def finish(self, body: str, language: Language) -> str:
        return (
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{self._title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"{body}\n</main>\n</body>\n</html>\n"
        )


_STYLE = (
    "body{margin:0;background:#fff;color:#1c1c1c;"
    'font:16px/1.7 system-ui,"Hiragino Sans","Noto Sans CJK JP","Noto Sans JP",sans-serif}'
    "main{max-width:46rem;margin:0 auto;padding:2rem 1.25rem 4rem;overflow-wrap:anywhere}"
    "h1{font-size:1.7rem;line-height:1.35}h2{margin-top:2.5rem;border-bottom:1px solid #c8c8c8}"
    "h3{margin-top:1.75rem}.warning{border:2px solid #9a3412;padding:.75rem 1rem;color:#7c2d12}"
    "mark{background:#fde68a;color:#1c1c1c;padding:.1em .3em;white-space:nowrap}"
    '@page{@top-center{content:"DRAFT"}}'
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #c8c8c8;padding:.35rem .6rem;text-align:left;vertical-align:top}"
)


def _clean(value: object) -> str:
    text = escape_unprintable(escape_surrogates(str(value)))
    return " ".join(text.split())


def _plain(value: object) -> str:
    return _MARKUP.sub(r"\\\1", _clean(value)).replace("&", "&amp;")


def _shown(value: object) -> str:
    return html.escape(_clean(value))

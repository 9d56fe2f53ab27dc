"""The terms of an RSL document: which content it speaks of, under which licences.

Really Simple Licensing 1.0, sections 3.1 to 3.17. Elements are found by their local names, so that
a refusal counts under a wrong namespace too; what is not in its place makes its licence odd, and an
odd licence grants nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from models.consent.reading_json import MAX_BYTES, loose_text, printable

NAMESPACE = "https://rslstandard.org/rsl"

_LICENSE_PARTS = frozenset({"permits", "prohibits", "payment", "legal", "reporting"})
_TYPES = frozenset({"usage", "user", "geo"})
_SEPARATORS = re.compile(r"[\s,;]+")
_LOOSE_PROHIBITION = re.compile(
    r"prohibit(?:s|ed|ion)?\b[^<>]{0,200}>?([^<]{0,500})", re.IGNORECASE
)
_FEED_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:rss|feed|rdf:rdf|rsl)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAX_CONTENTS = 2_000
_MAX_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Payment:
    """What one ``<payment>`` asks for; ``kind`` is its type, "" where it has none."""

    kind: str
    standard: str = ""
    custom: str = ""
    priced: bool = False


@dataclass(frozen=True, slots=True)
class License:
    """One set of terms. Token sets are None where there is no such list.

    Attributes:
        permits: the uses that are listed as permitted.
        prohibits: the uses that are listed as prohibited, in lower case.
        restricted: who or where is restricted (``type="user"``, ``type="geo"``).
        payments: what is asked for; none means free.
        reporting: use has to be reported.
        odd: something about it is not as the specification asks, so that it grants nothing.
    """

    permits: frozenset[str] | None = None
    prohibits: frozenset[str] = frozenset()
    restricted: bool = False
    payments: tuple[Payment, ...] = ()
    reporting: bool = False
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What is licensed.

    Attributes:
        url: a path pattern, an address, "" for what the document is attached to; None where the
            attribute is missing.
        server: a licence server that has to be asked first.
        encrypted: it is encrypted.
        licenses: the licences, in any order.
        odd: it does not stand where the specification asks.
    """

    url: str | None
    server: str = ""
    encrypted: bool = False
    licenses: tuple[License, ...] = ()
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """An RSL document as it was read.

    Attributes:
        contents: what it speaks of.
        salvaged: prohibited uses in a text that is not XML; None where nothing is prohibited.
        problem: why it cannot be relied on; empty where it can.
    """

    contents: tuple[Content, ...] = ()
    salvaged: frozenset[str] | None = None
    problem: str = ""


@dataclass
class _Draft:
    """A licence while it is being read."""

    permits: set[str] | None = None
    prohibits: set[str] = field(default_factory=set)
    restricted: bool = False
    payments: list[Payment] = field(default_factory=list)
    reporting: bool = False
    odd: bool = False
    seen: set[tuple[str, str]] = field(default_factory=set)

    def finish(self) -> License:
        permits = None if self.permits is None else frozenset(self.permits)
        return License(
            permits,
            frozenset(self.prohibits),
            self.restricted,
            tuple(self.payments),
            self.reporting,
            self.odd,
        )


def parse_terms(data: bytes | str) -> Terms:
    """Read an RSL document, or the RSL elements of a feed. Never raises.

    Args:
        data: the document; at most 1 MiB of it is read.
    """
    if len(data) > MAX_BYTES:
        return _salvage(data, f"it is larger than {MAX_BYTES:,} bytes")
    try:
        root = defusedxml.ElementTree.fromstring(
            data.lstrip(),
            forbid_dtd=True,
            forbid_entities=True,
            forbid_external=True,
        )
    except DefusedXmlException:
        return _salvage(data, "it declares a document type or entities")
    except (ParseError, ValueError, LookupError) as error:
        return _salvage(data, printable(f"it is not well-formed XML: {error}"))
    return _read(root)


def is_feed(data: bytes) -> bool:
    """Whether a page is a feed or an RSL document itself, with RSL elements in it."""
    return _FEED_START.match(data[:4096]) is not None and b"rslstandard" in data


def _salvage(data: bytes | str, problem: str) -> Terms:
    text = loose_text(data) if isinstance(data, bytes) else data[:MAX_BYTES]
    found: set[str] | None = None
    for number, match in enumerate(_LOOSE_PROHIBITION.finditer(text)):
        found = set() if found is None else found
        if number < _MAX_TOKENS:
            found.update(_tokens(match[1])[:_MAX_TOKENS])
    return Terms(salvaged=None if found is None else frozenset(found), problem=problem)


def _read(root: Element) -> Terms:
    contents: list[Content] = []
    problems: list[str] = []
    in_feed = _local(root) in ("rss", "feed", "rdf")
    if root.tag != f"{{{NAMESPACE}}}rsl" and not in_feed:
        problems.append("it is not an RSL document")
    waiting: list[Element] = [root]
    while waiting:
        element = waiting.pop()
        name = _local(element)
        # Feeds have contents and licences of their own, in other namespaces.
        ours = not in_feed or "rsl" in _namespace(element).casefold()
        if ours and (name in ("content", "license") or _is_prohibition(name)):
            if len(contents) >= _MAX_CONTENTS:
                problems.append("it holds too many licences to read them all")
                break
            content = _read_content(element) if name == "content" else _read_stray(element)
            contents.append(content)
        if name in ("rsl", "content") and (between := _text_between(element)):
            problems.append("there is text between its elements")
            if "prohibit" in between:
                torn = License(prohibits=frozenset({"all"}), odd=True)
                contents.append(Content(None, licenses=(torn,), odd=True))
        if name != "license":
            # What stands in a content besides licences is read on its own.
            inside = name == "content"
            waiting.extend(c for c in reversed(element) if not (inside and _local(c) == "license"))
    if any(content.odd or any(found.odd for found in content.licenses) for content in contents):
        problems.append("it is not written as the specification asks")
    if not contents:
        problems.append("it holds no licence")
    return Terms(tuple(contents), problem=problems[0] if problems else "")


def _read_content(element: Element) -> Content:
    attributes = {name.casefold(): value.strip() for name, value in element.attrib.items()}
    licenses = [_read_license(child) for child in element if _local(child) == "license"]
    url = attributes.get("url")
    return Content(
        url=url,
        server=printable(attributes.get("server", ""), 2000),
        encrypted=attributes.get("encrypted", "false") != "false",
        licenses=tuple(licenses),
        odd=not _is_proper(element) or "url" not in element.attrib or not licenses,
    )


def _read_stray(element: Element) -> Content:
    """A licence or a prohibition outside of any content: it may be meant for everything."""
    if _local(element) == "license":
        return Content(None, licenses=(_read_license(element),), odd=True)
    prohibited = frozenset(_tokens(_text(element)) or ["all"])
    return Content(None, licenses=(License(prohibits=prohibited, odd=True),), odd=True)


def _read_license(element: Element) -> License:
    draft = _Draft(odd=not _is_proper(element))
    if between := _text_between(element):
        draft.odd = True
        draft.prohibits.update(["all"] if "prohibit" in between else [])
    for child in element:
        name, kind = _local(child), child.attrib.get("type", "")
        foreign = _namespace(child) not in (NAMESPACE, "")
        if _is_prohibition(name):
            _add_prohibition(draft, child, kind)
        elif foreign and name not in _LICENSE_PARTS:
            # Extensions of other vocabularies mean nothing here, a prohibition in them does.
            _add_inner_prohibitions(draft, child)
        else:
            _add_part(draft, child, name, kind)
    return draft.finish()


def _add_part(draft: _Draft, child: Element, name: str, kind: str) -> None:
    draft.odd |= not _is_proper(child) or name not in _LICENSE_PARTS
    if name.startswith("permit"):
        draft.odd |= kind not in _TYPES or ("permits", kind) in draft.seen
        draft.seen.add(("permits", kind))
        if kind in ("user", "geo"):
            draft.restricted = True
        else:
            text = _text(child)
            draft.odd |= bool(re.search(r"[,;]", text))
            draft.permits = (draft.permits or set()) | set(_SEPARATORS.split(text.strip()))
    elif name == "payment":
        draft.odd |= ("payment", "") in draft.seen
        draft.seen.add(("payment", ""))
        draft.payments.append(_payment(child))
    elif name == "reporting":
        draft.reporting = True
    elif name != "legal":
        _add_inner_prohibitions(draft, child)


def _add_prohibition(draft: _Draft, child: Element, kind: str) -> None:
    proper = _is_proper(child) and _local(child) == "prohibits" and kind in _TYPES
    draft.odd |= not proper or ("prohibits", kind) in draft.seen
    draft.seen.add(("prohibits", kind))
    tokens = _tokens(_text(child))
    draft.odd |= not tokens or len(tokens) > _MAX_TOKENS
    if proper and kind in ("user", "geo"):
        draft.restricted = True
    else:
        # A list that is empty or of an unknown type may well mean everything.
        draft.prohibits.update(tokens or ["all"])


def _add_inner_prohibitions(draft: _Draft, element: Element) -> None:
    for part in element.iter():
        if part is not element and _is_prohibition(_local(part)):
            draft.odd = True
            draft.prohibits.update(_tokens(_text(part)) or ["all"])


def _payment(element: Element) -> Payment:
    texts = {
        _local(child): printable(_text(child), 2000)
        for child in element
        if _local(child) in ("standard", "custom")
    }
    others = {_local(child) for child in element} - {"standard", "custom"}
    return Payment(
        kind=element.attrib.get("type", ""),
        standard=texts.get("standard", ""),
        custom=texts.get("custom", ""),
        priced=bool(others),
    )


def _text(element: Element) -> str:
    """The text of an element and of the elements right inside it.

    No deeper, so that nested elements cannot make the same text be read over and over.
    """
    parts = [element.text or ""]
    for child in element:
        parts += [child.text or "", child.tail or ""]
    return " ".join(parts)


def _tokens(text: str) -> list[str]:
    return [token for token in _SEPARATORS.split(text.casefold()) if token]


def _text_between(element: Element) -> str:
    """Text where only elements belong, as a lost bracket leaves it; in lower case."""
    texts = [element.text, *(child.tail for child in element)]
    return " ".join(text.strip() for text in texts if text and text.strip()).casefold()


def _is_prohibition(name: str) -> bool:
    return name.startswith("prohibit")


def _is_proper(element: Element) -> bool:
    return _namespace(element) == NAMESPACE and _local(element) == element.tag.rpartition("}")[2]


def _namespace(element: Element) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def _local(element: Element) -> str:
    """The local name in lower case; "" for what is no element."""
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2].casefold()

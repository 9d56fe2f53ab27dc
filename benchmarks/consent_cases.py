"""The inputs on which consent checkers are compared, each with the answer of its specification.

The question is always the same: may a generative model be trained on this image, as far as what is
said about it goes? ``REFUSE`` where something refuses, or asks for more than was met;
``UNDETERMINED`` where something is said that cannot be relied on; ``NOT_REFUSE`` everywhere else.

The answers are those of the specifications, also where Kiyome departs from them on purpose. The
inputs are no sample of the web: some are here because a checker is known to stumble over them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from http.client import HTTPMessage
from typing import Any

from tests.consent_files import (
    MIMES,
    data_mining,
    flip_pixel,
    owner,
    picture,
    signed,
    with_packet,
    xmp,
)

AGENT = "kiyome"
"""The user agent token on whose behalf every checker is asked."""

GOOGLE = "Google, robots meta tag and X-Robots-Tag specifications"
DEVIANTART = "DeviantArt, noai and noimageai (2022)"
HTTP = "RFC 9110, 5.1 to 5.3 and 5.5: names, order and white space of fields"
TDMREP = "TDMRep, final report of 10 May 2024, tdm-reservation and tdm-policy"
HTML = "WHATWG HTML, comments"
C2PA = "C2PA 1.4, training and data mining assertion; validation"
CAWG = "CAWG training and data mining assertion 1.1; C2PA, validation"
SNIFFING = "WHATWG MIME Sniffing, 6.1: an image is known by its first bytes"
ERC7517 = "ERC-7517"
PLUS = "IPTC Photo Metadata 2023.1, Data Mining; PLUS vocabulary"
XML = "XML 1.0, 2.1: what is not well-formed is no document"


class Answer(StrEnum):
    """What a specification asks for, or a checker says."""

    REFUSE = "refuse"
    NOT_REFUSE = "not refuse"
    UNDETERMINED = "undetermined"


class Signal(StrEnum):
    """What is to be read in a case; a checker claims some of them."""

    X_ROBOTS_TAG = "X-Robots-Tag"
    TDM_HEADER = "tdm-reservation"
    ROBOTS_META = "robots meta"
    C2PA = "C2PA training-mining"
    CAWG = "CAWG training-mining"
    ERC7517 = "ERC-7517 JSON"
    PLUS = "PLUS in XMP"


class Shape(StrEnum):
    """In what kind of object header lines reach a checker."""

    MESSAGE = "as http.client gives them"
    REQUESTS = "as requests gives them"
    DICT = "as a plain dictionary"


@dataclass(frozen=True, slots=True)
class Case:
    """One input. Exactly one of ``headers``, ``page`` and ``image`` is given.

    Attributes:
        signal: what is to be read.
        name: what is special about it.
        expected: the answer that the specification gives.
        source: the specification.
        headers: of the image's response: name and value of every line, in order.
        shape: in what kind of object they are handed over.
        page: the HTML of the page that shows the image.
        image: the image file.
        suffix: of the image file's name.
        sidecar: the token metadata beside the image.
    """

    signal: Signal
    name: str
    expected: Answer
    source: str
    headers: tuple[tuple[str, str], ...] | None = None
    shape: Shape = Shape.MESSAGE
    page: str | None = None
    image: bytes | None = None
    suffix: str = ".png"
    sidecar: bytes | None = None


def make_cases() -> tuple[Case, ...]:
    """Every case, in the order of the table. Signs some images, so it takes about a second."""
    return (
        *_x_robots_tags(),
        *_tdm_headers(),
        *_robots_metas(),
        *_c2pa_files(),
        *_cawg_files(),
        *_token_metadata(),
        *_plus_files(),
    )


def as_message(headers: tuple[tuple[str, str], ...]) -> HTTPMessage:
    """Header lines in the object in which ``urllib`` and ``http.client`` give them."""
    message = HTTPMessage()
    for name, value in headers:
        Message.add_header(message, name, value)
    return message


def _x_robots_tags() -> Iterator[Case]:
    yes, no = Answer.NOT_REFUSE, Answer.REFUSE

    def tag(expected: Answer, source: str, *values: str, name: str = "X-Robots-Tag") -> Case:
        lines = tuple((name, value) for value in values)
        title = ", and on another line ".join(values)
        if name != "X-Robots-Tag":
            title += f" in {name}"
        return Case(Signal.X_ROBOTS_TAG, title, expected, source, headers=lines)

    yield tag(no, DEVIANTART, "noai")
    yield tag(no, DEVIANTART, "noimageai")
    yield tag(no, DEVIANTART, "noindex, noai")
    yield tag(no, GOOGLE, "NoAI")
    yield tag(no, GOOGLE, "NOIMAGEAI")
    yield tag(no, HTTP, "noindex ,  noai ")
    yield tag(no, HTTP, "noai", name="x-robots-tag")
    yield tag(no, GOOGLE, "noindex", "noai")
    for shape, lines in (
        (Shape.REQUESTS, (("X-Robots-Tag", "noindex, noai"),)),
        (Shape.REQUESTS, (("x-robots-tag", "noai"),)),
        (Shape.DICT, (("X-Robots-Tag", "noai"),)),
        (Shape.DICT, (("x-robots-tag", "noai"),)),
    ):
        title = f"{lines[0][1]} in {lines[0][0]}, {shape}"
        yield Case(Signal.X_ROBOTS_TAG, title, no, HTTP, headers=lines, shape=shape)
    yield tag(no, GOOGLE, f"{AGENT}: noai")
    yield tag(no, GOOGLE, f"{AGENT.title()}: noai")
    yield tag(no, GOOGLE, f"{AGENT}: noindex, noai")
    yield tag(no, GOOGLE, "noai, googlebot: noindex")
    yield tag(no, GOOGLE, "max-image-preview: large, noai")
    yield tag(no, GOOGLE, "unavailable_after: 25 Jun 2030 15:00:00 PST, noai")
    yield tag(yes, GOOGLE, "googlebot: noai")
    yield tag(yes, GOOGLE, "examplebot: noai")
    yield tag(yes, GOOGLE, "googlebot: nofollow, noai")
    yield tag(yes, GOOGLE, "noindex")
    yield tag(yes, GOOGLE, "none")
    yield tag(yes, GOOGLE, "all")
    yield tag(yes, GOOGLE, "max-image-preview: large")
    yield Case(
        Signal.X_ROBOTS_TAG,
        "nothing but a Content-Type",
        yes,
        GOOGLE,
        headers=(("Content-Type", "image/png"),),
    )
    yield Case(Signal.X_ROBOTS_TAG, "no header at all", yes, GOOGLE, headers=())


def _tdm_headers() -> Iterator[Case]:
    yes, no = Answer.NOT_REFUSE, Answer.REFUSE
    policy = ("tdm-policy", "https://a.example/policy.json")

    def tdm(
        expected: Answer,
        value: str,
        *more: tuple[str, str],
        source: str = TDMREP,
        name: str = "tdm-reservation",
        shape: Shape = Shape.MESSAGE,
    ) -> Case:
        title = value.replace(" ", "_") + (" with a policy" if more else "")
        if name != "tdm-reservation":
            title += f" in {name}"
        if shape is not Shape.MESSAGE:
            title += f", {shape}"
        lines = ((name, value), *more)
        return Case(Signal.TDM_HEADER, title, expected, source, headers=lines, shape=shape)

    yield tdm(no, "1")
    yield tdm(no, "1", policy)
    yield tdm(no, " 1 ", source=HTTP)
    yield tdm(no, "1", name="TDM-Reservation", source=HTTP)
    yield tdm(no, "1", shape=Shape.REQUESTS)
    yield tdm(no, "1", shape=Shape.DICT)
    yield tdm(no, "1", name="Tdm-Reservation", shape=Shape.DICT, source=HTTP)
    yield tdm(yes, "0")
    yield tdm(yes, "0", policy)
    yield tdm(yes, "yes")
    yield tdm(yes, "2")


def _robots_metas() -> Iterator[Case]:
    yes, no = Answer.NOT_REFUSE, Answer.REFUSE
    for name, head, expected, source in (
        ("noai, noimageai", '<meta name="robots" content="noai, noimageai">', no, DEVIANTART),
        ("NoAI in a ROBOTS element", '<META NAME="ROBOTS" CONTENT="NoAI">', no, GOOGLE),
        (
            "noindex, then noai in a second element",
            '<meta name="robots" content="noindex"><meta content="noai" name="robots">',
            no,
            GOOGLE,
        ),
        (f"noai for {AGENT}", f'<meta name="{AGENT}" content="noai">', no, GOOGLE),
        ("noai for googlebot", '<meta name="googlebot" content="noai">', yes, GOOGLE),
        ("noindex", '<meta name="robots" content="noindex">', yes, GOOGLE),
        ("noai in a description", '<meta name="description" content="About noai">', yes, GOOGLE),
        ("noai in a comment", '<!-- <meta name="robots" content="noai"> -->', yes, HTML),
        ("nothing said", "<title>A picture</title>", yes, GOOGLE),
    ):
        html = f'<!doctype html><html><head>{head}</head><body><img src="/a.png"></body></html>'
        yield Case(Signal.ROBOTS_META, name, expected, source, page=html)


def _c2pa_files() -> Iterator[Case]:
    def file(name: str, expected: Answer, image: bytes, suffix: str = ".png") -> Case:
        return Case(Signal.C2PA, name, expected, C2PA, image=image, suffix=suffix)

    refusal, grant = _credentials("notAllowed"), _credentials("allowed")
    for kind, suffix in (("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp")):
        image = _credentials("notAllowed", kind)
        yield file(f"notAllowed in {kind}", Answer.REFUSE, image, suffix)
    yield Case(
        Signal.C2PA,
        "notAllowed in a PNG that is named .jpg",
        Answer.REFUSE,
        SNIFFING,
        image=refusal,
        suffix=".jpg",
    )
    yield file("constrained", Answer.REFUSE, _credentials("constrained"))
    yield file("allowed", Answer.NOT_REFUSE, grant)
    yield file("credentials that say nothing on mining", Answer.NOT_REFUSE, _credentials(""))
    yield file("notAllowed, picture changed after", Answer.UNDETERMINED, flip_pixel(refusal))
    yield file("allowed, picture changed after", Answer.UNDETERMINED, flip_pixel(grant))
    yield file("notAllowed, file cut short", Answer.UNDETERMINED, refusal[:-40])
    yield file("allowed, file cut short", Answer.UNDETERMINED, grant[:-40])
    broken = refusal.replace(b"jumdc2ma", b"juNdc2ma", 1)
    yield file("notAllowed, a broken box in the store", Answer.UNDETERMINED, broken)
    broken = grant.replace(b"jumdc2ma", b"juNdc2ma", 1)
    yield file("allowed, a broken box in the store", Answer.UNDETERMINED, broken)
    yield file("PNG without credentials", Answer.NOT_REFUSE, picture("PNG"))
    yield file("JPEG without credentials", Answer.NOT_REFUSE, picture("JPEG"), ".jpg")
    yield file("WebP without credentials", Answer.NOT_REFUSE, picture("WEBP"), ".webp")


def _cawg_files() -> Iterator[Case]:
    def file(name: str, expected: Answer, image: bytes, suffix: str = ".png") -> Case:
        return Case(Signal.CAWG, name, expected, CAWG, image=image, suffix=suffix)

    refusal = signed(use="notAllowed")
    yield file("notAllowed in PNG", Answer.REFUSE, refusal)
    yield file("notAllowed in JPEG", Answer.REFUSE, signed("JPEG", use="notAllowed"), ".jpg")
    yield file("notAllowed in WEBP", Answer.REFUSE, signed("WEBP", use="notAllowed"), ".webp")
    yield file("constrained", Answer.REFUSE, signed(use="constrained"))
    yield file("allowed", Answer.NOT_REFUSE, signed(use="allowed"))
    yield file("notAllowed, picture changed after", Answer.UNDETERMINED, flip_pixel(refusal))
    yield file("allowed, picture changed after", Answer.UNDETERMINED, flip_pixel(signed()))


def _token_metadata() -> Iterator[Case]:
    yes, no, unknown = Answer.NOT_REFUSE, Answer.REFUSE, Answer.UNDETERMINED
    example = b'{"dataMiningPreference": {"aiTraining": "notAllowed" /* %s */}}' % b"the example's"
    for name, expected, data in (
        ("aiTraining notAllowed", no, _uses(aiTraining="notAllowed")),
        ("aiGenerativeTraining notAllowed", no, _uses(aiGenerativeTraining="notAllowed")),
        (
            "aiTraining allowed, aiGenerativeTraining notAllowed",
            no,
            _uses(aiTraining="allowed", aiGenerativeTraining="notAllowed"),
        ),
        ("aiTrainingWithAuthorship notAllowed", no, _uses(aiTrainingWithAuthorship="notAllowed")),
        ("aiTraining constraint, without a licence", no, _uses(aiTraining="constraint")),
        ("notAllowed beside a comment, as in the example", no, example),
        ("aiTraining allowed", yes, _uses(aiTraining="allowed")),
        ("nothing said on mining", yes, b'{"name": "A picture", "image": "ipfs://x"}'),
        ("aiTraining is a number", unknown, _uses(aiTraining=1)),
        ("aiTraining allowed, file cut short", unknown, _uses(aiTraining="allowed")[:-3]),
    ):
        yield Case(Signal.ERC7517, name, expected, ERC7517, image=picture(), sidecar=data)


def _plus_files() -> Iterator[Case]:
    yes, no = Answer.NOT_REFUSE, Answer.REFUSE

    def file(
        name: str, expected: Answer, packet: str, kind: str = "JPEG", end: str = ".jpg"
    ) -> Case:
        image = with_packet(kind, packet.encode())
        return Case(Signal.PLUS, name, expected, PLUS, image=image, suffix=end)

    prohibited = data_mining("DMI-PROHIBITED")
    yield file("DMI-PROHIBITED in JPEG", no, prohibited)
    yield file("DMI-PROHIBITED in PNG", no, prohibited, "PNG", ".png")
    yield file("DMI-PROHIBITED in WEBP", no, prohibited, "WEBP", ".webp")
    for token, expected in (
        ("DMI-PROHIBITED-GENAIMLTRAINING", no),
        ("DMI-PROHIBITED-AIMLTRAINING", no),
        ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", no),
        ("DMI-PROHIBITED-SEECONSTRAINT", no),
        ("DMI-ALLOWED", yes),
        ("DMI-UNSPECIFIED", yes),
    ):
        yield file(token, expected, data_mining(token))
    yield file("XMP that says nothing on mining", yes, xmp(elements="<dc:title>A</dc:title>"))
    cut = xmp("plus:DataMining")
    image = with_packet("JPEG", cut.encode())
    yield Case(
        Signal.PLUS,
        "DataMining in XMP that is not well-formed",
        Answer.UNDETERMINED,
        XML,
        image=image,
        suffix=".jpg",
    )


def _uses(**uses: str | int) -> bytes:
    return json.dumps({"dataMiningPreference": uses}).encode()


def _credentials(use: str, kind: str = "PNG") -> bytes:
    """An image with a C2PA manifest by ``owner``, in which C2PA's own assertion says ``use``."""
    import c2pa

    entries = {"c2pa.ai_generative_training": {"use": use}}
    assertions = [{"label": "c2pa.training-mining", "data": {"entries": entries}}] if use else []
    definition = {"claim_generator_info": [{"name": "a tool"}], "assertions": assertions}
    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    chain, out = owner(), io.BytesIO()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(definition, context=context) as builder,
        c2pa.Signer.from_info(
            c2pa.C2paSignerInfo("es256", chain.chain_pem, chain.key_pem, None)
        ) as signer,
    ):
        builder.set_intent(
            c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION
        )
        builder.sign(signer, MIMES[kind], io.BytesIO(picture(kind)), out)
    return out.getvalue()

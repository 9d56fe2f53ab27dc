"""ai.txt as Spawning defined it (2023): robots grammar that speaks of AI training.

``Disallow: *.jpg`` or ``Disallow: /`` refuse training of both kinds. An ``Allow`` that covers the
image's path is a claim (L0) and clears nothing by itself.

Other formats have taken the same name: Markdown for assistants, key and value
(draft-car-ai-txt-wellknown, ``Training: deny``), JSON, and web pages that mean "not found". They
are noted as absent, unless they refuse training in so many words: then they are malformed, and the
refusal counts.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.capture import WebEvidence
from models.consent.web.robots_agents import EVERYONE, Role, spell
from models.consent.web.robots_groups import RobotsFile, parse_groups
from models.consent.web.robots_paths import NO_MATCH, PathMatcher, path_of
from models.consent.web.robots_readings import Reading, read_site_files
from models.consent.web.robots_refusals import TRAINING, find_loose_refusals, only_refusals, refuse
from models.consent.web.robots_text import decode_site_text

CARRIER = "ai-txt"
PATHS = ("/ai.txt", "/.well-known/ai.txt")

_EXTENSIONS = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/jpg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/tiff": (".tif", ".tiff"),
    "image/bmp": (".bmp",),
    "image/svg+xml": (".svg",),
    "image/heic": (".heic",),
    "image/jxl": (".jxl",),
    "image/x-icon": (".ico",),
}
_AMBIGUOUS_KEYS = ("all", "bots")
_SURE_KEYS = (
    *("trainai", "traingenai", "aitrain", "aitraining", "aigenerativetraining"),
    *("allowaitraining", "aitrainingallowed", "noaitraining"),
)
_ALL_EXTENSIONS = tuple(dict.fromkeys(e for group in _EXTENSIONS.values() for e in group))
_SAME = {e: group for group in _EXTENSIONS.values() for e in group}


def read_ai_txt(evidence: WebEvidence) -> list[Statement]:
    """What ai.txt, at the root or under ``/.well-known/``, says about the image."""
    media_type = _media_type(evidence)
    return [
        statement
        for path in PATHS
        for statement in read_site_files(
            evidence, CARRIER, path, lambda body, url: read_ai_rules(body, url, media_type)
        )
    ]


def read_ai_rules(body: bytes, url: str, media_type: str = "") -> Reading:
    """What the ai.txt in ``body`` says about ``url``.

    Args:
        body: the file.
        url: the image's address.
        media_type: the image's type, for rules on extensions; "" where it is not known, and then
            an address without an image's extension may have any.
    """
    content = decode_site_text(body)
    file = parse_groups(content.text)
    loose = _refusing_keys(content.text, is_html=content.is_html)
    matcher = PathMatcher(url, _other_paths(url, media_type), ignore_case=True)
    preferences, notes = _read_rules(file, matcher)
    condition = Condition.SOUND
    if not file.is_robots_grammar or content.is_html or not content.is_text:
        preferences = only_refusals(preferences)
        notes.append("this ai.txt is in another format: read as no ai.txt")
        if preferences or loose or not content.is_text:
            condition = Condition.MALFORMED
            notes[-1] = "this ai.txt is in another format: only refusals in it count"
        if not content.is_text:
            notes[-1] = "this ai.txt is not text"
    if loose:
        preferences = {**preferences, **refuse(TRAINING, *loose.values())}
        notes.append(f"it refuses in words of another format: {', '.join(loose)}")
    if not content.is_whole and condition is Condition.SOUND:
        condition = Condition.UNDETERMINED
    if not preferences and condition is Condition.SOUND and file.is_robots_grammar:
        return Reading()
    if not body.strip():
        return Reading()
    return Reading(preferences, (*notes, *content.notes), condition)


def _read_rules(
    file: RobotsFile, matcher: PathMatcher
) -> tuple[dict[Purpose, Preference], list[str]]:
    """The whole file speaks of AI, so a group for any agent can refuse; one for all can permit."""
    notes: list[str] = []
    preferences: dict[Purpose, Preference] = {}
    disallow, allow = NO_MATCH, NO_MATCH
    for group in file.groups:
        group_disallow, group_allow = matcher.longest(group.rules)
        if EVERYONE in group.addressees or not group.addressees:
            disallow, allow = max(disallow, group_disallow), max(allow, group_allow)
        elif (
            group_disallow != NO_MATCH
            and group_disallow >= group_allow
            and any(a.role is not Role.SEARCH for a in group.addressees)
        ):
            preferences = refuse(TRAINING)
            notes.append(f"it refuses {spell(next(iter(group.addressees)).name)}")
    if disallow != NO_MATCH and disallow >= allow:
        return refuse(TRAINING), [*notes, "a Disallow covers this image"]
    if allow != NO_MATCH and not preferences:
        return dict.fromkeys(TRAINING, Preference.ALLOWED), ["an Allow covers this image"]
    return preferences, notes


def _refusing_keys(text: str, *, is_html: bool) -> dict[str, tuple[Purpose, ...]]:
    """Keys that refuse training, without those that may as well be about something else."""
    found = find_loose_refusals(text)
    return {
        key: purposes
        for key, purposes in found.items()
        if key not in _AMBIGUOUS_KEYS and (not is_html or key in _SURE_KEYS)
    }


def _media_type(evidence: WebEvidence) -> str:
    for capture in evidence.of(evidence.asset_url):
        for value in capture.values("content-type"):
            media_type = value.partition(";")[0].strip().lower()
            if media_type in _EXTENSIONS:
                return media_type
    return ""


def _other_paths(url: str, media_type: str) -> tuple[str, ...]:
    """The paths that the image would have with an extension that tells its type."""
    path = path_of(url)
    if path is None:
        return ()
    try:
        stem, dot, extension = urlsplit(url).path.rpartition(".")
    except ValueError:
        return ()
    own = f"{dot}{extension}".lower()
    extensions = _SAME.get(own, ()) + _EXTENSIONS.get(media_type, ())
    if not extensions:
        extensions = _ALL_EXTENSIONS
    base = stem if own in _SAME else path.partition("?")[0]
    return tuple(dict.fromkeys(base + e for e in extensions))

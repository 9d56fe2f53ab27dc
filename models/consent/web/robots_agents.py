"""Whom a robots line addresses: everyone, an agent that gathers for AI, or somebody else.

Site owners refuse AI training by naming the agents that gather for it, so the names are kept here
as a dated table. Sources: the operators' own pages, and the public list ai.robots.txt.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

OWN_NAMES = ("kiyome",)


class Role(StrEnum):
    """What an agent is for, as far as its name tells."""

    EVERYONE = "everyone"
    OURSELVES = "ourselves"
    TRAINING = "training"  # gathers what models are trained on, or stands for that use
    ASSISTANT = "assistant"  # fetches what a model is shown while it answers
    SEARCH = "search"  # known, and about neither: search, previews, archives, site audits
    UNKNOWN = "unknown"  # nobody we know; it may be an AI agent that is newer than the table


TRAINING_AGENTS = (
    *("AI2Bot", "Ai2Bot-Dolma", "aiHitBot", "Amazonbot", "Anthropic", "anthropic-ai"),
    *("Applebot-Extended", "Bard", "Brightbot", "Bytespider", "CCBot", "ChatGLM-Spider"),
    *("ChatGPT", "Claude", "Claude-Web", "ClaudeBot", "CloudVertexBot", "cohere-ai"),
    *("cohere-training-data-crawler", "Cotoyogi", "Crawlspace", "DALL-E", "Datenbank Crawler"),
    *("DeepSeekBot", "Diffbot", "FacebookBot", "Factset_spyderbot", "FirecrawlAgent"),
    *("FriendlyCrawler", "Gemini", "Google-CloudVertexBot", "Google-Extended", "GoogleOther"),
    *("GoogleOther-Image", "GoogleOther-Video", "GPTBot", "GrokBot", "ICC-Crawler"),
    *("image2dataset", "ImagesiftBot", "img2dataset", "imgproxy", "ISSCyberRiskCrawler"),
    *("Kangaroo Bot", "KunatoCrawler", "LAION", "LAIONDownloader", "laion-huggingface-processor"),
    *("meta-externalagent", "Midjourney", "MistralBot", "netEstate Imprint Crawler", "omgili"),
    *("omgilibot", "OpenAI", "PanguBot", "Panscient", "SBIntuitionsBot", "SemrushBot-OCOB"),
    *("SemrushBot-SWA", "Sidetrade indexer bot", "Spawning", "Spawning-AI", "StabilityAI"),
    *("Stable-Diffusion", "Thinkbot", "TikTokSpider", "Timpibot", "VelenPublicWebCrawler"),
    *("Webzio", "Webzio-Extended", "xAI", "xAI-Bot"),
)
ASSISTANT_AGENTS = (
    *("Amzn-User", "Andibot", "ChatGPT-Agent", "ChatGPT-User", "Claude-SearchBot"),
    *("Claude-User", "DuckAssistBot", "Gemini-Deep-Research", "Google-NotebookLM"),
    *("iaskspider", "LinerBot", "meta-externalfetcher", "MistralAI-User", "NovaAct"),
    *("OAI-SearchBot", "Perplexity-User", "PerplexityBot", "PhindBot", "YouBot"),
)
SEARCH_AGENTS = (
    *("AdsBot-Google", "AhrefsBot", "Applebot", "archive.org_bot", "Baiduspider", "Bingbot"),
    *("Bravebot", "Discordbot", "DotBot", "DuckDuckBot", "Exabot", "facebookexternalhit"),
    *("Feedfetcher-Google", "Googlebot", "Googlebot-Image", "Googlebot-News", "Googlebot-Video"),
    *("ia_archiver", "LinkedInBot", "Mediapartners-Google", "MJ12bot", "Mojeekbot", "msnbot"),
    *("msnbot-media", "Naverbot", "PetalBot", "Pinterest", "Pinterestbot", "Qwantbot", "Qwantify"),
    *("rogerbot", "SemrushBot", "SeznamBot", "Slackbot", "Slurp", "Sogou", "Storebot-Google"),
    *("TelegramBot", "Teoma", "Twitterbot", "WhatsApp", "Yandex", "YandexBot", "YandexImages"),
    *("Yeti",),
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """One agent that a line names.

    Attributes:
        name: in letters and digits only, lower case; ``"*"`` for everyone.
        role: what it is for.
    """

    name: str
    role: Role


EVERYONE = Addressee("*", Role.EVERYONE)


def plain_name(text: str) -> str:
    """``text`` reduced to lower-case letters and digits, so that spellings of a name meet."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(filter(str.isalnum, plain.casefold()))


_ROLES = {
    **{plain_name(name): Role.SEARCH for name in SEARCH_AGENTS},
    **{plain_name(name): Role.ASSISTANT for name in ASSISTANT_AGENTS},
    **{plain_name(name): Role.TRAINING for name in TRAINING_AGENTS},
    **{plain_name(name): Role.OURSELVES for name in OWN_NAMES},
}
_MIN_PREFIX = 3
_SPELLINGS = {
    plain_name(name): name for name in (*TRAINING_AGENTS, *ASSISTANT_AGENTS, *SEARCH_AGENTS)
}
_PREFIXES = {
    name[:length]: role
    for wanted in (Role.SEARCH, Role.ASSISTANT, Role.TRAINING)
    for name, role in _ROLES.items()
    if role is wanted
    for length in range(_MIN_PREFIX, len(name) + 1)
}
# "somebody-ai", "ai-crawler", "no-ai-training", "model-training": a name that says what it is for.
_LIKE_AI = re.compile(
    r"(?:^|[-_.])(?:ai|genai|llm|gpt|train(?:ing)?|train[-_]?ai|aitrain(?:ing)?)(?:$|[-_.])"
)
_SPLIT = re.compile(r"[\s,;()/\"']+")
_MAX_WORD = 60


def addressees_in(value: str) -> tuple[Addressee, ...]:
    """Every agent that the value of a ``User-agent`` line or an ``ua:`` prefix names.

    A full user agent string, several names on one line and a wildcard at a name's end are read
    too. Where a name is known, the other words of the same value are not taken for agents.
    """
    words = [word for word in _SPLIT.split(value.casefold()) if word]
    whole = plain_name(value[: 4 * _MAX_WORD])
    if whole in _ROLES:
        return (Addressee(whole, _ROLES[whole]),)
    known: dict[Addressee, None] = {}
    for word in words:
        if not word.strip("*"):
            known[EVERYONE] = None
        elif (found := _look_up(word[:_MAX_WORD])) is not None:
            known[found] = None
    if known:
        return tuple(known)
    return (Addressee(whole, Role.UNKNOWN),) if whole else ()


def spell(name: str) -> str:
    """A plain name as its operator writes it, where that is known."""
    return _SPELLINGS.get(name, name)


def _look_up(word: str) -> Addressee | None:
    name = plain_name(word)
    if name in _ROLES:
        return Addressee(name, _ROLES[name])
    stem, star, _ = word.partition("*")
    prefix = plain_name(stem)
    if star and prefix in _PREFIXES:
        return Addressee(prefix, _PREFIXES[prefix])
    if _LIKE_AI.search(word):
        return Addressee(name, Role.TRAINING)
    return None

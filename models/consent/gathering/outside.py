"""The ways to the outside: one fetcher for strangers' sites, one for the operator's own gateways.

Everything that leaves this machine on behalf of consent goes through here, bounded, checked and
paced. A site that is overloaded or says no is left alone; the operator's own gateways are asked as
fast as they answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from models.consent.ipfs.gateway import Gateway
from models.consent.ipfs.limits import Limits
from models.consent.uris import Resolver
from models.errors import WorkspaceError
from models.fetching.addresses import AddressRules
from models.fetching.cache import Cache, CacheRules
from models.fetching.exchange import Exchanger
from models.fetching.fetcher import Fetcher
from models.fetching.pacing import Pacing, PacingRules
from models.fetching.politeness import Polite
from models.fetching.robots_gate import EXEMPT_PATHS, RobotsGate
from models.settings import Settings

_MAX_DOCUMENT = 16 * 1024**2
# What is asked is due: an answer of an hour ago, taken for one of now, would hide what an event on
# a chain has just announced. The cache saves what a server calls unchanged (304), and no questions.
_ASKED_EACH_TIME = CacheRules(max_age_seconds=0)

CACHE_FOLDER = "fetched"
"""Name of the HTTP cache in the workspace. Deleting it costs requests, and nothing else."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What asks for something.

    Attributes:
        web: for the sites that images came from; asks their robots.txt first.
        resolver: for addresses that metadata and licences give: IPFS, Arweave, HTTPS, data.
    """

    web: Exchanger
    resolver: Resolver


def open_outside(settings: Settings) -> Outside:
    """Make the fetchers as the settings ask.

    Raises:
        SettingsError: fetch_allow or fetch_contact cannot be used.
        WorkspaceError: the cache cannot be made.
    """
    rules = AddressRules(settings.fetch_allow)

    def make(pacing: PacingRules) -> Exchanger:
        fetcher = Fetcher(rules=rules, contact=settings.fetch_contact, pacing=Pacing(pacing))
        try:
            return Cache(Polite(fetcher), settings.workspace / CACHE_FOLDER, _ASKED_EACH_TIME)
        except OSError as error:
            raise WorkspaceError(
                f"The cache in {settings.workspace} cannot be made: {error.strerror or error}.",
                "Free some disk space or make the workspace writable, then run again.",
            ) from error

    slots = settings.fetch_slots
    patient = make(PacingRules(delay_seconds=settings.fetch_delay, local_concurrent=slots))
    quick = Polite(
        Fetcher(
            rules=rules,
            contact=settings.fetch_contact,
            pacing=Pacing(PacingRules(slots, 0.0, slots)),
        )
    )
    limits = Limits(max_bytes=_MAX_DOCUMENT)
    gateway = Gateway(quick, settings.ipfs_gateways, limits) if settings.ipfs_gateways else None
    return Outside(
        RobotsGate(patient, exempt_paths=EXEMPT_PATHS | {"/ai.txt"}),
        Resolver(patient, gateway, settings.arweave_gateways, _MAX_DOCUMENT),
    )


def describe_outside(settings: Settings) -> str:
    """Whom a gathering may talk to, for a person."""
    hosts = [urlsplit(url).hostname or url for url in settings.consent_rpc.values()]
    hosts += [urlsplit(url).hostname or url for url in settings.ipfs_gateways]
    return ", ".join(dict.fromkeys(hosts))

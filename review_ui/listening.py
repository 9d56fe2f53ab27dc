"""Where the page may listen: on the loopback, and elsewhere once there are accounts."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from models.accounts.records import any_accounts
from models.errors import SettingsError
from models.settings import Settings
from models.store.database import Database

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_FIRST = (
    "Make the first account with `kiyome accounts create NAME --role ops`: it prints a link that "
    "sets the password."
)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(origin: str) -> str:
    """The host of an origin, as a browser names it in a request."""
    return urlsplit(origin).netloc.rsplit("@")[-1].lower().removesuffix(_port_of(origin))


def require_loopback(host: str) -> None:
    """Refuse an address that other machines can reach.

    Raises:
        SettingsError: ``host`` is not a loopback address.
    """
    if not is_loopback(host):
        raise SettingsError(
            f"The review page would listen on {host}, where other machines can reach it, "
            "and reviewers sign in without a password, because there are no accounts yet.",
            f'{_FIRST} Or set review_host to "127.0.0.1"; from elsewhere, reach it through an '
            "SSH tunnel.",
        )


def require_allowed(settings: Settings, database: Database) -> None:
    """Refuse to serve where others would get in without a password, or would send it in clear.

    Raises:
        SettingsError: the address, the origin and the accounts that there are do not go together.
    """
    host, origin = settings.review_host, settings.review_origin
    with database.snapshot() as session:
        accounts = any_accounts(session)
    if not accounts:
        require_loopback(host)
        if origin and not is_loopback(host_of(origin)):
            raise SettingsError(
                f"The review page would be reached as {origin}, and reviewers sign in without a "
                "password, because there are no accounts yet.",
                _FIRST,
            )
    if not is_loopback(host) and not origin.startswith("https://"):
        raise SettingsError(
            f"The review page would listen on {host} without encryption: whoever listens in on the "
            "network would read the passwords.",
            'Set review_origin to the address that browsers use, as in "https://review.example", '
            "and either review_proxies to the reverse proxy in front of the page, or "
            "review_certificate and review_certificate_key.",
        )
    if bool(settings.review_certificate) != bool(settings.review_certificate_key):
        raise SettingsError(
            "A certificate is of no use without its key, nor a key without its certificate.",
            "Set both review_certificate and review_certificate_key, or neither.",
        )
    parse_proxies(settings)


def parse_proxies(settings: Settings) -> tuple[Network, ...]:
    """The reverse proxies that are trusted.

    Raises:
        SettingsError: one of them is neither an address nor a network.
    """
    networks = []
    for given in settings.review_proxies:
        try:
            networks.append(ipaddress.ip_network(given))
        except ValueError as error:
            raise SettingsError(
                f"review_proxies names {given!r}, which is no address and no network.",
                'Give addresses as in "10.0.0.2", or networks as in "10.0.0.0/24".',
            ) from error
    return tuple(networks)


def _port_of(origin: str) -> str:
    port = urlsplit(origin).port
    return f":{port}" if port is not None else ""

"""How a chain is named (CAIP-2, as in the settings and the policy), and where it is asked."""

from __future__ import annotations

import re

import click

rpc_option = click.option(
    "--rpc",
    metavar="URL",
    help="JSON-RPC endpoint of the chain.  [default: consent_rpc in kiyome.toml]",
)

_CHAIN = re.compile(r"eip155:([1-9][0-9]{0,15})")


def chain_number(chain: str) -> int:
    """The EIP-155 number of a chain such as ``eip155:1``.

    Raises:
        KiyomeError: it is not named like this.
    """
    from models.errors import KiyomeError

    match = _CHAIN.fullmatch(chain)
    if match is None:
        raise KiyomeError(
            f"{chain!r} does not name an EVM chain.", "Write eip155: and its number: eip155:1."
        )
    return int(match[1])


def known_endpoint(chain: str) -> str:
    """The endpoint that the settings give for a chain; "" where they give none.

    Raises:
        SettingsError: the settings cannot be used.
    """
    from models.settings import load_settings

    return load_settings().consent_rpc.get(chain, "")

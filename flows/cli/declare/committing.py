"""kiyome declare commit"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from flows.cli.declare.chains import chain_number, known_endpoint, rpc_option
from flows.cli.declare.documents import read_document
from flows.cli.declare.files import read_file
from flows.cli.declare.keys import key_option, open_key

if TYPE_CHECKING:
    from web3 import Web3

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class _Cost:
    """What sending would take.

    Attributes:
        gas: units of gas.
        wei: the most that they may cost.
    """

    gas: int
    wei: int


@click.command("commit")
@click.option("--registry", required=True, help="The ERC-7053 contract: 0x and 40 hex digits.")
@click.option("--chain", required=True, help="Its chain, as in eip155:1.")
@click.option("--asset", required=True, metavar="FILE|CID", help="The image, or its CID.")
@click.option(
    "--preference",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The document from `kiyome declare write`.",
)
@key_option
@rpc_option
@click.option("--dry-run", is_flag=True, help="Say what would be sent and what it would cost.")
@click.option("--yes", is_flag=True, help="Send without asking.")
def commit_command(
    registry: str,
    chain: str,
    asset: str,
    preference: Path,
    key: Path | None,
    rpc: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Record a choice on a chain, for good (ERC-7053).

    Anyone may commit for any image, so a refusal counts from anyone. A grant counts where the
    operator reads this registry and your account is proven to control a token of a collection that
    the operator recognises, and that names the same CID. This sends a transaction: it costs gas,
    is public, and cannot be taken back, only followed by another.

    \b
    Example:
      kiyome declare commit --chain eip155:1 --registry 0x… --asset art.png \\
          --preference token.json --key owner.key.json --dry-run
    """
    from models.consent.declaring.commit import send_commit, write_commit_data
    from models.errors import KiyomeError, SettingsError

    if key is None:
        raise KiyomeError("A commit is sent from an account.", "Give its key with --key.")
    if not _ADDRESS.fullmatch(registry):
        raise KiyomeError(f"{registry!r} is not an address.", "Give 0x and 40 hex digits.")
    number = chain_number(chain)
    cid, asset_id = _name_asset(asset)
    said = read_document(preference, asset_id)
    if said.license_:
        raise KiyomeError(
            "A commit made here cannot name a licence, so a constrained use would be a refusal.",
            "Sign it with `kiyome declare sign` instead, or allow or refuse the use.",
        )
    text = write_commit_data(said.preference)
    url = rpc or known_endpoint(chain)
    if not url:
        raise SettingsError(
            f"No endpoint is known for {chain}.",
            "Give one with --rpc, or in consent_rpc in kiyome.toml.",
        )
    signer = open_key(key)
    with _connect(url) as web3:
        cost = _estimate(web3, signer.address, registry, cid, text, chain, number)
        click.echo(f"chain     {chain}\nregistry  {registry}\naccount   {signer.address}")
        click.echo(f"asset     {cid}\nsays      {text}")
        click.echo(f"gas       {cost.gas:,}, at most {cost.wei / 10**18:.6f} of the chain's coin")
        if dry_run:
            click.echo("Nothing was sent (--dry-run).")
            return
        if not yes and not click.confirm(
            "Send it? It is public and cannot be taken back.", err=True
        ):
            click.echo("Nothing was sent.")
            return
        from eth_account import Account

        receipt = send_commit(web3, Account.from_key(signer.secret), registry, cid, text)
    click.echo(f"sent      {receipt.transaction_hash}")
    click.echo(f"block     {receipt.block_number} ({receipt.block_hash})")
    click.echo("It is read once its block is final. Give the operator, for [[consent.registry]]:")
    click.echo(f'  chain = "{chain}"\n  contract = "{registry.lower()}"')


def _name_asset(asset: str) -> tuple[str, str]:
    """The CID to commit for, and the image's SHA-256 where it can be known ("" else)."""
    from models.canonical import digest_bytes
    from models.consent.binding import raw_leaf_digest
    from models.consent.ipfs.cid import CidError, parse_cid
    from models.consent.ipfs.hashing import cids_of
    from models.errors import KiyomeError

    try:
        if (path := Path(asset)).is_file():
            data = read_file(path)
            return cids_of(data)[0].canonical, digest_bytes(data)
        cid = parse_cid(asset.removeprefix("ipfs://")).canonical
    except (CidError, OSError) as error:
        raise KiyomeError(
            f"{asset!r} is neither a file nor a CID.",
            "`kiyome consent identify FILE` prints the CIDs of an image.",
        ) from error
    return cid, raw_leaf_digest(cid) or ""


@contextmanager
def _connect(url: str) -> Iterator[Web3]:
    """A client. An endpoint's address may hold a key, so it stands in no message."""
    from models.errors import KiyomeError
    from models.recursion import keeping_recursion_limit

    with keeping_recursion_limit():
        from web3 import Web3
        from web3.middleware import ExtraDataToPOAMiddleware

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KiyomeError(
            "The endpoint is not an http or https address.", "Give another with --rpc."
        )
    web3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 30}))
    # Blocks of chains with proof of authority are longer than Ethereum's, and refused without it.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    try:
        yield web3
    except KiyomeError as error:
        raise KiyomeError(_hide(error.problem, url), error.remedy) from None


def _hide(text: str, url: str) -> str:
    """A message without the parts of the endpoint's address that may be secret."""
    parts = urlsplit(url)
    secrets = [url, f"{parts.path}?{parts.query}", parts.path, parts.query, parts.netloc]
    for secret in secrets:
        if len(secret.strip("/?")) > 1 and secret != parts.hostname:
            text = text.replace(secret, "…")
    return text


def _estimate(
    web3: Web3, sender: str, registry: str, cid: str, text: str, chain: str, number: int
) -> _Cost:
    """Make sure that the endpoint is of this chain and the registry takes the commit.

    Raises:
        KiyomeError: it is of another, cannot be reached, or the commit would fail.
    """
    from requests import RequestException
    from web3.exceptions import Web3Exception

    from models.consent.declaring.commit import encode_commit
    from models.errors import KiyomeError

    data = encode_commit(cid, text)
    try:
        found = web3.eth.chain_id
        if found != number:
            raise KiyomeError(
                f"The endpoint is of the chain eip155:{found}, not of {chain}.",
                "Give the endpoint of the chain that you mean.",
            )
        to = web3.to_checksum_address(registry)
        if not web3.eth.get_code(to):
            raise KiyomeError(
                f"There is no contract at {registry} on {chain}.",
                "Check the registry's address and the chain.",
            )
        account = web3.to_checksum_address(sender)
        gas = web3.eth.estimate_gas({"from": account, "to": to, "data": data})
        # As much as a commit may be charged: see models.consent.declaring.commit.
        base = int(web3.eth.get_block("latest").get("baseFeePerGas") or 0)
        limit = gas * 12 // 10
        return _Cost(gas, limit * (2 * base + int(web3.eth.max_priority_fee)))
    except (Web3Exception, RequestException, OSError, ValueError) as error:
        raise KiyomeError(
            f"The commit would not succeed: {error}.",
            "Check the endpoint, the registry's address and the chain.",
        ) from error

"""kiyome declare assemble"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.declare.chains import known_endpoint, rpc_option
from flows.cli.declare.files import force_option, put_file, require_free
from flows.cli.declare.signing import tell_signed

if TYPE_CHECKING:
    from models.consent.signed.parsing import SignedDocument
    from models.consent.signed.verification import Proof


@click.command("assemble")
@click.argument("request", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--signer", required=True, help="Your wallet's address: 0x and 40 hex digits.")
@click.option("--signature", required=True, help="What the wallet gave: 0x and 130 hex digits.")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: IMAGE.json, to lie beside the image.",
)
@rpc_option
@force_option
def assemble_command(
    request: Path, signer: str, signature: str, to: Path, rpc: str | None, force: bool
) -> None:
    """Put a wallet's signature to a REQUEST.

    REQUEST is from `kiyome declare sign --unsigned`. The signature is verified first: it has to be
    SIGNER's, over exactly this request. A wallet that is a contract (ERC-1271) is asked on its
    chain, as far as an endpoint is known.

    \b
    Example:
      kiyome declare assemble request.json --signer 0x… --signature 0x… --to art.png.json
    """
    from flows.cli.declare.requests import read_request
    from models.consent.declaring.signing import write_document
    from models.consent.statements import Condition
    from models.errors import KiyomeError

    require_free(to, force=force)
    document, license_ = read_request(request, signer.strip(), signature.strip())
    proof = _verify(document, rpc)
    if proof.condition is not Condition.SOUND:
        raise KiyomeError(
            f"The signature does not fit: {proof.note.rstrip('.')}.",
            "Sign exactly what `kiyome declare sign --unsigned` printed, with the key of --signer; "
            "for a wallet that is a contract, give --rpc.",
        )
    data = write_document(
        document.statement,
        document.preference,
        document.chain_id,
        document.signer,
        document.signature,
        document.scheme,
        license_,
    )
    put_file(to, data)
    click.echo(f"Written: {to}")
    tell_signed(document.statement, document.preference, document.signer)


def _verify(document: SignedDocument, rpc: str | None) -> Proof:
    """By the key alone; where that proves nothing and the chain can be asked, by the contract."""
    from models.consent.chain.rpc import ChainReader
    from models.consent.chain.sources import ChainError
    from models.consent.chain.wallets import CallRevertedError, WalletCalls
    from models.consent.signed.erc1271 import contract_check
    from models.consent.signed.verification import verify_document
    from models.consent.statements import Condition

    proof = verify_document(document)
    chain = f"eip155:{document.chain_id}"
    url = rpc or known_endpoint(chain)
    if proof.condition is Condition.SOUND or not url:
        return proof
    with ChainReader(chain, url) as reader:
        calls = {document.chain_id: WalletCalls(reader.open_view())}
        check = contract_check(calls, ChainError, (CallRevertedError,))
        return verify_document(document, check_contract_signature=check)

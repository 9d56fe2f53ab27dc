"""Reading the consent of every token of a collection, over a plain loop with web3.py.

    python benchmarks/chain.py --tokens 10000

Starts anvil (found as the tests find it) with a collection whose answers are computed from the
token's id, and a gateway in a process of its own that serves the metadata. Every third token
refuses. Prints seconds, requests, the most requests in flight, the tokens lost, which have to be
none, and the ratio to web3.py asking for one token after the other, measured on a sample.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.consent.chain.rpc import ChainReader
from models.consent.chain.sources import Collection
from models.consent.chain.tokens import read_collection
from models.consent.evidence.observation import Outcome
from models.consent.purposes import Preference, Purpose
from models.consent.uris import Resolver
from models.fetching.addresses import AddressRules
from models.fetching.fetcher import Fetcher
from tests.anvil import CHAIN, Contract, compile_contract, find_anvil, start_anvil


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=200, help="tokens of the plain loop")
    parser.add_argument("--latency", type=float, default=20.0, help="of the gateway, milliseconds")
    parser.add_argument("--slots", type=int, default=4, help="requests to the node at a time")
    parser.add_argument("--fetches", type=int, default=32, help="requests to the gateway at a time")
    given = parser.parse_args()
    if find_anvil() is None:
        print("Skipped: there is no anvil on PATH or in KIYOME_ANVIL.")
        return 0
    receiver, sender = multiprocessing.Pipe(duplex=False)
    gateway = multiprocessing.Process(
        target=serve_metadata, args=(sender, given.latency / 1000), daemon=True
    )
    gateway.start()
    try:
        with start_anvil() as chain:
            base = f"http://127.0.0.1:{receiver.recv()}/"
            contract = chain.deploy("computed_tokens", base, given.tokens)
            chain.finalize()
            return measure(chain.url, contract, given)
    finally:
        gateway.terminate()
        gateway.join()


def measure(url: str, contract: Contract, given: argparse.Namespace) -> int:
    """Read all tokens, and a sample in the plain way."""
    fetcher = Fetcher(rules=AddressRules(allow_private=("127.0.0.1",)))
    resolver = Resolver(fetcher, None)
    found: dict[int, bool] = {}
    started = time.perf_counter()
    with ChainReader(CHAIN, url, slots=given.slots) as reader:
        view = reader.open_view()
        collection = Collection(CHAIN, contract.address)
        for reading in read_collection(view, collection, resolver.resolve, slots=given.fetches):
            if reading.token is not None and reading.observation.outcome is Outcome.READ:
                found[reading.token.token] = is_refused(reading.observation.said)
        seconds = time.perf_counter() - started
        counts = reader.counts
    wrong = sum(refused != (token % 3 == 0) for token, refused in found.items())
    lost = given.tokens - len(found)
    sample = min(given.sample, given.tokens)
    plain = time_plain_loop(url, contract, sample) / sample
    print(f"{given.tokens:,} tokens, gateway {given.latency:g} ms")
    print(f"read at one block     {seconds:10.2f} s    {given.tokens / seconds:8.0f} tokens/s")
    print(f"requests to the node  {counts.requests:10,}      for {counts.questions:,} questions")
    print(f"most in flight        {counts.most_in_flight:10}      of {given.slots} slots")
    print(f"tokens lost           {lost:10}")
    print(f"read wrongly          {wrong:10}")
    print(f"web3.py, one by one   {plain * 1000:10.2f} ms a token, over {sample} tokens")
    print(f"plain / ours          {plain * given.tokens / seconds:10.1f}")
    return 1 if lost or wrong else 0


def is_refused(said: Any) -> bool:
    """Whether generative training is refused."""
    return any(
        each.statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED
        for each in said
    )


def time_plain_loop(url: str, contract: Contract, count: int) -> float:
    """Seconds for ``count`` tokens as a script would read them."""
    import requests
    from web3 import HTTPProvider, Web3

    web3 = Web3(HTTPProvider(url))
    abi, _ = compile_contract(contract.name)
    bound = web3.eth.contract(address=Web3.to_checksum_address(contract.address), abi=abi)
    started = time.perf_counter()
    for token in range(count):
        address = bound.functions.tokenURI(token).call(block_identifier="finalized")
        requests.get(address, timeout=30).json()
    return time.perf_counter() - started


def serve_metadata(sender: Connection, latency: float) -> None:
    """Serve the metadata of any token, each answer after ``latency`` seconds."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            token = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
            await asyncio.sleep(latency)
            use = "notAllowed" if token % 3 == 0 else "allowed"
            body = json.dumps(
                {"name": f"Picture {token}", "dataMiningPreference": {"aiTraining": use}}
            ).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        sender.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    sys.exit(main())

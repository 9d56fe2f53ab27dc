"""What the usage ledger's contract costs in gas, over one ERC-7053 commit for every asset.

    python benchmarks/ledger_gas.py

Starts anvil (found as the tests find it). Trees are synthetic: only the hashes that a proof
touches are computed, so that sizes of 1e9 take no time. Gas depends on the sizes alone, apart
from a few units for zero bytes in hashes; it is the same on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.ledger.chain.contract import load_artifact
from models.ledger.merkle import prove_consistency, prove_inclusion
from tests.anvil import Anvil, find_anvil, start_anvil
from tests.synthetic_trees import synthetic_tree
from tests.usage_ledger_contract import CALLS, DeployedLedger, deploy_ledger

STEPS = (
    (1, 2),
    (8, 16),
    (899_999, 1_000_000),
    (900_000, 1_000_000),
    (1_000_000, 2_000_000),
    (10**9, 10**9 + 1),
    (10**9, 10**9 + 10**6),
    (10**9 - 1, 10**9 + 10**6),
    (2**63 - 3, 2**63 - 1),
)
GOAL = 75_000
MANIFEST = hashlib.sha256(b"manifest").digest()
# A CIDv1 (raw, SHA-256) has 59 characters.
CID = "bafkrei" + "a" * 52
# What an asset's commit says at least: the digest of its record.
SAID = '{"sha256":"' + "a" * 64 + '"}'


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=60, help="random steps at each size")
    given = parser.parse_args()
    if find_anvil() is None:
        print("Skipped: there is no anvil on PATH or in KIYOME_ANVIL.")
        return 0
    with start_anvil() as chain:
        print(f"compiler      {load_artifact().compiler}, {len(load_artifact().runtime):,} bytes")
        measure_rest(chain)
        print("\nanchor, from -> to entries           hashes      gas")
        costs = {step: measure_anchor(chain, *step) for step in STEPS}
        for (old, new), (hashes, gas) in costs.items():
            print(f"  {old:>13,} -> {new:<19,} {hashes:>3}  {gas:>9,}")
        print(f"\nrandom steps, {given.samples} each              mean gas   most   over {GOAL:,}")
        for size, batch in ((10**4, 10**3), (10**6, 10**5), (10**8, 10**6), (10**9, 10**6)):
            measure_random(chain, size, batch, given.samples)
        measure_ratio(chain, costs[1_000_000, 2_000_000][1])
    return 0


def measure_rest(chain: Anvil) -> None:
    """Everything but anchoring from head to head."""
    data = CALLS.deployment(chain.accounts[0])
    made = chain.send(chain.accounts[0], None, "0x" + data.hex())
    print(f"deployment    {int(made['gasUsed'], 16):>9,}")
    ledger = deploy_ledger(chain)
    first = ledger.send(CALLS.anchor(10, b"\x11" * 32, MANIFEST, []))
    print(f"first head    {first['gasUsed']:>9,}")
    size, index = 1_000_000, 777_777
    tree = synthetic_tree(size, index, index + 1)
    path = prove_inclusion(index, size, tree)
    asked = CALLS.verify_inclusion_at(tree(index, index + 1), index, size, path, tree(0, size))
    call = {"to": ledger.client.address, "data": "0x" + asked.hex()}
    gas = int(chain.ask("eth_estimateGas", call), 16)
    print(f"inclusion     {gas:>9,}  ({len(path)} hashes; as a transaction: a call is free)")


def measure_anchor(chain: Anvil, old: int, new: int) -> tuple[int, int]:
    """Hashes in the proof, and gas, of one step on a contract of its own."""
    tree = synthetic_tree(old, new)
    ledger = deploy_ledger(chain)
    ledger.send(CALLS.anchor(old, tree(0, old), MANIFEST, []))
    proof = prove_consistency(old, new, tree)
    receipt = ledger.send(CALLS.anchor(new, tree(0, new), MANIFEST, proof))
    return len(proof), receipt["gasUsed"]


def measure_random(chain: Anvil, size: int, batch: int, samples: int) -> None:
    """Steps of up to ``2 * batch`` entries from heads of ``size`` to ``2 * size`` entries."""
    chance = random.Random(7)
    gas = []
    for _ in range(samples):
        old = chance.randrange(size, 2 * size)
        gas.append(measure_anchor(chain, old, old + chance.randrange(1, 2 * batch))[1])
    over = sum(used > GOAL for used in gas)
    mean = round(sum(gas) / samples)
    print(f"  from {size:>13,}, by about {batch:<10,} {mean:>7,} {max(gas):>7,} {over:>4}")


def measure_ratio(chain: Anvil, anchoring: int) -> None:
    """A million records in one head, over a million commits."""
    ledger: DeployedLedger = deploy_ledger(chain)
    commit = ledger.send(CALLS.commit(CID, SAID))["gasUsed"]
    print(f"\none commit    {commit:>9,}  (ERC-7053, {len(CID)} + {len(SAID)} bytes of text)")
    print(f"one head      {anchoring:>9,}  for 1,000,000 records: {anchoring / 1e6:.3f} a record")
    print(f"ratio         {commit * 10**6 / anchoring:>9,.0f}  times less than a commit each")


if __name__ == "__main__":
    sys.exit(main())

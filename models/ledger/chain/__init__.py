"""Anchoring the ledger's heads on an EVM chain.

- ``contract``: the contract's call data, answers and events, and what it is compiled to
- ``client``: the same over web3.py, for those who have a node and no ledger
- ``backends``, ``evm``: how a chain is asked, and what its answers mean
- ``signing``: who signs: a key file, an external signer, or, to try, a variable
- ``fees``, ``pace``: what a transaction offers for gas, and how long it waits for what
- ``journal``, ``sending``: the one transaction under way, on the disk before anybody hears of it
- ``heads``: the head on the chain, and whether the log leads to it
- ``receipts``, ``publishing``: the public files about anchored heads
- ``anchoring``: all of it together, by one writer
- ``operating``: making the contract, handing it over, stopping it
- ``payouts_contract``, ``funding``, ``paying_out``: the contract that pays owners, and its money
- ``erc7053``: a commit of each anchor's manifest, for indexers
- ``status``: how the ledger stands to its chain, and what to do
- ``errors``: what callers tell apart
"""

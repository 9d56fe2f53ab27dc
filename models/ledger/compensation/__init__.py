"""Compensation: what owners are due for the use of their assets, and how they are paid.

- ``rules``: the rule file, versioned, its digest in the ledger
- ``periods``: years, quarters and months
- ``accounts``: where each owner's money goes, and in which shares
- ``sums``: weights and amounts, exactly: no floating point
- ``uses``: what the ledger says was used in a period
- ``accounting``: rules and uses become what everybody is due
- ``payouts``: the Merkle tree that the contract ``Payouts`` pays from
- ``paying``: writes the files of a period and enters it into the ledger
"""

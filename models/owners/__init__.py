"""Rights owners: who they are, what became of their works, and what they ask for.

- ``identities``: which speakers of statements belong to which account
- ``wallet_messages``: the message that a wallet signs (EIP-4361)
- ``wallet_proofs``: whether it did, by its key or by its contract's word
- ``wallets``: signing in with a wallet, and binding further ones
- ``known_wallets``: which wallets speak in statements
- ``works_index``, ``works``: which works are whose; ``history``: in which releases each was
- ``works_pictures``: small copies of works, drawn once their owner looks
- ``works_copies``: the folder of those copies, and what leaves it
- ``own_ledger``: the usage ledger as owners read it; ``usage``: what it holds of them
- ``statements``: what they are due, period by period
"""

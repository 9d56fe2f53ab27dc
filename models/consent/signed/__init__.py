"""Consent that an owner signed with an Ethereum key: EIP-712, EIP-191 and ERC-1271."""

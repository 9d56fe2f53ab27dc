# pragma version ~=0.4.1
"""A minimal ERC-1155 for tests, with one address for all tokens."""

event TransferSingle:
    operator: indexed(address)
    sender: indexed(address)
    receiver: indexed(address)
    token: uint256
    amount: uint256

event TransferBatch:
    operator: indexed(address)
    sender: indexed(address)
    receiver: indexed(address)
    tokens: DynArray[uint256, 16]
    amounts: DynArray[uint256, 16]

event URI:
    value: String[4096]
    token: indexed(uint256)

owner: public(address)
base: String[4096]
uris: HashMap[uint256, String[4096]]
totalSupply: public(HashMap[uint256, uint256])
balances: HashMap[address, HashMap[uint256, uint256]]

@deploy
def __init__(base: String[4096]):
    self.owner = msg.sender
    self.base = base

@external
@view
def supportsInterface(asked: bytes4) -> bool:
    return asked in [0x01ffc9a7, 0xd9b67a26, 0x0e89341c]

@external
@view
def exists(token: uint256) -> bool:
    return self.totalSupply[token] > 0

@external
@view
def balanceOf(holder: address, token: uint256) -> uint256:
    return self.balances[holder][token]

@external
@view
def uri(token: uint256) -> String[4096]:
    assert self.totalSupply[token] > 0, "no such token"
    if len(self.uris[token]) > 0:
        return self.uris[token]
    return self.base

@external
def mint(to: address, token: uint256, amount: uint256):
    self.totalSupply[token] += amount
    self.balances[to][token] += amount
    log TransferSingle(
        operator=msg.sender, sender=empty(address), receiver=to, token=token, amount=amount
    )

@external
def mint_batch(to: address, tokens: DynArray[uint256, 16]):
    amounts: DynArray[uint256, 16] = []
    for token: uint256 in tokens:
        self.totalSupply[token] += 1
        self.balances[to][token] += 1
        amounts.append(1)
    log TransferBatch(
        operator=msg.sender, sender=empty(address), receiver=to, tokens=tokens, amounts=amounts
    )

@external
def set_uri(token: uint256, uri: String[4096]):
    self.uris[token] = uri
    log URI(value=uri, token=token)

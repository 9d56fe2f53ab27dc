# pragma version ~=0.4.1
"""An enumerable ERC-721 of any size for the benchmark: every answer is computed from the id."""

base: String[256]
totalSupply: public(uint256)

@deploy
def __init__(base: String[256], supply: uint256):
    self.base = base
    self.totalSupply = supply

@external
@view
def supportsInterface(asked: bytes4) -> bool:
    return asked in [0x01ffc9a7, 0x80ac58cd, 0x5b5e139f, 0x780e9d63]

@external
@view
def tokenByIndex(index: uint256) -> uint256:
    assert index < self.totalSupply
    return index

@external
@view
def tokenURI(token: uint256) -> String[340]:
    assert token < self.totalSupply
    return concat(self.base, uint2str(token))

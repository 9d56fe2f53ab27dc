# pragma version ~=0.4.1
"""An ERC-1271 wallet whose signatures are those of one key."""

key: public(address)

@deploy
def __init__(key: address):
    self.key = key

@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    r: bytes32 = extract32(signature, 0)
    s: bytes32 = extract32(signature, 32)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    if ecrecover(digest, v, r, s) == self.key:
        return 0x1626ba7e
    return 0xffffffff

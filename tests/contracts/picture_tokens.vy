# pragma version ~=0.4.1
"""A minimal ERC-721 for tests: enumerable where asked, with ERC-4906, ERC-7572 and ERC-7015."""

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    token: indexed(uint256)

event ConsecutiveTransfer:
    first: indexed(uint256)
    last: uint256
    sender: indexed(address)
    receiver: indexed(address)

event MetadataUpdate:
    token: uint256

event BatchMetadataUpdate:
    first: uint256
    last: uint256

event ContractURIUpdated:
    pass

event OwnershipTransferred:
    before: indexed(address)
    after: indexed(address)

event CreatorAttribution:
    struct_hash: bytes32
    domain_name: String[32]
    version: String[8]
    creator: address
    signature: Bytes[65]

owner: public(address)
enumerable: bool
silent: bool
uris: HashMap[uint256, String[4096]]
collection_uri: String[4096]
broken: HashMap[uint256, bool]
owners: HashMap[uint256, address]
ids: DynArray[uint256, 20000]

@deploy
def __init__(enumerable: bool, silent: bool):
    self.owner = msg.sender
    self.enumerable = enumerable
    self.silent = silent

@external
@view
def supportsInterface(asked: bytes4) -> bool:
    assert not self.silent
    if asked == 0x780e9d63:
        return self.enumerable
    return asked in [0x01ffc9a7, 0x80ac58cd, 0x5b5e139f, 0x49064906]

@external
@view
def ownerOf(token: uint256) -> address:
    assert self.owners[token] != empty(address), "no such token"
    return self.owners[token]

@external
@view
def tokenURI(token: uint256) -> String[4096]:
    assert self.owners[token] != empty(address), "no such token"
    assert not self.broken[token], "broken"
    return self.uris[token]

@external
@view
def contractURI() -> String[4096]:
    assert len(self.collection_uri) > 0
    return self.collection_uri

@external
@view
def totalSupply() -> uint256:
    return len(self.ids)

@external
@view
def tokenByIndex(index: uint256) -> uint256:
    return self.ids[index]

@external
def mint(to: address, token: uint256, uri: String[4096]):
    self.owners[token] = to
    self.uris[token] = uri
    if self.enumerable:
        self.ids.append(token)
    log Transfer(sender=empty(address), receiver=to, token=token)

@external
def mint_range(to: address, first: uint256, count: uint256, uri: String[4096]):
    for i: uint256 in range(count, bound=64):
        self.owners[first + i] = to
        self.uris[first + i] = uri
    log ConsecutiveTransfer(
        first=first, last=first + count - 1, sender=empty(address), receiver=to
    )

@external
def claim_range(first: uint256, last: uint256):
    log ConsecutiveTransfer(
        first=first, last=last, sender=empty(address), receiver=empty(address)
    )

@external
def burn(token: uint256):
    log Transfer(sender=self.owners[token], receiver=empty(address), token=token)
    self.owners[token] = empty(address)

@external
def set_uri(token: uint256, uri: String[4096]):
    self.uris[token] = uri
    log MetadataUpdate(token=token)

@external
def announce(first: uint256, last: uint256):
    log BatchMetadataUpdate(first=first, last=last)

@external
def set_broken(token: uint256):
    self.broken[token] = True

@external
def set_collection_uri(uri: String[4096]):
    self.collection_uri = uri
    log ContractURIUpdated()

@external
def pass_on(to: address):
    log OwnershipTransferred(before=self.owner, after=to)
    self.owner = to

@external
def attribute(struct_hash: bytes32, creator: address, signature: Bytes[65]):
    log CreatorAttribution(
        struct_hash=struct_hash, domain_name="ERC7015", version="1",
        creator=creator, signature=signature
    )

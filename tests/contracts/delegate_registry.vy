# pragma version ~=0.4.1
"""What is read of delegate.xyz's registry (version 2). Tests put it at the real one's address."""

delegated: HashMap[bytes32, bool]

@external
def delegateERC721(to: address, contract_: address, token: uint256, enable: bool):
    self.delegated[keccak256(abi_encode(to, msg.sender, contract_, token))] = enable

@external
@view
def checkDelegateForERC721(
    to: address, from_: address, contract_: address, token: uint256, rights: bytes32
) -> bool:
    assert rights == empty(bytes32), "other rights than all"
    return self.delegated[keccak256(abi_encode(to, from_, contract_, token))]

@external
@view
def checkDelegateForContract(
    to: address, from_: address, contract_: address, rights: bytes32
) -> bool:
    return False

# pragma version ==0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Payouts to owners
@license Apache-2.0
@notice Pays owners what they are due for a period. The owner of the contract adds a period as a
        Merkle root together with the money for it, and each account then claims its amount once,
        with a proof. The money of a period pays claims of that period only.
@dev A leaf is keccak256(keccak256(abi_encode(index, account, amount))), a node keccak256 over its
     children, the smaller one first: what OpenZeppelin's MerkleProof verifies. A leaf's inner
     hash is over 96 bytes and a node's over 64, so that no node can pass for a leaf.
     Anybody may send a claim; the money goes to the account that the leaf names.
"""

from ethereum.ercs import IERC20

event PeriodAdded:
    period: indexed(uint256)
    root: bytes32
    total: uint256
    reclaimableFrom: uint256
    statement: bytes32


event Claimed:
    period: indexed(uint256)
    index: uint256
    account: indexed(address)
    amount: uint256


event Reclaimed:
    period: indexed(uint256)
    amount: uint256


event OwnerProposed:
    owner: indexed(address)
    proposed: indexed(address)


event OwnerChanged:
    previous: indexed(address)
    owner: indexed(address)


event Paused:
    owner: indexed(address)


event Unpaused:
    owner: indexed(address)


struct Period:
    root: bytes32
    # What is left of the period's money.
    remaining: uint256
    # From this time on (seconds since 1970) the owner may take back what nobody claimed.
    reclaimableFrom: uint256


MAX_PROOF: constant(uint256) = 64
# Nobody loses a claim sooner than this after the period was added.
CLAIM_TIME: constant(uint256) = 90 * 86400

# The ERC-20 token that is paid in; the zero address for the chain's own coin.
TOKEN: public(immutable(IERC20))

owner: public(address)
pendingOwner: public(address)
paused: public(bool)
# When the last pause ended; 0 before the first one.
resumedAt: public(uint256)
# The number of periods; the first one is 1.
count: public(uint256)
periods: public(HashMap[uint256, Period])
# By period, 256 claims a word.
_claimed: HashMap[uint256, HashMap[uint256, uint256]]


@deploy
def __init__(owner: address, token: address):
    """
    @notice Begins without a period.
    @param owner Who may add periods; not the zero address.
    @param token The ERC-20 token to pay in, or the zero address for the chain's own coin.
    """
    assert owner != empty(address), "The owner cannot be the zero address."
    TOKEN = IERC20(token)
    self.owner = owner
    log OwnerChanged(previous=empty(address), owner=owner)


@external
@payable
@nonreentrant
def addPeriod(
    root: bytes32, total: uint256, reclaimableFrom: uint256, statement: bytes32
) -> uint256:
    """
    @notice Adds a period with the money for it: the coins sent along, or tokens that the owner
            has approved.
    @param root Root of the payout tree.
    @param total Sum of all amounts in it.
    @param reclaimableFrom When the owner may take back what nobody claimed, in seconds since
           1970; at least 90 days from now.
    @param statement SHA-256 of the file that describes the payout.
    @return The period's number.
    """
    self._check_owner()
    assert not self.paused, "The contract is paused."
    assert root != empty(bytes32), "The root is missing."
    assert total > 0, "There is nothing to pay."
    assert reclaimableFrom >= block.timestamp + CLAIM_TIME, "Owners need 90 days to claim."
    period: uint256 = self.count + 1
    self.count = period
    self.periods[period] = Period(root=root, remaining=total, reclaimableFrom=reclaimableFrom)
    if TOKEN.address == empty(address):
        assert msg.value == total, "The coins sent are not the total."
    else:
        assert msg.value == 0, "This contract pays in tokens."
        before: uint256 = staticcall TOKEN.balanceOf(self)
        assert extcall TOKEN.transferFrom(
            msg.sender, self, total, default_return_value=True
        ), "The tokens were not transferred."
        # A token that keeps a fee would leave the last claims without money.
        assert (
            staticcall TOKEN.balanceOf(self) == before + total
        ), "The tokens that arrived are not the total."
    log PeriodAdded(
        period=period,
        root=root,
        total=total,
        reclaimableFrom=reclaimableFrom,
        statement=statement,
    )
    return period


@external
@nonreentrant
def claim(
    period: uint256,
    index: uint256,
    account: address,
    amount: uint256,
    proof: DynArray[bytes32, MAX_PROOF],
):
    """
    @notice Pays a claim to its account. Anybody may send it.
    @param period Number of the period.
    @param index Number of the claim in it.
    @param account Whose it is.
    @param amount In the token's smallest units.
    @param proof From the leaf's sibling up.
    """
    assert not self.paused, "The contract is paused."
    root: bytes32 = self.periods[period].root
    assert root != empty(bytes32), "There is no such period."
    word: uint256 = self._claimed[period][index >> 8]
    mark: uint256 = 1 << (index & 255)
    assert word & mark == 0, "This was claimed before."
    assert self._verify(index, account, amount, proof, root), "The proof does not hold."
    remaining: uint256 = self.periods[period].remaining
    assert amount <= remaining, "The period's money is used up."
    self._claimed[period][index >> 8] = word | mark
    self.periods[period].remaining = remaining - amount
    log Claimed(period=period, index=index, account=account, amount=amount)
    self._pay(account, amount)


@external
@nonreentrant
def reclaim(period: uint256):
    """
    @notice Gives the owner back what nobody claimed, once the time that was set has come. After a
            pause accounts have 90 days again: nothing can be withheld by pausing.
    """
    self._check_owner()
    assert not self.paused, "The contract is paused."
    assert self.periods[period].root != empty(bytes32), "There is no such period."
    assert (
        block.timestamp >= self.periods[period].reclaimableFrom
        and block.timestamp >= self.resumedAt + CLAIM_TIME
    ), "It is too early to take this back."
    remaining: uint256 = self.periods[period].remaining
    assert remaining > 0, "There is nothing left."
    self.periods[period].remaining = 0
    log Reclaimed(period=period, amount=remaining)
    self._pay(msg.sender, remaining)


@view
@external
def isClaimed(period: uint256, index: uint256) -> bool:
    """
    @notice Whether a claim was paid.
    """
    return self._claimed[period][index >> 8] >> (index & 255) & 1 == 1


@view
@external
def verify(
    period: uint256,
    index: uint256,
    account: address,
    amount: uint256,
    proof: DynArray[bytes32, MAX_PROOF],
) -> bool:
    """
    @notice Whether a claim belongs to a period, paid or not.
    """
    root: bytes32 = self.periods[period].root
    return root != empty(bytes32) and self._verify(index, account, amount, proof, root)


@external
def proposeOwner(proposed: address):
    """
    @notice Names a successor, who has to accept. The zero address withdraws a proposal.
    """
    self._check_owner()
    self.pendingOwner = proposed
    log OwnerProposed(owner=msg.sender, proposed=proposed)


@external
def acceptOwner():
    """
    @notice Makes the proposed owner, who calls this, the owner. A pause stays in force.
    """
    assert msg.sender == self.pendingOwner, "Only the proposed owner may do this."
    previous: address = self.owner
    self.pendingOwner = empty(address)
    self.owner = msg.sender
    log OwnerChanged(previous=previous, owner=msg.sender)


@external
def pause():
    """
    @notice Stops claims and new periods.
    """
    self._check_owner()
    assert not self.paused, "The contract is paused."
    self.paused = True
    log Paused(owner=msg.sender)


@external
def unpause():
    """
    @notice Ends a pause.
    """
    self._check_owner()
    assert self.paused, "The contract is not paused."
    self.paused = False
    self.resumedAt = block.timestamp
    log Unpaused(owner=msg.sender)


@view
@internal
def _check_owner():
    assert msg.sender == self.owner, "Only the owner may do this."


@pure
@internal
def _verify(
    index: uint256,
    account: address,
    amount: uint256,
    proof: DynArray[bytes32, MAX_PROOF],
    root: bytes32,
) -> bool:
    digest: bytes32 = keccak256(keccak256(abi_encode(index, account, amount)))
    for sibling: bytes32 in proof:
        if convert(digest, uint256) < convert(sibling, uint256):
            digest = keccak256(concat(digest, sibling))
        else:
            digest = keccak256(concat(sibling, digest))
    return digest == root


@internal
def _pay(account: address, amount: uint256):
    if TOKEN.address == empty(address):
        raw_call(account, b"", value=amount)
    else:
        assert extcall TOKEN.transfer(
            account, amount, default_return_value=True
        ), "The tokens were not transferred."

# pragma version ==0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Usage ledger
@license Apache-2.0
@notice Holds the head (size and root) of an append-only log, and takes a new head only with the
        proof that the log under it begins with the log under the old one. Not even the operator
        can take back, change or reorder what was anchored.
@dev The log is a Merkle tree as in RFC 9162, section 2.1: SHA-256, leaf hashes over 0x00 and the
     entry, node hashes over 0x01, left and right. Only hashes get here. Inclusion is verified as
     in 2.1.3.2, consistency as in 2.1.4.2. Both answer `False`, and never revert, for any argument
     that the ABI can carry. Sizes go to 2**63: a consistency proof then has at most 64 hashes.

     How both walk up: `position` (fn in the RFC) is the place of the present node on its level,
     `last` (sn) that of the level's last node. While they differ, the node has a sibling on the
     side that the lowest bit of `position` tells, and both move up by a shift. Once they are equal
     they stay so: the node is on the right edge of the tree, where a node without a sibling moves
     up unhashed. All siblings are then on the left, one for each bit that is set in `position`,
     so that taking its lowest bit away does all the shifts that the RFC does one by one. A proof
     is too long if a hash is left at 0, and too short if 0 was not reached.
"""

event Anchored:
    sequence: indexed(uint256)
    size: uint256
    root: bytes32
    manifest: bytes32


event OperatorProposed:
    operator: indexed(address)
    proposed: indexed(address)


event OperatorChanged:
    previous: indexed(address)
    operator: indexed(address)


event Paused:
    operator: indexed(address)


event Unpaused:
    operator: indexed(address)


# As in ERC-7053.
event Commit:
    recorder: indexed(address)
    assetCid: indexed(String[128])
    commitData: String[2048]


MAX_HASHES: constant(uint256) = 64
NODE: constant(bytes1) = 0x01
MAX_SIZE: constant(uint256) = 2**63
# SHA-256 of nothing: the root of a log without entries (RFC 9162, 2.1.1).
EMPTY_ROOT: constant(bytes32) = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

# Parts of `_state`.
OPERATOR_MASK: constant(uint256) = 2**160 - 1
PAUSED: constant(uint256) = 2**160
AUTHORITY_MASK: constant(uint256) = 2**161 - 1
SIZE_SHIFT: constant(uint256) = 161
SIZE_MASK: constant(uint256) = 2**64 - 1
SEQUENCE_SHIFT: constant(uint256) = 225
MAX_SEQUENCE: constant(uint256) = 2**31

# What is read or written with every head shares a slot: the operator in the low 160 bits, whether
# the ledger is paused in bit 160, the size of the head in 64 bits from 161 on, and above them its
# sequence in 31. An own slot for the head would cost 2,100 gas more each time.
_state: uint256
_root: bytes32
# One hash over every head so far. It begins as 32 zero bytes, and each head makes it SHA-256 over
# itself, the size in 32 bytes big-endian, the root and the manifest. Whoever has the list of heads
# checks the whole of it against this one value, without a search through a node's logs.
history: public(bytes32)
pendingOperator: public(address)


@deploy
def __init__(operator: address):
    """
    @notice Begins an empty log.
    @param operator Who may anchor; not the zero address.
    """
    assert operator != empty(address), "The operator cannot be the zero address."
    self._state = convert(operator, uint256)
    self._root = EMPTY_ROOT
    log OperatorChanged(previous=empty(address), operator=operator)


@external
def anchor(size: uint256, root: bytes32, manifest: bytes32, proof: DynArray[bytes32, MAX_HASHES]):
    """
    @notice Takes a new head, larger than the present one and shown to extend it.
    @param size Number of entries, larger than the present one and at most 2**63.
    @param root Root over them (RFC 9162, 2.1.1).
    @param manifest SHA-256 of the file that lists the batches since the last head.
    @param proof Consistency proof from the present head (RFC 9162, 2.1.4.1); empty for the first
           head, which has nothing to extend.
    """
    state: uint256 = self._check_running()
    present: uint256 = (state >> SIZE_SHIFT) & SIZE_MASK
    assert size > present, "The new size must be larger than the present one."
    assert size <= MAX_SIZE, "The new size is above 2**63."
    if present == 0:
        assert root != empty(bytes32), "The root is missing."
        assert len(proof) == 0, "The first head takes no proof."
    else:
        assert self._extends(
            present, self._root, size, root, proof
        ), "The proof does not lead from the present head to the new one."
    sequence: uint256 = unsafe_add(state >> SEQUENCE_SHIFT, 1)
    assert sequence < MAX_SEQUENCE, "No further head can be numbered."
    self._state = state & AUTHORITY_MASK | size << SIZE_SHIFT | sequence << SEQUENCE_SHIFT
    self._root = root
    self.history = sha256(concat(self.history, convert(size, bytes32), root, manifest))
    log Anchored(sequence=sequence, size=size, root=root, manifest=manifest)


@view
@external
def head() -> (uint256, uint256, bytes32):
    """
    @notice The present head.
    @return Number of entries, number of heads anchored so far, root. Before the first head these
            are 0, 0 and the root of an empty log, SHA-256 of nothing.
    """
    state: uint256 = self._state
    return (state >> SIZE_SHIFT) & SIZE_MASK, state >> SEQUENCE_SHIFT, self._root


@view
@external
def verifyInclusion(leaf: bytes32, index: uint256, proof: DynArray[bytes32, MAX_HASHES]) -> bool:
    """
    @notice Whether a leaf stands in the log under the present head.
    @param leaf Leaf hash: SHA-256 over 0x00 and the entry.
    @param index Position of the leaf; the first is 0.
    @param proof Its audit path for the present size (RFC 9162, 2.1.3.1).
    """
    return self._includes(leaf, index, (self._state >> SIZE_SHIFT) & SIZE_MASK, self._root, proof)


@pure
@external
def verifyInclusionAt(
    leaf: bytes32,
    index: uint256,
    size: uint256,
    root: bytes32,
    proof: DynArray[bytes32, MAX_HASHES],
) -> bool:
    """
    @notice Whether a leaf stands in a tree. Take size and root from an anchored head, never from
            whoever made the proof.
    """
    return self._includes(leaf, index, size, root, proof)


@pure
@external
def verifyConsistency(
    oldSize: uint256,
    oldRoot: bytes32,
    newSize: uint256,
    newRoot: bytes32,
    proof: DynArray[bytes32, MAX_HASHES],
) -> bool:
    """
    @notice Whether one tree begins with another. Between equal sizes the roots have to be equal
            and the proof empty; from size 0 nothing can be shown, and the answer is no.
    """
    if oldSize == newSize:
        return 0 < oldSize and oldSize <= MAX_SIZE and len(proof) == 0 and oldRoot == newRoot
    return self._extends(oldSize, oldRoot, newSize, newRoot, proof)


@view
@external
def operator() -> address:
    """
    @notice Who may anchor, commit, pause, and propose a successor.
    """
    return convert(self._state & OPERATOR_MASK, address)


@view
@external
def paused() -> bool:
    """
    @notice Whether anchoring and committing are stopped.
    """
    return self._state & PAUSED != 0


@external
def proposeOperator(proposed: address):
    """
    @notice Names a successor, who has to accept. The zero address withdraws a proposal.
    """
    self._check_operator()
    self.pendingOperator = proposed
    log OperatorProposed(operator=msg.sender, proposed=proposed)


@external
def acceptOperator():
    """
    @notice Makes the proposed operator, who calls this, the operator. A pause stays in force.
    """
    assert msg.sender == self.pendingOperator, "Only the proposed operator may do this."
    authority: uint256 = self._state
    self.pendingOperator = empty(address)
    self._state = authority & ~OPERATOR_MASK | convert(msg.sender, uint256)
    log OperatorChanged(previous=convert(authority & OPERATOR_MASK, address), operator=msg.sender)


@external
def pause():
    """
    @notice Stops anchoring and committing. Views and the change of the operator go on.
    """
    self._state = self._check_running() | PAUSED
    log Paused(operator=msg.sender)


@external
def unpause():
    """
    @notice Ends a pause.
    """
    assert self._check_operator() & PAUSED != 0, "The ledger is not paused."
    self._state = self._state & ~PAUSED
    log Unpaused(operator=msg.sender)


@external
def commit(assetCid: String[128], commitData: String[2048]) -> uint256:
    """
    @notice Commits data to an asset as in ERC-7053, for indexers that look for its event.
    @return The block's number.
    """
    self._check_running()
    log Commit(recorder=msg.sender, assetCid=assetCid, commitData=commitData)
    return block.number


@view
@internal
def _check_operator() -> uint256:
    """
    @dev Reverts for anybody but the operator; gives the word that was read for it.
    """
    authority: uint256 = self._state
    assert (
        convert(msg.sender, uint256) == authority & OPERATOR_MASK
    ), "Only the operator may do this."
    return authority


@view
@internal
def _check_running() -> uint256:
    """
    @dev Reverts for anybody but the operator, and during a pause; gives the word that was read.
    """
    state: uint256 = self._check_operator()
    assert state & PAUSED == 0, "The ledger is paused."
    return state


@pure
@internal
def _includes(
    leaf: bytes32,
    index: uint256,
    size: uint256,
    root: bytes32,
    proof: DynArray[bytes32, MAX_HASHES],
) -> bool:
    """
    @dev RFC 9162, 2.1.3.2.
    """
    if index >= size or size > MAX_SIZE:
        return False
    position: uint256 = index
    last: uint256 = unsafe_sub(size, 1)
    digest: bytes32 = leaf
    for sibling: bytes32 in proof:
        if position == last:
            if position == 0:
                return False
            digest = sha256(concat(NODE, sibling, digest))
            position &= unsafe_sub(position, 1)
            last = position
        else:
            if position & 1 == 0:
                digest = sha256(concat(NODE, digest, sibling))
            else:
                digest = sha256(concat(NODE, sibling, digest))
            position >>= 1
            last >>= 1
    return last == 0 and digest == root


@pure
@internal
def _extends(
    old_size: uint256,
    old_root: bytes32,
    new_size: uint256,
    new_root: bytes32,
    proof: DynArray[bytes32, MAX_HASHES],
) -> bool:
    """
    @dev RFC 9162, 2.1.4.2, for 0 < old_size < new_size; between other sizes `False`. Both roots are
         built up from the same hashes: the new one from all of them, the old one from those that
         stand left of the old tree's edge. The hash is written out in each place because a call
         here would cost some 1,700 gas more for a head of a million entries.
    """
    if old_size == 0 or old_size >= new_size or new_size > MAX_SIZE:
        return False
    # The walk begins at the largest perfect subtree that ends the old tree. The lowest bit that is
    # set in the old size is its size; below it the RFC shifts all bits of `position` out.
    lowest: uint256 = old_size & unsafe_sub(0, old_size)
    position: uint256 = unsafe_sub(unsafe_div(old_size, lowest), 1)
    last: uint256 = unsafe_div(unsafe_sub(new_size, 1), lowest)
    # If that subtree is the whole old tree, its hash is known and does not stand in the proof.
    started: bool = position == 0
    old: bytes32 = old_root
    new: bytes32 = old_root
    for sibling: bytes32 in proof:
        if not started:
            started = True
            old = sibling
            new = sibling
        elif position == last:
            if position == 0:
                return False
            old = sha256(concat(NODE, sibling, old))
            new = sha256(concat(NODE, sibling, new))
            position &= unsafe_sub(position, 1)
            last = position
        else:
            if position & 1 == 0:
                new = sha256(concat(NODE, new, sibling))
            else:
                old = sha256(concat(NODE, sibling, old))
                new = sha256(concat(NODE, sibling, new))
            position >>= 1
            last >>= 1
    return last == 0 and old == old_root and new == new_root

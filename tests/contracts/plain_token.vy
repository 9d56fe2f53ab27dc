# pragma version ==0.4.3
# An ERC-20 token for tests: it can keep a fee of every transfer, or refuse by saying False.
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
fee: public(uint256)
refusing: public(bool)


@deploy
def __init__(supply: uint256):
    self.balanceOf[msg.sender] = supply


@external
def set_fee(fee: uint256):
    self.fee = fee


@external
def set_refusing(refusing: bool):
    self.refusing = refusing


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    if self.refusing:
        return False
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount - self.fee
    return True


@external
def transferFrom(sender: address, to: address, amount: uint256) -> bool:
    self.allowance[sender][msg.sender] -= amount
    self.balanceOf[sender] -= amount
    self.balanceOf[to] += amount - self.fee
    return True

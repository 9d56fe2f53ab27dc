# pragma version ==0.4.3
# An account that, while it is paid, claims the same again.
interface Payouts:
    def claim(
        period: uint256,
        index: uint256,
        account: address,
        amount: uint256,
        proof: DynArray[bytes32, 64],
    ): nonpayable


amount: uint256
tried: public(bool)


@external
def prepare(amount: uint256):
    self.amount = amount


@external
@payable
def __default__():
    if not self.tried:
        self.tried = True
        extcall Payouts(msg.sender).claim(1, 0, self, self.amount, [])

# pragma version ~=0.4.1
"""An ERC-7053 registry: anyone may commit for any CID."""

event Commit:
    recorder: indexed(address)
    assetCid: indexed(String[128])
    commitData: String[8192]

@external
def commit(asset_cid: String[128], commit_data: String[8192]) -> uint256:
    log Commit(recorder=msg.sender, assetCid=asset_cid, commitData=commit_data)
    return block.number

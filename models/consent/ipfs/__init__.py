"""IPFS: naming bytes by their hash, and reading them so that nobody on the way has to be trusted.

cid         a content identifier, in all its spellings
hashing     the identifiers that common tools give to the bytes of a file
blocks      a block, verified against its identifier
car         many blocks in one file
dag_pb      the block format of files and directories
unixfs      what such a block says: file, directory, shard
files       the bytes at a path below an identifier, put together from blocks
dag         dag-cbor and dag-json blocks as plain values
gateway     all of this over HTTP gateways, each of which may lie
"""

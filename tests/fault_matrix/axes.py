"""The two axes of the matrix."""

from __future__ import annotations

from enum import Enum


class Carrier(Enum):
    """A way in which consent reaches us, as a reader knows it."""

    SIDECAR = "JSON beside the image (ERC-7517)"
    EIP712 = "signed statement, EIP-712"
    EIP191 = "signed statement, EIP-191"
    ERC1271 = "signed statement of a contract wallet, ERC-1271"
    C2PA = "content credentials (C2PA, CAWG)"
    PLUS = "PLUS in XMP"
    TDM_XMP = "TDMRep in XMP"
    KEPT = "web evidence kept beside the image"
    ROBOTS_TAG = "X-Robots-Tag, asked live"
    ROBOTS_TXT = "robots.txt, asked live"
    AI_TXT = "ai.txt, asked live"
    AIPREF = "Content-Usage (AIPREF), asked live"
    CONTENT_SIGNAL = "Content-Signal in robots.txt, asked live"
    TDMREP = "tdmrep.json, asked live"
    RSL = "RSL licence, asked live"
    ERC721 = "ERC-721 token, faults of the node"
    ERC1155 = "ERC-1155 token, faults of its metadata's server"
    ERC7572 = "collection default (ERC-7572), faults of its server"
    ERC7053 = "commit (ERC-7053), faults of the node"
    IPFS = "token metadata on IPFS, faults of the gateway"
    OPT_OUT = "opt-out list"
    TDMAI = "TDM·AI declaration by ISCC"
    LICENCE = "licence document of a constrained use"
    CONTRACT = "contract on file"


class Fault(Enum):
    """What goes wrong. The first two are controls: nothing does, and the carrier is heard."""

    SOUND = "nothing: it refuses"
    GRANTED = "nothing: the holder grants"
    ABSENT = "absent"
    TIMEOUT = "timeout"
    SERVER_ERROR = "5xx"
    TRUNCATED = "truncated"
    TAMPERED = "tampered"
    WRONG_TYPE = "wrong type"
    OVERSIZED = "oversized"
    PRIVATE = "redirect to a private address"
    STRANGER = "stranger's grant"
    EXPIRED = "expired grant"
    CONFLICTING = "conflicting"

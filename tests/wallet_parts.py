"""Wallets for tests: keys that sign as any wallet does, and what there is to sign."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path
from typing import Any

from eth_account import Account as EthAccount
from eth_account.messages import encode_defunct

from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.recording import record
from models.consent.statements import Statement
from models.consent.subjects import Subject, SubjectKind
from models.store.database import Database
from tests.account_parts import Window

KEY = "0x" + "11" * 32
OTHER_KEY = "0x" + "22" * 32
THIRD_KEY = "0x" + "33" * 32


def address_of_key(key: str) -> str:
    """The address of a key, with its checksum."""
    return str(EthAccount.from_key(key).address)


ADDRESS = address_of_key(KEY).lower()
OTHER = address_of_key(OTHER_KEY).lower()
THIRD = address_of_key(THIRD_KEY).lower()


def sign_text(text: str, key: str = KEY) -> str:
    """The signature of a personal message (EIP-191), in hex with 0x."""
    return "0x" + bytes(EthAccount.sign_message(encode_defunct(text=text), key).signature).hex()


def name_wallet(
    window: Window, address: str = ADDRESS, at: str = "/sign-in/wallet", **fields: str
) -> Any:
    """Name a wallet on a page; the answer leads to its message."""
    page = "/identities" if at.startswith("/identities") else "/sign-in/wallet"
    return window.send(at, page, address=address, **fields)


def read_message(page: str) -> str:
    """The text that a page shows to be signed."""
    found = re.search(r'<textarea id="wallet-message"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found, page
    return unescape(found[1])


def sign_in_with(window: Window, key: str = KEY) -> Any:
    """All of it: name the wallet, sign the message, send the signature."""
    path = name_wallet(window, address_of_key(key)).headers["location"]
    token = window.token(path)
    signature = sign_text(read_message(window.http.get(path).text), key)
    return window.http.post(path, data={"csrf": token, "signature": signature})


def hear(database: Database, workspace: Path, *setters: str) -> None:
    """Evidence in which these speak."""
    subject = Subject(SubjectKind.URL, "https://a.example/1.png")
    said = tuple(Said(subject, Statement("signed", "a", setter=setter)) for setter in setters)
    look = Observation(f"source {setters}", "signed", Outcome.READ, int(time.time()), said)
    record(database, workspace, [look])

"""For any message: it is read back as written, and nothing close to it proves a wallet."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.errors import AccountError
from models.owners.wallet_messages import WalletMessage, parse_message, write_message
from models.owners.wallet_proofs import Failing, find_failing, parse_signature
from tests.wallet_parts import ADDRESS, sign_text

letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
hosts = st.from_regex(r"[a-z0-9\-]{1,20}(\.[a-z0-9\-]{1,20}){0,3}(:[0-9]{1,5})?", fullmatch=True)
seconds = st.integers(0, 4_000_000_000)


@st.composite
def messages(draw: st.DrawFn) -> WalletMessage:
    host = draw(hosts)
    issued_at = draw(seconds)
    return WalletMessage(
        domain=host,
        address=ADDRESS,
        statement=draw(st.text(letters + " .,'!?()=:;@$&*+#[]_~/-", min_size=1, max_size=80)),
        uri=f"{draw(st.sampled_from(['http', 'https']))}://{host}/{draw(st.text(letters))}",
        chain_id=draw(st.integers(1, 2**53 - 1)),
        nonce=draw(st.text(letters, min_size=8, max_size=64)),
        issued_at=issued_at,
        expires_at=issued_at + draw(st.integers(1, 10_000)),
    )


def no_chain(_chain: int, _address: str, _digest: bytes, _signature: bytes) -> Failing | None:
    return Failing.NO_CHAIN


@given(messages())
def test_a_message_is_read_back_as_it_was_written(message: WalletMessage) -> None:
    assert parse_message(write_message(message)) == message


@settings(max_examples=30, deadline=None)
@given(messages(), messages(), st.sampled_from(WalletMessage.__slots__))
def test_a_signature_proves_no_message_that_differs_in_any_field(
    message: WalletMessage, other: WalletMessage, field: str
) -> None:
    changed = replace(message, **{field: getattr(other, field)})
    if field == "address":
        changed = replace(message, address="0x" + "9" * 40)
    assume(changed != message and changed.issued_at < changed.expires_at)
    text = write_message(message)
    signature = parse_signature(sign_text(text))
    assert signature is not None
    assert find_failing(message, text, signature, no_chain) is None
    failing = find_failing(changed, write_message(changed), signature, no_chain)
    assert failing is Failing.NOT_SIGNED


@given(messages(), st.data())
def test_a_text_with_one_character_changed_is_another_message_or_none(
    message: WalletMessage, data: st.DataObject
) -> None:
    text = write_message(message)
    place = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.characters(codec="utf-8"))
    changed = text[:place] + char + text[place + 1 :]
    assume(changed != text)
    try:
        read = parse_message(changed)
    except AccountError:
        return
    assert read != message
    assert write_message(read) == changed


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_the_signature_of_a_key_that_did_not_sign(junk: bytes) -> None:
    message = WalletMessage("a.example", ADDRESS, "s", "https://a.example", 1, "n" * 8, 0, 300)
    text = write_message(message)
    assert find_failing(message, text, junk, no_chain) in (Failing.NOT_SIGNED, Failing.NO_CHAIN)


@given(st.text())
def test_any_text_is_a_signature_or_none(given_text: str) -> None:
    found = parse_signature(given_text)
    assert found is None or found.hex() in "".join(given_text.split()).lower()

"""How surely a speaker is known, and that a certificate's own words are no key."""

from __future__ import annotations

from typing import Any

import pytest

from models.consent.carriers.c2pa import _judge
from models.consent.setters import Known, how_known, is_key
from models.errors import AccountError
from models.owners.identities import SubjectOnlyError, clean_identity

ADDRESS = "0x" + "ab" * 20
FINGERPRINT = "cd" * 32


@pytest.mark.parametrize(
    ("setter", "levels", "known"),
    [
        ("Studio Hanako", "L5", Known.CONTRACT),
        (FINGERPRINT, "L1+L4", Known.KEY),
        (ADDRESS, "L1+L2+L3+L4", Known.KEY),
        (f"{ADDRESS}/0017", "L1", Known.KEY),
        ("subject:Studio Hanako", "L1", Known.SUBJECT),
        (f"subject:{FINGERPRINT}", "L1+L4", Known.SUBJECT),
        ("subject:Studio Hanako", "L1+L2", Known.AUTHORITY),
        ("Studio Hanako", "L1", Known.NAMED),
        (ADDRESS, "L0", Known.NAMED),
        (f"{ADDRESS}@12.3", "L1", Known.NAMED),
        ("", "L0", Known.NOBODY),
    ],
)
def test_a_speaker_is_known_as_far_as_it_is_proven(setter: str, levels: str, known: Known) -> None:
    assert how_known(setter, levels) is known


@pytest.mark.parametrize("name", [FINGERPRINT, ADDRESS, "Studio Hanako"])
def test_what_a_certificate_says_about_itself_is_never_a_key_nor_a_holder(name: str) -> None:
    document: dict[str, Any] = {"validation_state": "Valid"}
    active = {"signature_info": {"common_name": name}}
    setter = _judge(document, active, "label", b"no store to find the certificate in").setter
    assert setter == f"subject:{name}"
    assert not is_key(setter)
    assert how_known(setter, "L1+L4") is Known.SUBJECT


@pytest.mark.parametrize("given", ["subject:Studio Hanako", f" SUBJECT:{FINGERPRINT}"])
def test_such_a_name_is_bound_to_nobody(given: str) -> None:
    with pytest.raises(SubjectOnlyError) as raised:
        clean_identity(given)
    assert isinstance(raised.value, AccountError)

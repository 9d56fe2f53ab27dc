"""A mail server that no longer takes the password is told apart from one that is away."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from models.errors import WorkspaceError
from models.watching import mailing
from models.watching.mailing import MailServer, send_mail


class _Refusing:
    def login(self, user: str, password: str) -> None:
        raise smtplib.SMTPAuthenticationError(535, f"{user}:{password} is not known".encode())


def test_a_refused_password_is_said_to_be_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextmanager
    def connect(*_: object) -> Iterator[_Refusing]:
        yield _Refusing()

    monkeypatch.setattr(mailing, "_connect", connect)
    server = MailServer("smtps", "mail.example.com", 465, "ops", "seven-lanterns")
    with pytest.raises(WorkspaceError, match="refuses the name or the password") as raised:
        send_mail(server, EmailMessage())
    assert "alert_smtp" in str(raised.value)
    assert "seven-lanterns" not in str(raised.value)

"""Alerts by mail."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from models.errors import SettingsError, WorkspaceError
from models.watching.alerting import Change
from models.watching.conditions import Alert

_TIMEOUT_S = 60
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.

    Attributes:
        scheme: ``smtps`` (TLS from the start), ``smtp+starttls``, or ``smtp`` (in clear).
        user, password: "" where the server asks for none.
    """

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Read ``smtps://user:password@host:port``.

        Raises:
            SettingsError: it is not such an address, or would send a password in clear.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError) as error:
            raise _unusable("it is no address of a mail server") from error
        if not parts.hostname or parts.path.strip("/") or parts.query:
            raise _unusable("it is no address of a mail server")
        if parts.password and parts.scheme == "smtp":
            raise _unusable("the password would go out in clear")
        return cls(
            parts.scheme,
            parts.hostname,
            port,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )


def compose_mail(change: Change, sender: str, to: tuple[str, ...], place: str) -> EmailMessage:
    """What is told of a change.

    Args:
        place: where the page is, for the reader to go on.
    """
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(to)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="kiyome.local")
    message["Auto-Submitted"] = "auto-generated"
    first = (change.raised or change.cleared)[0]
    more = len(change.raised) + len(change.cleared) - 1
    prefix = "" if change.raised else "over: "
    subject = f"[Kiyome] {prefix}{first.problem}"
    message["Subject"] = " ".join(subject.split())[:160] + (f" (+{more})" if more else "")
    parts = [
        *_section("Needs you now", change.raised),
        *_section("Still does", change.standing),
        *_section("Is over", change.cleared, remedy=False),
        f"Review page: {place}",
    ]
    message.set_content("\n".join(parts) + "\n")
    return message


def send_mail(server: MailServer, message: EmailMessage) -> None:
    """Hand a message in.

    Raises:
        WorkspaceError: the server cannot be reached, refuses the password or does not take it.
    """
    context = ssl.create_default_context()
    try:
        with _connect(server, context) as connection:
            if server.scheme == "smtp+starttls":
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise WorkspaceError(
            f"The mail server {server.host}:{server.port} refuses the name or the password.",
            "Put the new ones into alert_smtp.",
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise WorkspaceError(
            f"The mail server {server.host}:{server.port} did not take the mail: "
            f"{type(error).__name__}.",
            "Check alert_smtp, and whether the server is reached from here.",
        ) from error


def _connect(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)


def _section(title: str, alerts: tuple[Alert, ...], *, remedy: bool = True) -> list[str]:
    if not alerts:
        return []
    lines = [title, ""]
    for alert in alerts:
        lines.append(f"- {alert.problem}")
        if remedy:
            lines.append(f"  {alert.remedy}")
    return [*lines, ""]


def _unusable(why: str) -> SettingsError:
    return SettingsError(
        f"alert_smtp cannot be used: {why}.",
        "Give smtps://user:password@host, smtp+starttls://user:password@host, or smtp://host.",
    )

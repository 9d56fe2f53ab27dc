"""A look at everything: figures, what needs a person, and telling them."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import SettingsError, WorkspaceError
from models.settings import Settings
from models.store.database import Database
from models.watching.alerting import Change, note_alerts
from models.watching.conditions import Alert, Limits, find_alerts
from models.watching.figures import Figures, gather_figures
from models.watching.mailing import MailServer, compose_mail, send_mail


@dataclass(frozen=True, slots=True)
class Told:
    """What a look came to.

    Attributes:
        mail: whether a mail was sent.
        trouble: why none was, where one should have been; "" otherwise.
    """

    figures: Figures
    alerts: tuple[Alert, ...]
    change: Change
    mail: bool
    trouble: str


def look(settings: Settings, database: Database) -> tuple[Figures, tuple[Alert, ...]]:
    """How everything is now, without telling anybody.

    Raises:
        StoreError: the database cannot be reached.
        LedgerError: the ledger's head cannot be read.
    """
    figures = gather_figures(settings, database)
    return figures, find_alerts(figures, Limits.of(settings))


def look_and_tell(settings: Settings, database: Database) -> Told:
    """Look, and tell by webhook and mail what has changed.

    A mail that cannot be sent is no reason not to tell the webhooks; it is said in the answer.

    Raises:
        StoreError: the database cannot be reached.
        LedgerError: the ledger's head cannot be read.
    """
    figures, alerts = look(settings, database)
    change = note_alerts(database, alerts)
    sent, trouble = False, ""
    if settings.alert_mail_to and (change.raised or change.cleared):
        try:
            _mail(settings, change)
            sent = True
        except (SettingsError, WorkspaceError) as error:
            trouble = str(error)
    return Told(figures, alerts, change, sent, trouble)


def _mail(settings: Settings, change: Change) -> None:
    server = MailServer.parse(settings.alert_smtp)
    to = settings.alert_mail_to
    message = compose_mail(change, settings.alert_mail_from or to[0], to, settings.review_address)
    send_mail(server, message)

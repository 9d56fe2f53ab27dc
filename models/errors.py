"""Every error Kiyome raises on purpose.

    KiyomeError                 a sentence for a person: what is wrong, and what to do
    ├── SettingsError           kiyome.toml or a KIYOME_* variable cannot be used
    ├── PolicyError             policy.toml cannot be used; names line and field
    ├── RunnerError             processes of a cluster were lost, or none answers
    ├── DatasetError            a dataset cannot be read as a whole
    ├── WorkspaceError          the workspace cannot be written, or another run holds it
    ├── StoreError              the database is missing, older, newer or locked
    ├── RegisterError           a protected name or motif cannot be registered
    ├── EncoderError            an image encoder cannot be loaded
    ├── LedgerError             the ledger does not verify, or cannot be appended to
    ├── ReleaseError            a release cannot be published or exported
    ├── AccountError            an account, password or one-time link cannot be used
    ├── RequestError            an owner's request cannot be taken or settled
    ├── BackupError             a backup cannot be made, is damaged or cannot be restored
    ├── WebhookError            a webhook cannot be made or sent to
    └── ReviewError             a ruling cannot be taken
        ├── CaptionEditError    an edit of a caption cannot be taken or applied
        ├── ConsentUnansweredError  the ruling says nothing about consent that is in doubt
        ├── LeaseLostError      the lease ended, or another reviewer holds the item
        └── AlreadyRuledError   the item version already has its one effective ruling

One asset that cannot be read is not an error here: it is a recorded outcome (``models.reasons``).
"""

from __future__ import annotations


class KiyomeError(Exception):
    """A failure that a person can act on.

    Args:
        problem: what is wrong, as one sentence.
        remedy: what the reader can do about it, as one sentence.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[KiyomeError], tuple[str, str]]:
        return (type(self), (self.problem, self.remedy))


class SettingsError(KiyomeError):
    """kiyome.toml or a KIYOME_* variable cannot be used."""


class PolicyError(KiyomeError):
    """policy.toml cannot be used."""


class RunnerError(KiyomeError):
    """Processes that carry out a run on a cluster were lost, or none answers."""


class DatasetError(KiyomeError):
    """A dataset cannot be read as a whole."""


class WorkspaceError(KiyomeError):
    """The workspace cannot be written, or another run holds it."""


class StoreError(KiyomeError):
    """The database is missing, of another version, or locked."""


class RegisterError(KiyomeError):
    """A protected name or motif cannot be registered."""


class EncoderError(KiyomeError):
    """An image encoder cannot be loaded."""


class LedgerError(KiyomeError):
    """The ledger does not verify, or cannot be appended to."""


class ReleaseError(KiyomeError):
    """A release cannot be published or exported."""


class AccountError(KiyomeError):
    """An account, a password or a one-time link cannot be used."""


class RequestError(KiyomeError):
    """An owner's request cannot be taken or settled.

    Args:
        code: what is wrong, for pages that say it in another language.
    """

    def __init__(self, problem: str, remedy: str = "", code: str = "other") -> None:
        super().__init__(problem, remedy)
        self.code = code


class BackupError(KiyomeError):
    """A backup cannot be made, is damaged or cannot be restored."""


class WebhookError(KiyomeError):
    """A webhook cannot be made or sent to."""


class ReviewError(KiyomeError):
    """A ruling cannot be taken."""


class CaptionEditError(ReviewError):
    """An edit of a caption cannot be taken or applied."""


class ConsentUnansweredError(ReviewError):
    """The ruling says nothing about the consent that is in doubt."""


class LeaseLostError(ReviewError):
    """The lease ended, or another reviewer holds the item."""


class AlreadyRuledError(ReviewError):
    """The item version already has its one effective ruling."""

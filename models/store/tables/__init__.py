"""The tables of the one SQL database: everything small and transactional.

Times are UTC milliseconds since 1970, taken from the database's own clock (``now_ms``). JSON is
kept as text in canonical form, so that it reads the same from SQLite and PostgreSQL.
"""

from __future__ import annotations

from models.store.tables.accounts import (
    AccountLinkRow,
    AccountRow,
    AccountSessionRow,
    SignInAttemptRow,
)
from models.store.tables.alerts import AlertRow
from models.store.tables.api_tokens import ApiTokenRow
from models.store.tables.assurance import AssuranceAssetRow, AssuranceSampleRow, AssuranceStratumRow
from models.store.tables.audit import AuditRow
from models.store.tables.base import Base
from models.store.tables.captions import CaptionEditRow
from models.store.tables.consent import ContractRow, CursorRow, EvidenceRow, EvidenceStatementRow
from models.store.tables.golden import (
    GoldenHandingRow,
    GoldenItemRow,
    GoldenRulingRow,
    GoldenServingRow,
    GoldenTurnRow,
)
from models.store.tables.outbox import OutboxRow
from models.store.tables.owners import OwnerIdentityRow, WalletChallengeRow
from models.store.tables.policy_proposals import PolicyProposalRow
from models.store.tables.referrals import OwnerQuestionRow, ReferralRow
from models.store.tables.registers import (
    MotifChangeRow,
    MotifRow,
    NameChangeRow,
    NameListRow,
    NameRow,
    RegisterRow,
    SurfaceRow,
    VocabularyRow,
)
from models.store.tables.releases import ReleaseRow
from models.store.tables.requests import (
    OwnerRequestEventRow,
    OwnerRequestRow,
    OwnerRequestSubjectRow,
    RevocationRow,
)
from models.store.tables.review import (
    DraftRow,
    ReviewItemRow,
    ReviewPreferencesRow,
    RulingRow,
    SavedFilterRow,
    SkipRow,
)
from models.store.tables.runs import RunRow
from models.store.tables.signing import ReleaseProposalRow, ReleaseSignatureRow
from models.store.tables.takedowns import TakedownRow
from models.store.tables.terms import TermRow, TermRulingRow
from models.store.tables.webhooks import WebhookDeliveryRow, WebhookRow

__all__ = [
    "AccountLinkRow",
    "AccountRow",
    "AccountSessionRow",
    "AlertRow",
    "ApiTokenRow",
    "AssuranceAssetRow",
    "AssuranceSampleRow",
    "AssuranceStratumRow",
    "AuditRow",
    "Base",
    "CaptionEditRow",
    "ContractRow",
    "CursorRow",
    "DraftRow",
    "EvidenceRow",
    "EvidenceStatementRow",
    "GoldenHandingRow",
    "GoldenItemRow",
    "GoldenRulingRow",
    "GoldenServingRow",
    "GoldenTurnRow",
    "MotifChangeRow",
    "MotifRow",
    "NameChangeRow",
    "NameListRow",
    "NameRow",
    "OutboxRow",
    "OwnerIdentityRow",
    "OwnerQuestionRow",
    "OwnerRequestEventRow",
    "OwnerRequestRow",
    "OwnerRequestSubjectRow",
    "PolicyProposalRow",
    "ReferralRow",
    "RegisterRow",
    "ReleaseProposalRow",
    "ReleaseRow",
    "ReleaseSignatureRow",
    "ReviewItemRow",
    "ReviewPreferencesRow",
    "RevocationRow",
    "RulingRow",
    "RunRow",
    "SavedFilterRow",
    "SignInAttemptRow",
    "SkipRow",
    "SurfaceRow",
    "TakedownRow",
    "TermRow",
    "TermRulingRow",
    "VocabularyRow",
    "WalletChallengeRow",
    "WebhookDeliveryRow",
    "WebhookRow",
]

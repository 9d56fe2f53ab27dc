"""The tables of the one SQL database: everything small and transactional.

Times are UTC milliseconds since 1970, taken from the database's own clock (``now_ms``). JSON is
kept as text in canonical form, so that it reads the same from SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of every table."""

    type_annotation_map = {int: BigInteger}  # noqa: RUF012  (read by SQLAlchemy)


class RunRow(Base):
    """One cleansing run."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text, index=True)
    status: Mapped[str] = mapped_column(String(16))
    inputs: Mapped[str] = mapped_column(String(64), default="")
    release: Mapped[str] = mapped_column(String(64), default="")
    counts: Mapped[str] = mapped_column(Text, default="{}")
    detail: Mapped[str] = mapped_column(Text, default="")
    holds_until_ms: Mapped[int | None]
    started_ms: Mapped[int]
    finished_ms: Mapped[int | None]


class NameRow(Base):
    """A protected name: one entity of the register."""

    __tablename__ = "names"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text, index=True)
    category: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(Text, default="")
    added_ms: Mapped[int]


class SurfaceRow(Base):
    """One way in which a protected name is written."""

    __tablename__ = "surfaces"

    name_id: Mapped[str] = mapped_column(
        ForeignKey("names.id", ondelete="CASCADE"), primary_key=True
    )
    text: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default="official")
    language: Mapped[str] = mapped_column(String(16), default="")


class MotifRow(Base):
    """A protected motif: one reference image. The image lies in the workspace under its id.

    ``box`` is what of it is the motif, as fractions, or "" for all of it. ``state`` is confirmed,
    unconfirmed (submitted by its owner and protected at once) or refused (kept, not protected).
    ``version`` is the register's version at its last change. ``pdq`` is its fingerprint in hex,
    "" where it is too plain for one, and NULL while nobody has computed it. ``disputed_with`` is
    the id of another owner's reference that looks the same; ``warnings`` is JSON.
    """

    __tablename__ = "motifs"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(Text, index=True)
    category: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="")
    added_ms: Mapped[int]
    box: Mapped[str] = mapped_column(Text, default="")
    right_kind: Mapped[str] = mapped_column(String(16), default="")
    right_note: Mapped[str] = mapped_column(Text, default="")
    registered_by: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default="confirmed")
    version: Mapped[int] = mapped_column(default=0)
    pdq: Mapped[str | None] = mapped_column(String(64))
    disputed_with: Mapped[str] = mapped_column(String(64), default="")
    warnings: Mapped[str] = mapped_column(Text, default="[]")


class MotifChangeRow(Base):
    """One change of one reference of the motif register. Rows are only ever added.

    ``action`` is added, corrected, removed, confirmed, refused or disputed; ``detail`` is JSON:
    the fields that changed, and why.
    """

    __tablename__ = "motif_changes"
    __table_args__ = (Index("ix_motif_change_motif", "motif_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    at_ms: Mapped[int]
    actor: Mapped[str] = mapped_column(Text, default="")
    action: Mapped[str] = mapped_column(String(16))
    motif_id: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text, default="{}")


class NameListRow(Base):
    """A list of names or tags that was imported: where it is from, and how old it is.

    ``source`` is what its names carry as their source. ``dated_ms`` is the day of the list itself,
    as its importer was told or read it, and not the day of the import.
    """

    __tablename__ = "name_lists"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    format: Mapped[str] = mapped_column(String(32))
    licence: Mapped[str] = mapped_column(Text, default="")
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    dated_ms: Mapped[int]
    imported_ms: Mapped[int]


class NameChangeRow(Base):
    """One change of one name of the register. Rows are only ever added.

    ``action`` is added, changed or removed; ``detail`` is JSON: the surfaces that came or went.
    """

    __tablename__ = "name_changes"
    __table_args__ = (Index("ix_name_change_version", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    at_ms: Mapped[int]
    actor: Mapped[str] = mapped_column(Text, default="")
    action: Mapped[str] = mapped_column(String(8))
    name_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text, default="{}")


class VocabularyRow(Base):
    """A descriptive tag: no name. ``term`` is its key, ``text`` how it was first written."""

    __tablename__ = "vocabulary"

    term: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(Text, default="")
    added_ms: Mapped[int]


class TermRow(Base):
    """An unknown term of a dataset, as the last run found it: how often, where, how likely a name.

    ``examples`` is JSON: a few of the texts that it stands in, with its place there.
    """

    __tablename__ = "terms"
    __table_args__ = (Index("ix_term_rank", "dataset", "score"),)

    dataset: Mapped[str] = mapped_column(Text, primary_key=True)
    term: Mapped[str] = mapped_column(Text, primary_key=True)
    surface: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(16), default="")
    detector: Mapped[str] = mapped_column(String(64))
    explanation: Mapped[str] = mapped_column(Text, default="")
    assets: Mapped[int]
    score: Mapped[float]
    examples: Mapped[str] = mapped_column(Text, default="[]")
    run: Mapped[str] = mapped_column(String(36), default="")


class TermRulingRow(Base):
    """A person's decision on a term, for every asset of a dataset.

    ``category`` is what the term names, or "" for one that only describes. At most one ruling on a
    term is in force: the one that is not undone.
    """

    __tablename__ = "term_rulings"
    __table_args__ = (
        Index(
            "uq_term_ruling_in_force",
            "dataset",
            "term",
            unique=True,
            sqlite_where=text("undone_ms IS NULL"),
            postgresql_where=text("undone_ms IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    term: Mapped[str] = mapped_column(Text)
    surface: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(16), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(Text)
    ruled_ms: Mapped[int]
    undone_by: Mapped[str] = mapped_column(Text, default="")
    undone_ms: Mapped[int | None]


class RegisterRow(Base):
    """The version of each register: names, motifs, vocabulary. It grows with every change."""

    __tablename__ = "register_versions"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int]


class ReviewItemRow(Base):
    """One question put to reviewers about one asset of one dataset.

    ``question`` is the digest of what is asked (findings, statements, captions, policy): when a
    later run asks something else about the asset, the item gets a new version or is superseded.
    ``name`` and ``reasons`` repeat from the evidence what a list shows, so that no list has to
    load it. ``skipped_ms`` is 0, or when the item was last put behind the others. ``cluster`` is
    the representative of the near-identical pictures that the asset is one of, or "". ``alike`` is
    the digest of what is asked apart from the picture: items of a cluster that have the same may be
    ruled on together; "" for an item of an older Kiyome, until a run asks about it again.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        UniqueConstraint("dataset", "asset_id", name="uq_review_item_asset"),
        Index(
            "ix_review_open",
            "skipped_ms",
            text("priority DESC"),
            "cluster",
            "id",
            sqlite_where=text("state IN ('open', 'leased')"),
            postgresql_where=text("state IN ('open', 'leased')"),
        ),
        Index(
            "ix_review_leased",
            "lease_holder",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index("ix_review_listed", "dataset", "state"),
        Index(
            "ix_review_cluster",
            "dataset",
            "cluster",
            "state",
            sqlite_where=text("cluster != ''"),
            postgresql_where=text("cluster != ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str] = mapped_column(String(64), index=True)
    question: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16), default="open")
    priority: Mapped[int] = mapped_column(default=0)
    skipped_ms: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(Text, default="")
    reasons: Mapped[str] = mapped_column(Text, default="")
    cluster: Mapped[str] = mapped_column(String(64), default="")
    alike: Mapped[str] = mapped_column(String(64), default="")
    evidence: Mapped[str] = mapped_column(Text)
    lease_token: Mapped[str] = mapped_column(String(36), default="")
    lease_holder: Mapped[str] = mapped_column(Text, default="")
    lease_until_ms: Mapped[int] = mapped_column(default=0)
    created_ms: Mapped[int]
    updated_ms: Mapped[int]


class RulingRow(Base):
    """A reviewer's decision on one version of one item: at most one, ever.

    ``came_with`` is the ruling that this one was taken together with, on ``came_with_item``, an
    item about a near-identical picture that the reviewer was looking at; both are "" for a ruling
    that was taken by itself.
    """

    __tablename__ = "rulings"
    __table_args__ = (
        UniqueConstraint("item_id", "item_version", name="uq_ruling_item_version"),
        Index("ix_ruling_reviewer", "reviewer", "ruled_ms"),
        Index(
            "ix_ruling_came_with",
            "came_with",
            sqlite_where=text("came_with != ''"),
            postgresql_where=text("came_with != ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id"))
    item_version: Mapped[int]
    dataset: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[str] = mapped_column(String(64), index=True)
    question: Mapped[str] = mapped_column(String(64))
    ruling: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(Text)
    ruled_ms: Mapped[int]
    came_with: Mapped[str] = mapped_column(String(36), default="")
    came_with_item: Mapped[str] = mapped_column(String(36), default="")


class AuditRow(Base):
    """One link of the append-only audit chain: ``hash`` covers ``prev_hash`` and the rest."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class OutboxRow(Base):
    """Something that happened and that others have not been told yet."""

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    topic: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    sent_ms: Mapped[int | None]


class TakedownRow(Base):
    """An owner's acknowledged request: the asset is in no release made after it."""

    __tablename__ = "takedowns"

    asset_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    requested_by: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    acknowledged_ms: Mapped[int]


class ContractRow(Base):
    """A licence on file, entered by one person and in force once another has approved it."""

    __tablename__ = "contracts"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    terms: Mapped[str] = mapped_column(Text)
    document_sha256: Mapped[str] = mapped_column(String(64))
    entered_by: Mapped[str] = mapped_column(Text)
    entered_ms: Mapped[int]
    approved_by: Mapped[str] = mapped_column(Text, default="")
    approved_ms: Mapped[int | None]
    ended_by: Mapped[str] = mapped_column(Text, default="")
    ended_ms: Mapped[int | None]


class EvidenceRow(Base):
    """One look at one source outside the dataset. Rows are only ever added."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_source", "source", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text)
    carrier: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(16))
    observed_at: Mapped[int]
    valid_until: Mapped[int | None]
    anchor: Mapped[str] = mapped_column(Text, default="")
    body_sha256: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(Text, default="")


class EvidenceStatementRow(Base):
    """What one look at a source said about one subject. Rows are only ever added."""

    __tablename__ = "evidence_statements"
    __table_args__ = (
        Index("ix_evidence_subject", "subject"),
        Index("ix_evidence_kind", "kind"),
    )

    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)


class CursorRow(Base):
    """How far a source that grows has been read: JSON of the reader's own making."""

    __tablename__ = "evidence_cursors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class ReleaseRow(Base):
    """A published dataset version."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("dataset", "number", name="uq_release_number"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    exclusions_sha256: Mapped[str] = mapped_column(String(64))
    folder: Mapped[str] = mapped_column(Text)
    cleared: Mapped[int]
    removed: Mapped[int]
    created_ms: Mapped[int]


class AccountRow(Base):
    """Somebody who may sign in on the review page. Rows are never deleted: rulings name them.

    ``name`` is what stands on record; ``name_key`` is it folded, so that no two differ by case or
    width alone. ``password_hash`` is NULL until one was set, ``issuer`` and ``subject`` are NULL
    without an OpenID provider.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="uq_account_identity"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text, unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    pseudonym: Mapped[str] = mapped_column(String(16), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8), default="")
    created_ms: Mapped[int]
    disabled_ms: Mapped[int | None]


class AccountSessionRow(Base):
    """Somebody signed in, in one browser. ``token_sha256`` is all that is kept of its token."""

    __tablename__ = "account_sessions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_ms: Mapped[int]
    seen_ms: Mapped[int]
    address: Mapped[str] = mapped_column(Text, default="")
    agent: Mapped[str] = mapped_column(Text, default="")


class AccountLinkRow(Base):
    """A link that sets an account's password once. ``token_sha256`` is all that is kept of it."""

    __tablename__ = "account_links"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    expires_ms: Mapped[int]
    used_ms: Mapped[int | None]


class SignInAttemptRow(Base):
    """One attempt to sign in; kept for a day. ``failed`` is 1 until it has succeeded."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_attempt_name", "name_sha256", "at_ms"),
        Index("ix_attempt_address", "address", "at_ms"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at_ms: Mapped[int]
    name_sha256: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(Text)
    failed: Mapped[int]


class AssuranceSampleRow(Base):
    """A blind sample of a release's cleared assets, as it was planned. Never changed; one each.

    ``approved`` is how many of the release's assets a reviewer's approval cleared: they are not
    among those that the sample was drawn from.
    """

    __tablename__ = "assurance_samples"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), primary_key=True)
    dataset: Mapped[str] = mapped_column(Text, index=True)
    parting: Mapped[str] = mapped_column(String(16))
    aim: Mapped[str] = mapped_column(String(16))
    at_most: Mapped[float]
    confidence: Mapped[float]
    allowed: Mapped[int]
    combination: Mapped[str] = mapped_column(String(16))
    ledger_root: Mapped[str] = mapped_column(String(64))
    public_value: Mapped[str] = mapped_column(Text)
    seed: Mapped[str] = mapped_column(Text)
    approved: Mapped[int]
    drawn_ms: Mapped[int]


class AssuranceStratumRow(Base):
    """One stratum of a sample: how many cleared assets it has, and how many were drawn."""

    __tablename__ = "assurance_strata"

    release_id: Mapped[str] = mapped_column(
        ForeignKey("assurance_samples.release_id"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    population: Mapped[int]
    drawn: Mapped[int]


class AssuranceAssetRow(Base):
    """One drawn asset. A ruling on its item that answers ``question`` is the sample's.

    ``place`` is its place in the order in which its stratum was drawn. ``ruled_before`` is 1 where
    a person had ruled on the asset before, on another question.
    """

    __tablename__ = "assurance_assets"
    __table_args__ = (Index("ix_assurance_item", "item_id", "question"),)

    release_id: Mapped[str] = mapped_column(
        ForeignKey("assurance_samples.release_id"), primary_key=True
    )
    asset_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    stratum: Mapped[str] = mapped_column(Text)
    place: Mapped[int]
    item_id: Mapped[str] = mapped_column(String(36))
    question: Mapped[str] = mapped_column(String(64))
    ruled_before: Mapped[int]

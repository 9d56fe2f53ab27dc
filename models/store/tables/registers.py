"""The registers of protected names and motifs, and their history."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


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


class RegisterRow(Base):
    """The version of each register: names, motifs, vocabulary. It grows with every change."""

    __tablename__ = "register_versions"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int]

"""The motif register: the reference pictures that owners ask to be kept out.

A reference is known by the SHA-256 of its original bytes, which lie in the workspace; what it
shows, whose it is, and what of it is the motif stands in the database. The same picture is in the
register once, and every change of it is recorded.
"""

from __future__ import annotations

from models.motifs.claims import CATEGORIES, RIGHTS, Claim
from models.motifs.listing import (
    REGISTER_KIND,
    find_motifs,
    list_motifs,
    read_history,
    register_version,
)
from models.motifs.register.adding import (
    LIST_FILE,
    FolderReport,
    add_folder,
    add_motif,
    read_folder,
    read_picture,
    register_folder,
    rehearsing,
    submit_reference,
)
from models.motifs.register.changing import (
    Manner,
    Outcome,
    register_picture,
)
from models.motifs.register.examining import Examination, examine_reference
from models.motifs.register.exporting import export_motifs
from models.motifs.register.keeping import motif_folder
from models.motifs.register.pictures import (
    GROUNDS,
    MAX_BYTES,
    MAX_PIXELS,
    SMALLEST_SIDE,
    ReferencePicture,
    crop_to_motif,
    decode_reference,
)
from models.motifs.register.references import (
    Reference,
    describe_reference,
    load_references,
    register_digest,
)
from models.motifs.register.revising import (
    correct_motif,
    decide_motif,
    remove_motif,
    remove_unlisted_pictures,
)

__all__ = [
    "CATEGORIES",
    "GROUNDS",
    "LIST_FILE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "REGISTER_KIND",
    "RIGHTS",
    "SMALLEST_SIDE",
    "Claim",
    "Examination",
    "FolderReport",
    "Manner",
    "Outcome",
    "Reference",
    "ReferencePicture",
    "add_folder",
    "add_motif",
    "correct_motif",
    "crop_to_motif",
    "decide_motif",
    "decode_reference",
    "describe_reference",
    "examine_reference",
    "export_motifs",
    "find_motifs",
    "list_motifs",
    "load_references",
    "motif_folder",
    "read_folder",
    "read_history",
    "read_picture",
    "register_digest",
    "register_folder",
    "register_picture",
    "register_version",
    "rehearsing",
    "remove_motif",
    "remove_unlisted_pictures",
    "submit_reference",
]

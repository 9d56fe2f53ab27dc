"""Which rows of the nouns stage hold a finding of an unknown term, told by their text alone."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from models.reasons import Reason

WRITTEN = f'"kind":"{Reason.UNKNOWN_TERM.value}"'
"""How canonical JSON says that a finding is an unknown term."""


def may_hold_terms(output: pa.Table) -> bool:
    """Whether an output of the nouns stage holds any such finding; it is never false by mistake."""
    texts = pa.chunked_array(
        [chunk.flatten() for chunk in output["findings"].chunks], type=pa.string()
    )
    return bool(pc.any(pc.match_substring(texts, WRITTEN)).as_py())

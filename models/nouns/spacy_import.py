"""spaCy, imported without PyTorch.

thinc, on which spaCy rests, imports PyTorch wherever it is installed: two seconds and some 450 MB
that finding names in text has no use for. It is hidden while spaCy is imported and is there again
afterwards, for an encoder that needs it. It is not hidden from spaCy where spaCy's transformers are
installed, which run on it. A process that has imported PyTorch before keeps it in spaCy too; one
that adds another component which runs on PyTorch has to do so.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any, cast

_modules = cast("dict[str, Any]", sys.modules)
_needed = any(map(find_spec, ("spacy_transformers", "spacy_curated_transformers")))
_hides = "torch" not in _modules and not _needed
if _hides:
    _modules["torch"] = None  # an import of a name that stands for None fails as if it were absent
try:
    import spacy
    from spacy.language import Language
    from spacy.tokens import Doc, Span
finally:
    if _hides:
        del _modules["torch"]

__all__ = ["Doc", "Language", "Span", "spacy"]

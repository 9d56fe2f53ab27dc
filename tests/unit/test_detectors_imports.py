"""What the detectors of a run with the builtin encoder load, and what they leave alone."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import importlib.util, sys
import models.detectors
from models.motifs.encoders import load_encoder
load_encoder("builtin:layout")
assert "spacy" in sys.modules
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_builtin_encoder_needs_neither_pytorch_nor_open_clip() -> None:
    run(LOADED + "assert not {'torch', 'open_clip'} & set(sys.modules), sorted(sys.modules)")


def test_pytorch_can_be_imported_after_spacy() -> None:
    run(LOADED + "assert importlib.util.find_spec('torch') is not None")


def test_pytorch_that_was_imported_before_stays_where_it_is() -> None:
    run(
        "import sys, types\n"
        "before = sys.modules['torch'] = types.ModuleType('torch')\n"
        "import models.nouns.spacy_import\n"
        "assert sys.modules['torch'] is before"
    )

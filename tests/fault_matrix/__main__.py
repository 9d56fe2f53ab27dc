"""Writes docs/consent-faults.md: ``python -m tests.fault_matrix``."""

from __future__ import annotations

from tests.fault_matrix.page import PAGE, write_page

PAGE.write_text(write_page(), encoding="utf-8")

"""Caption edits: another text that people put in the place of one asset's caption."""

"""Evidence: what was read outside the dataset, kept append-only, and what it says about assets."""

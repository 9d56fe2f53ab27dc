"""Tags: cut out of a caption, and judged by a vocabulary."""

"""How good the review itself is: agreement, golden items, assurance, and thresholds from rulings.

Pure functions over rulings that the caller has read; nothing here opens a database.
"""

"""Re-cleansing: what a change costs on a dataset that is known.

Nothing here decides anything by itself. Every row is one that ``models.judging`` and the stages
would make; what is saved is making it again where nothing it rests on has changed.
"""

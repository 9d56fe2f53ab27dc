"""The blind sample of a release's cleared assets: drawn, asked about in the queue, and reported.

What its numbers mean, and why they hold, is in ``models.review.quality.assurance``.
"""

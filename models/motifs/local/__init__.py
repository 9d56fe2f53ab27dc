"""Local features: points of a picture that are found again in its copies, wherever they lie.

    keypoints.py    points of a picture with their descriptors, and their bytes for Parquet
    descriptors.py  what a point's surroundings look like, as 64 small numbers
    sketches.py     the picture itself, small, to be laid over a reference
    references.py   the forms of a registered picture that its copies may have
    geometry.py     whether matched points agree on one place
    index.py        all references' points, and the search in them
    scoring.py      how sure a place is, by its points and by its looks
    placing.py      a place in fractions of both pictures

Only these modules import OpenCV.
"""

"""Local features: points of a picture that are found again in its copies, wherever they lie.

    keypoints.py    points of a picture with their descriptors, and their bytes for Parquet
    descriptors.py  what a point's surroundings look like, as 64 small numbers
    references.py   the forms of a registered picture that its copies may have
    packing.py      the arrays in which an index keeps all references
    voting.py       which references the matched points speak for
    geometry.py     whether matched points agree on one place
    sketches.py     the picture itself and each reference, small and grey
    overlays.py     the one laid over the other, where it fits best
    looks.py        how much the one looks like the other there
    index.py        the search
    scoring.py      how sure a place is, by its points and by its looks
    placing.py      a place in fractions of both pictures

Only these modules import OpenCV.
"""

"""Local features: points of a picture that are found again in its copies, wherever they lie.

    keypoints.py    points of a picture with their descriptors, and their bytes for Parquet
    descriptors.py  what a point's surroundings look like, as 64 small numbers
    references.py   the forms of a registered picture that its copies may have
    geometry.py     whether matched points agree on one place
    index.py        all references' points, and the search in them

Only these modules import OpenCV.
"""

"""Which labels of other people's models are names of ours, and of which category."""

from __future__ import annotations

from collections.abc import Mapping

from models.nouns.register.storage import CATEGORIES

ONTONOTES = {
    "PERSON": "person",
    "PER": "person",
    "ORG": "brand",
    "PRODUCT": "brand",
    "WORK_OF_ART": "work",
    "FAC": "place",
    "GPE": "place",
    "LOC": "place",
    "MISC": "",
}
"""OntoNotes 5 and CoNLL 2003, on which most spaCy packages are trained. What is neither here nor a
category of ours (DATE, CARDINAL, NORP and so on) is no name that anyone registers."""

EXTENDED = {
    "Person": "person",
    "God": "character",
    "Character": "character",
    "Living_Thing_Other": "",
    "Name_Other": "",
    "Book": "work",
    "Movie": "work",
    "Music": "work",
    "Game": "work",
    "Show": "work",
    "Art_Other": "work",
    "Printing_Other": "work",
    "Broadcast_Program": "work",
    "Title_Other": "",
    "Magazine": "brand",
    "Newspaper": "brand",
    "Company": "brand",
    "Company_Group": "brand",
    "Corporation_Other": "brand",
    "Show_Organization": "studio",
    "Organization_Other": "brand",
    "Pro_Sports_Organization": "brand",
    "Product_Other": "brand",
    "Car": "brand",
    "Ship": "brand",
    "Spaceship": "brand",
    "Amusement_Park": "place",
    "City": "place",
    "Theater": "place",
    "Museum": "place",
    "Zoo": "place",
}
"""Sekine's Extended Named Entity Hierarchy, version 8, as GiNZA uses it."""


NOT_NAMES = frozenset(
    {
        "CARDINAL",
        "DATE",
        "EVENT",
        "LANGUAGE",
        "LAW",
        "MONEY",
        "NORP",
        "ORDINAL",
        "PERCENT",
        "QUANTITY",
        "TIME",
    }
)
"""Labels of OntoNotes 5 for what is no name of ours."""


def category_of(label: str, own: Mapping[str, str] | None = None) -> str | None:
    """The category of a label, "" for a name of no known category, None for what is no name.

    Args:
        label: what a model calls a span.
        own: the model's own mapping of labels, which is asked first.
    """
    if own is not None and label in own:
        category = own[label]
        return category if category in CATEGORIES or not category else None
    if label.lower() in CATEGORIES:
        return label.lower()
    for known in (ONTONOTES, EXTENDED):
        if label in known:
            return known[label]
    return None

"""What an item of Wikidata names, by what it is an instance of (P31)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

_CHARACTERS = """
    Q95074 Q15632617 Q97498056 Q15773317 Q15773347 Q3658341 Q1569167 Q80447738 Q87576284 Q1114461
    Q15711870 Q50386450 Q63975020 Q3375722 Q4271324 Q21070568 Q28020127 Q118247723 Q123126876
"""
"""Fictional character, human, person; of television, film, literature, video games, anime, manga,
comics, animation, opera, musicals, theatre; mythical; animal, and human of comics; Disney's."""
_WORKS = """
    Q11424 Q24869 Q24862 Q202866 Q29168811 Q506240 Q20650540 Q24856
    Q5398426 Q15416 Q1259759 Q117467246 Q581714 Q526877 Q1366112
    Q1107 Q63952888 Q220898 Q11086742
    Q8274 Q21198342 Q21202185 Q747381 Q104213567 Q1004 Q838795
    Q7889 Q7058673 Q196600
    Q571 Q7725634 Q8261 Q47461344 Q277759 Q1667921
"""
"""Films of several kinds; series and programmes of television and the web; anime; manga, light
novels and comics; video games and media franchises; books and literary works."""
_STUDIOS = "Q1107679 Q375336 Q1762059 Q10689397 Q210167 Q1137109 Q2085381 Q1320047"
"""Animation and film studios, producers of film and television, developers and publishers of video
games, publishing houses."""
_BRANDS = """
    Q431289 Q167270 Q10429667 Q4830453 Q6881511 Q783794 Q891723 Q18388277 Q1058914 Q161726 Q167037
    Q1480166 Q786820 Q507619
"""
"""Brands and trademarks; businesses and companies of several kinds; makers of cars; chains."""
_ARTISTS = "Q215380 Q641066 Q216337"
"""Musical groups, girl and boy bands."""

HUMAN = "Q5"
CATEGORIES_BY_CLASS: Mapping[str, str] = MappingProxyType(
    {
        **{
            item: category
            for category, items in (
                ("brand", _BRANDS),
                ("studio", _STUDIOS),
                ("artist", _ARTISTS),
                ("work", _WORKS),
                ("character", _CHARACTERS),
            )
            for item in items.split()
        },
        HUMAN: "person",
    }
)
_BY_WEIGHT = ("character", "work", "studio", "artist", "brand", "person")

_ARTISTIC = "Q483501 Q1028181 Q644687 Q191633 Q715301 Q1114448 Q266569 Q3391743 Q1281618 Q33231"
ARTIST_OCCUPATIONS = frozenset(_ARTISTIC.split())
"""Artist, painter, illustrator, author of manga and of comics, cartoonist, animator, visual
artist, sculptor, photographer: whose hand shows in a picture (P106)."""


def category_of(classes: Iterable[str], occupations: Iterable[str] = ()) -> str:
    """The category of an item; "" where none of its classes is known.

    Args:
        classes: ids of what it is an instance of (P31).
        occupations: ids of its occupations (P106).
    """
    found = {CATEGORIES_BY_CLASS.get(each, "") for each in classes}
    if "person" in found and not ARTIST_OCCUPATIONS.isdisjoint(occupations):
        found.add("artist")
    return next((category for category in _BY_WEIGHT if category in found), "")

"""What holds of pieces, skeletons, typos and variants for any string."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.nouns.disguise.skeletons import cut_pieces, skeleton_of_unspaced
from models.nouns.disguise.typos import TypoIndex, is_one_slip
from models.nouns.matching.ambiguity import Ordinary
from models.nouns.normalisation import normalise
from models.nouns.recognisers.variants import Variants
from models.nouns.recognition import prepare
from models.nouns.register.storage import make_entry, make_register

VARIANTS = Variants(
    make_register([make_entry("hatsune_miku", "character", ["初音ミク", "セーラームーン"])]),
    Ordinary(),
)
LETTERS = "hatsunemiku HATSUNE-MIKU_.,()@$!104ミクみくーッツヴァ初音・ \u200bаіｍ🅜\ud800\u202e"
TEXTS = st.one_of(st.text(), st.text(alphabet=LETTERS, max_size=60))
WORDS = st.text(alphabet="abcミク", min_size=1, max_size=8)


@given(TEXTS)
def test_pieces_are_in_order_apart_and_within_the_text(text: str) -> None:
    pieces = cut_pieces(text, 0, len(text))
    end = 0
    for piece in pieces:
        assert end <= piece.end
        assert 0 <= piece.start < piece.end <= len(text)
        assert piece.letters
        end = piece.end


@given(TEXTS)
def test_the_places_of_a_skeleton_rise_and_lie_in_the_normal_form(text: str) -> None:
    normal = normalise(text)
    skeleton, places = skeleton_of_unspaced(normal)
    assert len(skeleton) == len(places)
    assert list(places) == sorted(set(places))
    assert not places or (places[0] >= 0 and places[-1] < len(normal.text))


@given(WORDS, WORDS)
def test_a_word_one_slip_away_is_always_among_the_candidates(one: str, other: str) -> None:
    assert is_one_slip(one, other) == is_one_slip(other, one)
    if is_one_slip(one, other):
        assert TypoIndex.of([(7, one)]).candidates(other) == {7}


@given(TEXTS)
def test_sightings_are_spans_of_the_text(text: str) -> None:
    (seen,) = VARIANTS.recognise([prepare(text)])
    for sighting in seen:
        assert 0 <= sighting.start < sighting.end <= len(text)
        assert sighting.surface == text[sighting.start : sighting.end]
        assert sighting.entry_name == "hatsune_miku"


@given(st.text(alphabet="ab ,", max_size=20), st.text(alphabet="ab ,", max_size=20))
def test_what_stands_around_in_other_tags_does_not_hide_a_variant(left: str, right: str) -> None:
    text = f"{left}, h4tsune m1ku, {right}"
    (seen,) = VARIANTS.recognise([prepare(text)])
    assert "h4tsune m1ku" in [sighting.surface for sighting in seen]

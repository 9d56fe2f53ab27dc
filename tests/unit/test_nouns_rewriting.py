"""What a caption says once its names are gone: the rest of it, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.forms import Form
from models.nouns.recognition import prepare
from models.nouns.rewriting.captions import Cut
from models.nouns.rewriting.rewrite import apply_edits, rewrite


def without(text: str, category: str, *names: str, form: Form | None = None) -> str:
    cuts = []
    for name in names:
        label, _, kind = name.partition("|")
        start = text.index(label)
        cuts.append(Cut(start, start + len(label), kind or category, label))
    return rewrite(prepare(text, form=form), cuts).text


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("solo, hatsune miku, long hair", "hatsune miku", "solo, long hair"),
        ("hatsune miku, solo", "hatsune miku", "solo"),
        ("solo, hatsune miku", "hatsune miku", "solo"),
        ("solo,hatsune miku,smile", "hatsune miku", "solo,smile"),
        ("solo\nhatsune miku\nsmile\nlong hair", "hatsune miku", "solo\nsmile\nlong hair"),
        ("1girl hatsune_miku long_hair smile", "hatsune_miku", "1girl long_hair smile"),
        ("1girl long_hair hatsune_miku", "hatsune_miku", "1girl long_hair"),
        (r"solo, saber \(fate\), 1girl", "saber", "solo, 1girl"),
        ("solo, hatsune_miku_(cosplay), 1girl", "hatsune_miku", "solo, cosplay, 1girl"),
        ("<lora:miku:0.8>, 1girl", "miku", "1girl"),
        ("solo, ((hatsune miku)), smile", "hatsune miku", "solo, smile"),
        ("solo, (hatsune miku:1.2), smile", "hatsune miku", "solo, smile"),
        ("solo, (hatsune miku, smile:1.2), wet", "hatsune miku", "solo, (smile:1.2), wet"),
        ("solo, (smile, hatsune miku:1.2), wet", "hatsune miku", "solo, (smile:1.2), wet"),
    ],
)
def test_a_tag_goes_whole_with_its_comma_its_qualifier_and_its_weight(
    text: str, name: str, expected: str
) -> None:
    assert without(text, "character", name, form=Form.BOORU) == expected


@pytest.mark.parametrize(
    ("text", "category", "name", "expected"),
    [
        ("A girl with blue hair, art by Kantoku.", "artist", "Kantoku", "A girl with blue hair."),
        ("A girl with blue hair by Kantoku", "artist", "Kantoku", "A girl with blue hair"),
        ("A girl, from Vocaloid.", "work", "Vocaloid", "A girl."),
        ("Art by Kantoku. A girl sits.", "artist", "Kantoku", "A girl sits."),
        (
            "a portrait in the style of Kantoku, high quality",
            "artist",
            "Kantoku",
            "a portrait, high quality",
        ),
        ("a Kantoku style portrait", "artist", "Kantoku", "a portrait"),
        ('A girl called "Miku" smiles.', "character", "Miku", "A girl smiles."),
        ("a girl (Hatsune Miku) sings", "character", "Hatsune Miku", "a girl sings"),
        ("a girl, drawn by @kantoku, runs", "artist", "kantoku", "a girl, runs"),
    ],
)
def test_a_clause_that_says_whose_it_is_goes_whole(
    text: str, category: str, name: str, expected: str
) -> None:
    assert without(text, category, name, form=Form.ENGLISH) == expected


@pytest.mark.parametrize(
    ("text", "category", "name", "expected"),
    [
        ("Hatsune Miku sings.", "character", "Hatsune Miku", "A character sings."),
        ("miku throws her hat", "character", "miku", "a female character throws her hat"),
        ("Bob throws his hat.", "person", "Bob", "A man throws his hat."),
        ("Bob throws a hat.", "person", "Bob", "A person throws a hat."),
        ("Miku's hair is long.", "character", "Miku", "The character's hair is long."),
        ("The young Miku and a dog", "character", "Miku", "The young character and a dog"),
        ("An Asuka on a desk", "character", "Asuka", "A character on a desk"),
        ("A boy wears Nike.", "brand", "Nike", "A boy wears a brand."),
        ("a man in a Nike shirt runs", "brand", "Nike", "a man in a shirt runs"),
        ("a woman cosplaying as Miku", "character", "Miku", "a woman cosplaying as a character"),
        ("a Miku cosplayer runs", "character", "Miku", "a cosplayer runs"),
        ("An opening artist, Ada, sings", "artist", "Ada", "An opening artist, an artist, sings"),
    ],
)
def test_a_name_in_a_sentence_gives_way_to_the_noun_of_what_it_names(
    text: str, category: str, name: str, expected: str
) -> None:
    assert without(text, category, name, form=Form.ENGLISH) == expected


def test_several_names_go_at_once() -> None:
    assert without(
        "Hatsune Miku from Vocaloid smiles.", "", "Hatsune Miku|character", "Vocaloid|work"
    ) == ("A character smiles.")


@pytest.mark.parametrize(
    ("text", "category", "name", "expected"),
    [
        ("初音ミクが歌っている。", "character", "初音ミク", "キャラクターが歌っている。"),
        ("ミクちゃんが笑う、彼女の髪。", "character", "ミク", "女性キャラクターが笑う、彼女の髪。"),
        ("初音ミクのコスプレをした人物。", "character", "初音ミク", "コスプレをした人物。"),
        ("カントク風の少女が立つ。", "artist", "カントク", "少女が立つ。"),
        ("金髪の少女、カントクの画風で描かれた。", "artist", "カントク", "金髪の少女。"),
        ("「初音ミク」という名前の少女。", "character", "初音ミク", "少女。"),
        ("ワンピースの海賊旗。", "work", "ワンピース", "海賊旗。"),
        ("少女が踊る、作:カントク", "artist", "カントク", "少女が踊る"),
    ],
)
def test_japanese_names_go_with_what_belongs_to_them(
    text: str, category: str, name: str, expected: str
) -> None:
    assert without(text, category, name) == expected


@pytest.mark.parametrize("text", ["Qwerty is here.", "クワティが立っている。"])
def test_what_nobody_knows_the_kind_of_is_left_in_a_sentence_for_a_person(text: str) -> None:
    assert without(text, "", text[:4]) == text


def test_what_nobody_knows_the_kind_of_is_dropped_as_a_tag() -> None:
    assert without("solo, qwerty, smile", "", "qwerty") == "solo, smile"


def test_every_edit_says_what_stood_there_and_why() -> None:
    text = "A girl, art by Kantoku."
    done = rewrite(prepare(text), [Cut(15, 22, "artist", "kantoku")])
    (edit,) = done.edits
    assert (edit.before, edit.after) == (text[edit.start : edit.end], "")
    assert edit.reason == "A clause that says whose work it is goes."


@given(st.data())
def test_only_what_the_edits_say_is_changed_and_no_name_stays_in_its_place(
    data: st.DataObject,
) -> None:
    words = st.sampled_from(
        ["solo", "Miku", "(miku:1.2)", "art by", "in the style of", "a", "the", "「ミク」", "彼女",
         "の", "風", ",", ", ", "\n", "_", '"', "(", ")", "'s", "is", "smile", "🎤", "cosplay"]
    )  # fmt: skip
    text = data.draw(st.lists(words, min_size=1, max_size=12).map(" ".join) | st.text(max_size=40))
    if not text:
        return
    form = data.draw(st.sampled_from(Form))
    cuts = []
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        if not (text[start].isalnum() and text[end - 1].isalnum()):
            continue  # no recogniser says so of a span that begins or ends between words
        category = data.draw(st.sampled_from(["character", "work", "artist", "brand", "place", ""]))
        cuts.append(Cut(start, end, category))
    done = rewrite(prepare(text, form=form), cuts)
    assert apply_edits(text, done.edits) == done.text
    place = 0
    for edit in done.edits:
        assert place <= edit.start <= edit.end <= len(text)
        assert edit.before == text[edit.start : edit.end]
        place = edit.end
    for cut in cuts:
        if cut.category or form is Form.BOORU:
            assert any(edit.start <= cut.start and cut.end <= edit.end for edit in done.edits)
    assert done == rewrite(prepare(text, form=form), cuts)

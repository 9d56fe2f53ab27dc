"""What vocabularies, dictionaries and grammar say about a term."""

from __future__ import annotations

SENTENCES: tuple[tuple[str, str], ...] = (
    # Tags.
    (
        "'{tag}' is no descriptive tag that the vocabulary knows",
        "「{tag}」は説明用タグの語彙にありません",
    ),
    (
        "A qualifier in brackets is how tags tell a name from a word",
        "括弧書きの補足は、タグで名称を普通の語と区別する書き方です",
    ),
    ("'{word}' is in no dictionary", "「{word}」は辞書にない語です"),
    (
        (
            "From here on the text was not searched for disguised names, because it holds "
            "thousands of words in no dictionary"
        ),
        "辞書にない語が数千もあるため、ここから先は変形された名称を探していません",
    ),
    (
        "It is put together as registered names are",
        "登録済みの名称とよく似た作りの語です",
    ),
    # English prose.
    (
        "'{surface}' may be a name: {reasons:list}",
        "「{surface}」は名称かもしれません（{reasons}）",
    ),
    # Japanese.
    (
        "'{surface}' is a proper noun by its part of speech (personal name)",
        "「{surface}」の品詞は固有名詞（人名）です",
    ),
    (
        "'{surface}' is a word that can be a family name with one that can be a given name",
        "「{surface}」は姓になりうる語と名になりうる語の組み合わせです",
    ),
    (
        "'{surface}' is followed by a form of address",
        "「{surface}」の後に敬称が続いています",
    ),
    (
        "'{surface}' is a proper noun by its part of speech",
        "「{surface}」の品詞は固有名詞です",
    ),
    (
        "'{surface}' is a place by its part of speech, but somebody here",
        "「{surface}」の品詞は地名ですが、ここでは人を指しています",
    ),
    (
        "'{surface}' is in no Japanese dictionary",
        "「{surface}」は日本語の辞書にない語です",
    ),
    (
        "'{surface}' is a word in Latin letters with a capital, in no dictionary",
        "「{surface}」は大文字を含むラテン文字の語で、辞書にありません",
    ),
    (
        "'{surface}' is written like a foreign name, with a mark between its parts",
        "「{surface}」は外国人の名前のように、区切りの記号を挟んで書かれています",
    ),
    (
        "'{surface}' is a row of Chinese characters that no Japanese dictionary has together",
        "「{surface}」は日本語の辞書にない漢字の並びです",
    ),
    (
        "'{surface}' is named as what a picture imitates or is derived from",
        "「{surface}」は画像の模倣元や派生元として書かれています",
    ),
    (
        "'{surface}' is named as what somebody is dressed up as or what a figure shows",
        "「{surface}」は仮装の対象やフィギュアの題材として書かれています",
    ),
    (
        "'{surface}' stands in quotation marks like the title of a work",
        "「{surface}」は作品の題名のように引用符で囲まれています",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    # Why a word of English prose may be a name.
    ("no dictionary has it", "辞書にない語"),
    ("no dictionary has all of it", "辞書にない語を含む"),
    ("its capital is not the beginning of a sentence", "文頭ではない大文字"),
    (
        "it is the subject of the sentence, without an article",
        "冠詞のない主語",
    ),
)

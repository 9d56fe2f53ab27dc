"""Registered names, and spellings that disguise them."""

from __future__ import annotations

SENTENCES: tuple[tuple[str, str], ...] = (
    # As registered, or by rule.
    (
        "'{surface}' is registered as {kind:known}",
        "「{surface}」は{kind}として登録されています",
    ),
    (
        "'{surface}' is registered as {kind:known}, another name of '{name}'",
        "「{surface}」は、登録済みの{kind}「{name}」の別名です",
    ),
    (
        "'{surface}' is registered as {kind:known}, another spelling of '{name}'",
        "「{surface}」は、登録済みの{kind}「{name}」の別表記です",
    ),
    (
        "'{surface}' is registered as {kind:known}, the given name of '{name}'",
        "「{surface}」は、登録済みの{kind}「{name}」の下の名前です",
    ),
    (
        "'{surface}' is registered as {kind:known}, '{name}' written without dots",
        "「{surface}」は、登録済みの{kind}「{name}」から中点を省いた表記です",
    ),
    (
        "'{surface}' is registered as {kind:known}, '{name}' with its parts the other way round",
        "「{surface}」は、登録済みの{kind}「{name}」の前後を入れ替えた表記です",
    ),
    (
        "'{surface}' is registered as {kind:known}, '{name}' without its qualifier",
        "「{surface}」は、登録済みの{kind}「{name}」から括弧の補足を除いた表記です",
    ),
    (
        "It can be an ordinary word, but counts here because {why:known}",
        "普通の語としても使われますが、{why}ため、名称とみなしています",
    ),
    (
        "A single word may also mean something or somebody else",
        "一語だけでは、別の物や人を指す可能性もあります",
    ),
    ("1 other entry is written the same", "同じ表記の登録がほかに 1 件あります"),
    ("{count:number} others are written the same", "同じ表記の登録がほかに {count} 件あります"),
    # In disguise.
    (
        "'{surface}' is registered as {kind:known}, '{name}', {tricks:list}",
        "「{surface}」は、登録済みの{kind}「{name}」を変形した表記です（{tricks}）",
    ),
    (
        "'{surface}' is registered as {kind:known}, '{shown}', that is '{name}', {tricks:list}",
        "「{surface}」は、登録済みの{kind}「{name}」の表記「{shown}」を変形したものです（{tricks}）",
    ),
)

PARTS: tuple[tuple[str, str], ...] = (
    # Why it counts: what goes before "ため".
    ("a qualifier in brackets follows it", "括弧書きの補足が続く"),
    ("it is written with a capital inside the sentence", "文の途中で大文字で書かれている"),
    ("it stands in quotation marks", "引用符で囲まれている"),
    ("the words beside it announce a name", "前後の語が名称であることを示している"),
    ("the whole tag is the name as it is registered", "タグ全体が登録どおりの名称である"),
    (
        "the whole tag is a registered name and no tag that describes",
        "タグ全体が登録済みの名称であり、説明用のタグではない",
    ),
    ("a form of address follows it", "敬称が続く"),
    # What disguises it.
    ("with invisible characters inside", "見えない文字の挿入"),
    ("with look-alike letters of another script", "ほかの文字体系の似た文字の使用"),
    ("in styled letters", "装飾文字の使用"),
    ("with its letters set apart", "文字の間の区切り"),
    ("with digits or symbols for letters", "数字や記号による文字の置き換え"),
    (
        "in another romanisation or with doubled letters",
        "ローマ字表記の違い、または文字の重複",
    ),
    ("with its parts the other way round", "前後の入れ替え"),
    ("written without spaces", "空白の省略"),
    ("with its spaces in other places", "空白の位置の違い"),
    ("with other kana", "仮名の違い"),
    ("with one letter wrong", "1 文字の誤り"),
)

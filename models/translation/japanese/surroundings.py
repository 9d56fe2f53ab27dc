"""What stands around a term and shows it to be a name, and what other people's detectors say."""

from __future__ import annotations

SENTENCES: tuple[tuple[str, str], ...] = (
    # Phrases of English.
    (
        "'{surface}' stands after '{phrase}', as the name of {kind:known} does",
        "「{surface}」は「{phrase}」の後にあり、{kind}の名称とみられます",
    ),
    (
        "'{surface}' stands after '{phrase}', as the name of {kind:known} may",
        "「{surface}」は「{phrase}」の後にあり、{kind}の名称かもしれません",
    ),
    (
        "'{surface}' stands after '{phrase}', as a name does",
        "「{surface}」は「{phrase}」の後にあり、名称とみられます",
    ),
    (
        "'{surface}' stands before '{phrase}', as the name of {kind:known} does",
        "「{surface}」は「{phrase}」の前にあり、{kind}の名称とみられます",
    ),
    (
        "'{surface}' stands by itself after '{phrase}', as a credit does",
        "「{surface}」は「{phrase}」の後に単独であり、作者の表示とみられます",
    ),
    (
        "'{surface}' stands by itself after '{phrase}', as the name of {kind:known} does",
        "「{surface}」は「{phrase}」の後に単独であり、{kind}の名称とみられます",
    ),
    # Signs.
    (
        "'{surface}' stands after a label that announces {kind:known}",
        "「{surface}」は、{kind}を示す見出しの後にあります",
    ),
    (
        "'{surface}' is the address of an artist or a work on pixiv",
        "「{surface}」は pixiv の作家または作品のアドレスです",
    ),
    (
        "'{surface}' is the number of an artist or a work on pixiv",
        "「{surface}」は pixiv の作家または作品の番号です",
    ),
    (
        "'{surface}' is the address of somebody's page",
        "「{surface}」は個人のページのアドレスです",
    ),
    (
        "'{surface}' is a handle, as people have on social media",
        "「{surface}」は SNS のアカウント名の形をしています",
    ),
    (
        "'{surface}' stands after a copyright sign, as the holder of the rights does",
        "「{surface}」は著作権記号の後にあり、権利者の名称とみられます",
    ),
    (
        "'{surface}' stands after '{word}', as the holder of the rights does",
        "「{surface}」は「{word}」の後にあり、権利者の名称とみられます",
    ),
    (
        "'{surface}' stands before a trade mark sign",
        "「{surface}」は商標記号の前にあります",
    ),
    # Phrases of Japanese.
    (
        (
            "'{surface}' stands in quotation marks, with words that go with the name of a work or "
            "a character"
        ),
        "「{surface}」はかぎ括弧で囲まれ、作品やキャラクターの名称に付く言葉が続いています",
    ),
    (
        "'{surface}' stands in the quotation marks of titles",
        "「{surface}」は題名に使う二重かぎ括弧で囲まれています",
    ),
    (
        "'{surface}' is what something was made after",
        "「{surface}」は二次創作などの元として書かれています",
    ),
    (
        "'{surface}' is whom somebody dresses as",
        "「{surface}」はコスプレの対象として書かれています",
    ),
    (
        "'{surface}' is whose way of drawing is meant",
        "「{surface}」は画風の持ち主として書かれています",
    ),
    (
        "'{surface}' is what a picture is meant to look like",
        "「{surface}」は絵柄などを似せる対象として書かれています",
    ),
    (
        "'{surface}' is addressed as an artist is",
        "「{surface}」は作家に対する敬称を伴っています",
    ),
    (
        "'{surface}' is addressed as a person is",
        "「{surface}」は人に対する敬称を伴っています",
    ),
    # Models and components.
    (
        "The model '{model}' takes '{surface}' for {kind:known} (it says {label})",
        "モデル「{model}」は「{surface}」を{kind}と判断しました（ラベル：{label}）",
    ),
    (
        "The component '{component}' marks '{surface}'",
        "追加の検出器「{component}」が「{surface}」を検出しました",
    ),
    (
        "The component '{component}' marks '{surface}' and calls it {label}",
        "追加の検出器「{component}」が「{surface}」を検出しました（ラベル：{label}）",
    ),
)

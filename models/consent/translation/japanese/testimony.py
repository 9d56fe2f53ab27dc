"""How a statement concerns the asset, and what lists, contracts and likenesses say."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # How a statement concerns the image.
    (
        "speaks of exactly these bytes, by their SHA-256",
        "SHA-256 により、まさにこのデータを対象としています",
    ),
    (
        "speaks of exactly these bytes, by their CID",
        "CID により、まさにこのデータを対象としています",
    ),
    (
        "speaks of exactly these bytes, by their ISCC Instance-Code",
        "ISCC Instance-Code により、まさにこのデータを対象としています",
    ),
    (
        "speaks of the address that the image was fetched from",
        "画像の取得元のアドレスを対象としています",
    ),
    (
        "speaks of the site that the image was fetched from",
        "画像の取得元のサイトを対象としています",
    ),
    (
        "speaks of the token that a sidecar names",
        "画像に添えられたファイルが示すトークンを対象としています",
    ),
    (
        "speaks of a picture like this one ({distance} of 256 bits differ)",
        "この画像とよく似た画像を対象としています（256 ビット中 {distance} ビットが相違）",
    ),
    (
        "speaks of a picture like this one ({distance} of 256 bits)",
        "この画像とよく似た画像を対象としています（256 ビット中 {distance} ビットが相違）",
    ),
    (
        "may speak of this picture ({distance} of 64 bits of ISCC differ)",
        "この画像を対象としている可能性があります（ISCC の 64 ビット中 {distance} ビットが相違）",
    ),
    ("said when the source could last be read", "情報源を最後に読み取れたときの意思表示です"),
    ("the file does not refuse anything any more", "このファイルによる拒否はなくなりました"),
    ("what {name} says by itself", "{name} 自体にある意思表示です"),
    ("SHA-256 {digest:word}", "内容の SHA-256 は {digest} です"),
    # Contracts on file.
    ("covers this asset by its id", "この画像を ID で指定した契約です"),
    ("covers the whole dataset", "データセット全体を対象とする契約です"),
    ("covers the folder {folder}", "フォルダー {folder} を対象とする契約です"),
    ("covers what its signer signed", "指定の署名者が署名した画像を対象とする契約です"),
    ("entered by {one}, approved by {other}", "登録者：{one}、承認者：{other}"),
    # Likeness.
    ("it is not a PDQ hash of 64 hex digits", "16 進 64 桁の PDQ ハッシュではありません"),
    (
        "a PDQ hash has {count} bytes, not {found}",
        "PDQ ハッシュは {count} バイトですが、{found} バイトあります",
    ),
    ("its picture is too plain to be told from others", "画像が単調で、ほかの画像と区別できません"),
    (
        "it has neither an Image-Code nor an Instance-Code of 64 bits",
        "64 ビットの Image-Code も Instance-Code も含んでいません",
    ),
    # ISCC codes and declarations.
    ("it is not an ISCC code", "ISCC コードではありません"),
    ("it is not an ISCC code: {why:note}", "ISCC コードではありません：{why}"),
    ("it is an empty ISCC code", "ISCC コードが空です"),
    ("it holds no Image-Code of 64 bits or more", "64 ビット以上の Image-Code を含んでいません"),
    ("it is too long for an ISCC code", "ISCC コードとしては長すぎます"),
    (
        "it is an ISCC-ID: it names an entry of a registry, not a picture",
        "ISCC-ID は登録簿の項目を示すもので、画像を示すものではありません",
    ),
    ("it is of an unknown kind", "種類が分かりません"),
    ("it is a composite of an unknown version", "未対応の版の複合コードです"),
    (
        "it is cut short or too long: {found} bytes instead of {count}",
        "長さが合いません（{count} バイトのところ {found} バイト）",
    ),
    ("the declaration cannot be read: {why:note}", "宣言を読み取れません：{why}"),
    ("declaration {number:number}", "{number} 件目の宣言"),
    ("it is not a JSON object", "JSON オブジェクトではありません"),
    ("{name:note} is not a JSON object", "{name}が JSON オブジェクトではありません"),
    ("it names {fault:known}", "対象の記述に問題があります：{fault}"),
    ("{name:note} names {fault:known}", "{name}の対象の記述に問題があります：{fault}"),
    ("something that is no ISCC under {key}", "{key} の値が ISCC ではありません"),
    ("it names no ISCC and no preference", "ISCC も意向も書かれていません"),
    ("{name:note} names no ISCC and no preference", "{name}には ISCC も意向も書かれていません"),
    (
        "its ISCC does not stand where it should: only refusals count",
        "ISCC が本来の場所にないため、拒否だけを有効とします",
    ),
    (
        "it names no ISCC that can be compared; it refuses: {uses:list}",
        "照合できる ISCC がありません。拒否されている用途：{uses}",
    ),
    (
        "{name:note} names no ISCC that can be compared; it refuses: {uses:list}",
        "{name}には照合できる ISCC がありません。拒否されている用途：{uses}",
    ),
    ("{why:known}; no ISCC can be found in it", "{why}。ISCC が見つかりません"),
    ("data_mining", "データマイニング"),
    ("inference", "推論"),
    ("non_generative_training", "非生成AIの学習"),
    ("generative_training", "生成AIの学習"),
    (
        "a permission under {key} is not read: it is not spelled as published",
        "{key} の許可は、公開された仕様どおりの書き方ではないため採用しません",
    ),
    (
        "{key} has the unknown value {value}: read as a refusal",
        "{key} の値 {value} は未定義のため、拒否として扱います",
    ),
    (
        "{key} has the unknown value {value}: read as reserved",
        "{key} の値 {value} は未定義のため、留保として扱います",
    ),
    (
        "{key} does not say whether true allows or refuses: read as a refusal",
        "{key} の true が許可か拒否か分からないため、拒否として扱います",
    ),
    ("{key} is {value}: nothing is refused by it", "{key} は {value} のため、何も拒否していません"),
    # Opt-out lists.
    ("refused by {name}", "拒否した者：{name}"),
    ("reason: {text}", "理由：{text}"),
    ("taken from {source}", "出典：{source}"),
    ("listed on {date}", "掲載日：{date}"),
    (
        "the use {word} is not known: all uses are refused",
        "用途 {word} は未定義のため、すべての用途の拒否として扱います",
    ),
    (
        "{count} rows opt in: a list cannot grant, so they say nothing",
        "許可する行が {count} 行ありますが、一覧では許諾できないため採用しません",
    ),
    (
        (
            "the column {names} cannot be used: an MD5 or SHA-1 can be made to fit another "
            "file, and other perceptual hashes than PDQ are not computed here"
        ),
        (
            "列 {names} は使用できません。MD5 と SHA-1 は別のファイルに一致させることができ、PDQ"
            " 以外の知覚ハッシュは計算していないためです"
        ),
    ),
    ("these columns are not read: {names}", "次の列は読み取りません：{names}"),
    ("the row names nothing", "対象を示す値がない行です"),
    ("the row has more than {count} names", "対象を示す値が {count} 個を超える行です"),
    ("it is too long", "長すぎます"),
    (
        "it is no address, domain, hash, CID or ISCC",
        "アドレス・ドメイン・ハッシュ・CID・ISCC のいずれでもありません",
    ),
    (
        "it is {what:known}, not a SHA-256 of 64 hex digits",
        "{what}であり、16 進 64 桁の SHA-256 ではありません",
    ),
    ("an MD5", "MD5 ハッシュ値"),
    ("a SHA-1", "SHA-1 ハッシュ値"),
    ("a SHA-512", "SHA-512 ハッシュ値"),
    ("a hash of {count:number} digits", "{count} 桁のハッシュ値"),
    ("it is neither hex nor base64", "16 進数でも Base64 でもありません"),
    ("it is not a SHA-256 of 64 hex digits", "16 進 64 桁の SHA-256 ではありません"),
    (
        "it names a file inside a CID: give the file's own CID",
        "CID の中のファイルを示しています。ファイル自体の CID を指定してください",
    ),
    ("it is not a CID: {why:note}", "CID ではありません：{why}"),
    (
        "it has a path: give it in a column of addresses (url)",
        "パスを含んでいます。アドレスの列（url）に記載してください",
    ),
    ("it is not a domain", "ドメインではありません"),
    (
        "{name} is everybody's: it would refuse every site below it",
        "{name} は共用のドメインであり、配下のすべてのサイトを拒否することになります",
    ),
    ("the line is not CSV: {why:note}", "CSV として読めない行です：{why}"),
    (
        "a quote is not closed: lines {first} to {last} are read one by one",
        "引用符が閉じられていないため、{first} 行目から {last} 行目までを1行ずつ読み取ります",
    ),
    ("the line is longer than {size} bytes", "{size} バイトを超える行です"),
)

"""What sites say: robots.txt, ai.txt, headers, metas, and how they were kept."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # Files of a site.
    (
        "the file is longer than the {size} KiB crawlers read",
        "ファイルが、クローラーの読み取る {size} KiB を超えています",
    ),
    (
        "only the first {count} of {size} bytes were read",
        "{size} バイトのうち、先頭の {count} バイトだけを読み取りました",
    ),
    ("NUL characters were left out", "NUL 文字を除いて読み取りました"),
    ("the file is not text", "ファイルがテキストではありません"),
    ("the file was not read to its end", "ファイルを最後まで読み取っていません"),
    (
        "a web page stands where robots.txt should be: read as no robots.txt",
        "robots.txt の場所にウェブページがあるため、robots.txt はないものとして扱います",
    ),
    (
        "a web page stands where the file belongs: there is no such file",
        "ファイルの場所にウェブページがあるため、ファイルはないものとして扱います",
    ),
    (
        "a web page stands where the file belongs: there is no such file, but a reservation",
        "ファイルの場所にウェブページがありますが、留保の記述が含まれています",
    ),
    # robots.txt and ai.txt.
    (
        "{role:known} agents may not fetch this: {names} and {count:number} more",
        "{role}用のエージェントは取得を禁じられています：{names} ほか {count} 件",
    ),
    (
        "{role:known} agents may not fetch this: {names}",
        "{role}用のエージェントは取得を禁じられています：{names}",
    ),
    ("training", "学習"),
    ("assistant", "AI アシスタント"),
    ("search", "検索"),
    (
        "no agent may fetch this; that alone says nothing about AI",
        (
            "すべてのエージェントの取得が禁じられていますが、それだけでは AI 利用についての意思"
            "表示になりません"
        ),
    ),
    (
        "a {field:word} line for {agent} alone is not for us",
        "{agent} だけに宛てた {field} 行のため、採用しません",
    ),
    (
        "this ai.txt is in another format: read as no ai.txt",
        "ai.txt が別の書式のため、ai.txt はないものとして扱います",
    ),
    (
        "this ai.txt is in another format: only refusals in it count",
        "ai.txt が別の書式のため、拒否だけを有効とします",
    ),
    ("this ai.txt is not text", "ai.txt がテキストではありません"),
    ("it refuses in words of another format: {words}", "別の書式の語で拒否しています：{words}"),
    ("it refuses {agent}", "{agent} を拒否しています"),
    ("a Disallow covers this image", "この画像は Disallow の対象です"),
    ("an Allow covers this image", "この画像は Allow の対象です"),
    # Headers and metas.
    ("{word} to {agent:word}: not for us", "{agent} に宛てた {word} のため、採用しません"),
    ("{word:word} to {agent:word}", "{agent} に宛てた {word} です"),
    (
        "Content-Usage cannot be read ({why}): {text}",
        "Content-Usage を読み取れません（{why}）：{text}",
    ),
    ("{label} is refused ({why:known}): {text}", "{label} は拒否されています（{why}）：{text}"),
    ("a later value does not undo it", "後の値では取り消されません"),
    ("an odd spelling", "変則的な書き方"),
    (
        "{label} does not permit: only the token y does",
        "{label} は許可になりません。許可となる値は y だけです",
    ),
    (
        "{pair} does not permit: the signal is called {signal:word}",
        "{pair} は許可になりません。正しいシグナル名は {signal} です",
    ),
    (
        "{key} has the unknown value {value}: read as no",
        "{key} の値 {value} は未定義のため、no として扱います",
    ),
    (
        "{key} is refused in an odd spelling: {text}",
        "{key} は変則的な書き方で拒否されています：{text}",
    ),
    (
        "use={limited} allows no copy that could be trained on",
        "use={limited} は、学習に使える複製を許可していません",
    ),
    # How it was read.
    ("it could not be fetched: {why:list}", "取得できませんでした：{why}"),
    ("it could not be read: {why:note}", "読み取れませんでした：{why}"),
    (
        "it could not be read: the server answered {status}",
        "読み取れませんでした：サーバーの応答は {status} です",
    ),
    ("status {status:number}", "ステータス {status}"),
    ("its content was not kept", "内容が保存されていません"),
    (
        "{count:number} of {total:number} requests failed: {told:note}",
        "{total} 件中 {count} 件の取得に失敗しました：{told}",
    ),
    (
        "only {count:number} of the documents that are pointed at were asked for",
        "参照先の文書のうち {count} 件だけを取得しました",
    ),
    (
        "neither the image, nor its page, nor its site says anything",
        "画像にも、そのページにも、サイトにも意思表示はありません",
    ),
    # What records keep.
    ("the record does not say where the image came from", "画像の取得元が記録されていません"),
    ("what the record keeps under {key} is no text", "記録の {key} がテキストではありません"),
    (
        "what the record keeps under {key} cannot be read as headers",
        "記録の {key} をヘッダーとして読み取れません",
    ),
    ("what the record keeps under {key} cannot be read", "記録の {key} を読み取れません"),
    # Web archives.
    (
        "more pages show it, or more addresses lead to it, than are read",
        "画像を表示するページや画像に至るアドレスが多く、一部だけを読み取りました",
    ),
    (
        "only the last {count:number} of its captures were read",
        "最新の {count} 件の記録だけを読み取りました",
    ),
    ("the crawler kept a part of it only", "クローラーが一部だけを保存しています"),
    ("only the first {size} bytes of it are read", "先頭の {size} バイトだけを読み取りました"),
    ("its encoding {coding} cannot be read here", "符号化方式 {coding} には対応していません"),
    ("its compressed data is damaged ({why:note})", "圧縮データが破損しています（{why}）"),
    ("its compressed data is cut short", "圧縮データが途中で切れています"),
    ("its chunks are damaged", "チャンクが破損しています"),
    ("its last chunk is missing", "最後のチャンクがありません"),
    (
        "Record {number} of {name} (at byte {offset}) cannot be read: {why:note}",
        "{name} の {number} 件目の記録（先頭から {offset} バイトの位置）を読み取れません：{why}",
    ),
    ("it has a line without end", "終わりのない行があります"),
    ("its header is not whole", "ヘッダーが不完全です"),
    ("it ends {count} bytes too early", "{count} バイト足りません"),
    ("it is longer than it says", "記載された長さを超えています"),
    ("its HTTP headers have no end", "HTTP ヘッダーに終わりがありません"),
)

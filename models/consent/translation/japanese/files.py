"""What is noticed in and beside an image file: JSON, XMP, PLUS and C2PA."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # JSON.
    ("it is larger than {size} bytes", "{size} バイトを超えています"),
    ("it is not UTF-8 (byte {place})", "UTF-8 ではありません（先頭から {place} バイトの位置）"),
    ("it is not UTF-8", "UTF-8 ではありません"),
    ("it is nested too deeply", "入れ子が深すぎます"),
    ("it is nested deeper than {count} levels", "入れ子が {count} 段を超えています"),
    ("it is not JSON: {why:note} (line {line})", "JSON として読めません（{line} 行目）：{why}"),
    ("it is not JSON: {why:note}", "JSON として読めません：{why}"),
    ("a comment never ends", "コメントが閉じられていません"),
    ("{name} is not a JSON value", "{name} は JSON の値ではありません"),
    # What Python's JSON reader says.
    ("Expecting value", "値がありません"),
    ("Expecting property name enclosed in double quotes", "二重引用符で囲んだキーがありません"),
    ("Expecting ',' delimiter", "区切りの「,」がありません"),
    ("Expecting ':' delimiter", "区切りの「:」がありません"),
    ("Extra data", "余分な内容が続いています"),
    ("Unterminated string", "文字列が閉じられていません"),
    ("Invalid control character", "使用できない制御文字があります"),
    ("Invalid \\escape", "エスケープの書き方が不正です"),
    # What Python's XML reader says.
    (
        "{what:known}: line {line:number}, column {column:number}",
        "{what}（{line} 行目、{column} 文字目）",
    ),
    ("not well-formed (invalid token)", "使用できない文字や記述があります"),
    ("mismatched tag", "タグの対応が正しくありません"),
    ("no element found", "要素がありません"),
    ("unclosed token", "閉じられていない記述があります"),
    ("syntax error", "構文に誤りがあります"),
    ("junk after document element", "文書の後に余分な内容があります"),
    ("unbound prefix", "接頭辞が定義されていません"),
    ("undefined entity", "実体が定義されていません"),
    ("duplicate attribute", "属性が重複しています"),
    # Which bytes are meant.
    (
        "{name} is a CID of a file tree: not comparable without its blocks",
        "{name} は複数のブロックに分かれたファイルの CID のため、ブロックがないと照合できません",
    ),
    (
        "{name} names other bytes (SHA-256 {digest})",
        "{name} は別のデータを指しています（SHA-256 {digest}）",
    ),
    ("{name} matches the image's bytes", "{name} はこの画像のデータと一致します"),
    # ERC-7517.
    (
        "the preference stands more than once: the most restrictive value counts",
        "意向が複数回書かれているため、最も厳しい値を採用します",
    ),
    (
        "the preference is neither an object, nor a list, nor the name of a use",
        "意向の値が、オブジェクト・リスト・用途名のいずれでもありません",
    ),
    (
        "{key} stands more than once: the most restrictive value counts",
        "{key} が複数回書かれているため、最も厳しい値を採用します",
    ),
    (
        "{key} is notAllowed: the grant with authorship does not lift that",
        "{key} は notAllowed です。作者名の表示を条件とする許諾があっても、不許可のままです",
    ),
    ("{key} is not a string", "{key} の値が文字列ではありません"),
    (
        "{key} has the unknown value {value}: read as notAllowed",
        "{key} の値 {value} は未定義のため、不許可として扱います",
    ),
    (
        "{name} is not the name of a use: read as notAllowed",
        "{name} は用途名ではないため、不許可として扱います",
    ),
    (
        "names the selected uses: the others are read as notAllowed",
        "許可する用途だけが挙げられているため、ほかの用途は不許可として扱います",
    ),
    ("refusal found under {key}", "{key} に拒否の記述があります"),
    (
        "refusal found under {key}, not where the standard asks for it",
        "規格の定める場所ではありませんが、{key} に拒否の記述があります",
    ),
    (
        "a grant under {key} is not read: it is not where the standard asks for it",
        "{key} の許諾は、規格の定める場所にないため採用しません",
    ),
    # Training and mining assertions.
    ("the assertion is not a map of entries", "アサーションが項目のマップになっていません"),
    ("entries is not a map", "entries がマップではありません"),
    ("{key} does not say its use", "{key} に use の指定がありません"),
    (
        "{key} has the unknown use {use}: read as notAllowed",
        "{key} の use の値 {use} は未定義のため、不許可として扱います",
    ),
    (
        "a grant under {key} is not read: it is spelled wrongly",
        "{key} の許諾は、書き方が誤っているため採用しません",
    ),
    # Content credentials.
    ("there are remains of content credentials", "コンテンツ来歴情報の一部だけが残っています"),
    (
        "content credentials stand in a format without them",
        "コンテンツ来歴情報に対応していない形式のファイルに、来歴情報があります",
    ),
    (
        "its content credentials lie elsewhere and are not fetched",
        "コンテンツ来歴情報がファイルの外にあり、取得していません",
    ),
    (
        "the content credentials cannot be read: {why:note}",
        "コンテンツ来歴情報を読み取れません：{why}",
    ),
    ("said by an ingredient of the image", "この画像の素材についての意思表示です"),
    ("not valid: {codes:list}", "検証に失敗しました：{codes}"),
    ("state {state:word}", "状態 {state}"),
    (
        "the signing certificate cannot be named: {why:note}",
        "署名に使われた証明書を特定できません：{why}",
    ),
    ("signed by {name}", "署名者：{name}"),
    (
        "signed without a time stamp: it ends with its certificate",
        "タイムスタンプのない署名のため、証明書の期限で失効します",
    ),
    ("the certificate is not the one that was validated", "検証された証明書と一致しません"),
    (
        "the store does not hold exactly one signature of the manifest",
        "マニフェストの署名がないか、複数あります",
    ),
    (
        "the signing certificate cannot be read: {why:note}",
        "署名に使われた証明書を読み取れません：{why}",
    ),
    ("the signature is not a COSE_Sign1", "署名が COSE_Sign1 形式ではありません"),
    (
        "the signature's headers are not those of a COSE_Sign1",
        "署名のヘッダーが COSE_Sign1 形式ではありません",
    ),
    ("the protected header is not a map", "保護ヘッダーがマップではありません"),
    ("something follows the signature", "署名の後に余分なデータがあります"),
    (
        "the signature does not carry exactly one certificate chain",
        "署名に証明書チェーンがないか、複数あります",
    ),
    (
        "the certificate chain is not a list of certificates",
        "証明書チェーンが証明書のリストではありません",
    ),
    ("a box is longer than what holds it", "ボックスの長さが、それを含む領域を超えています"),
    ("a JUMBF superbox has no description", "JUMBF スーパーボックスに説明がありません"),
    ("it is cut short", "途中で切れています"),
    ("it has a reserved length", "長さの指定に予約済みの値が使われています"),
    ("it has a length that its type cannot have", "型に合わない長さの指定があります"),
    (
        "a map has a key that is neither a number nor a text",
        "マップに、数値でも文字列でもないキーがあります",
    ),
    ("a map holds a key twice", "マップに同じキーが二つあります"),
    # XMP and PLUS.
    (
        "{token} stands in the file outside of any XMP packet",
        "{token} が XMP パケットの外に書かれています",
    ),
    ("the XMP packet cannot be read: {why:note}", "XMP パケットを読み取れません：{why}"),
    ("the XMP packet cannot be parsed", "XMP パケットを解析できません"),
    (
        "a reservation stands in a namespace that is not known",
        "未知の名前空間に権利留保が書かれています",
    ),
    (
        "it stands in the file outside of any XMP packet",
        "ファイル内の XMP パケットの外に書かれています",
    ),
    ("the packet is too large", "パケットが大きすぎます"),
    ("its encoding is not known", "文字コードが分かりません"),
    ("it declares a document type or entities", "文書型または実体の宣言を含んでいます"),
    ("it is not well-formed XML: {why:note}", "XML として正しくありません：{why}"),
    (
        "plus:DataMining is empty: read as prohibited",
        "plus:DataMining が空のため、禁止として扱います",
    ),
    (
        "plus:DataMining has the unknown value {value}: read as prohibited",
        "plus:DataMining の値 {value} は未定義のため、禁止として扱います",
    ),
    (
        "{value} is not an official spelling: only a refusal in it counts",
        "{value} は正式な書き方ではないため、拒否だけを有効とします",
    ),
    (
        "{token} is not at its proper place: it counts as a refusal only",
        "{token} は本来の場所にないため、拒否としてのみ扱います",
    ),
    ("it holds more than {count} packets", "パケットが {count} 個を超えています"),
    ("the file ends inside it", "途中でファイルが終わっています"),
    ("a portion is missing or stands twice", "一部が欠けているか、重複しています"),
    ("a portion is missing", "一部が欠けています"),
    ("its fields are not those of an iTXt chunk", "iTXt チャンクの構造になっていません"),
    ("it is not hexadecimal", "16 進数になっていません"),
    ("it cannot be decompressed: {why:note}", "展開できません：{why}"),
    ("its compressed data ends too early", "圧縮データが途中で終わっています"),
    ("it has no end", "終わりがありません"),
    # Files beside the image.
    ("the sidecar cannot be read: {why:note}", "画像に添えられたファイルを読み取れません：{why}"),
    (
        "the sidecar changed after the dataset was scanned: run again",
        "データセットの走査後に、画像に添えられたファイルが変更されました。再実行してください",
    ),
    ("the carrier failed: {why:note}", "読み取り中に障害が発生しました：{why}"),
    ("there is no such file", "ファイルがありません"),
    (
        "permission denied: make it readable for the user that runs Kiyome",
        "権限がありません。Kiyome を実行する利用者が読み取れるようにしてください",
    ),
    ("it is a folder, not a file", "ファイルではなく、フォルダーです"),
    ("it is a named pipe, not a file", "ファイルではなく、名前付きパイプです"),
    ("it is a socket, not a file", "ファイルではなく、ソケットです"),
    ("it is a device, not a file", "ファイルではなく、デバイスです"),
    ("it is a socket or a device, not a file", "ファイルではなく、ソケットまたはデバイスです"),
    ("a part of its path is a file, not a folder", "パスの途中がフォルダーではなく、ファイルです"),
    ("its symbolic links go round in a circle", "シンボリックリンクが循環しています"),
    (
        "its name is longer than the file system allows",
        "名前がファイルシステムの上限より長くなっています",
    ),
    ("the disk reports an input/output error", "ディスクの入出力エラーです"),
    (
        "the network file system lost it: mount it again",
        "ネットワークファイルシステム上で見失いました。マウントし直してください",
    ),
    (
        "too many files are open: raise `ulimit -n`",
        "開いているファイルが多すぎます。`ulimit -n` を上げてください",
    ),
    ("too many files are open on this machine", "このマシンで開いているファイルが多すぎます"),
    ("the file has zero bytes", "ファイルが空です"),
    ("the tar does not say where the member lies", "tar の中の位置が分かりません"),
    (
        "the tar ends after {done} of the member's {size} bytes; fetch the tar again",
        "tar が {size} バイト中 {done} バイトで終わっています。取得し直してください",
    ),
    (
        "more than the {size} bytes that max_bytes allows",
        "max_bytes の上限 {size} バイトを超えています",
    ),
    ("there is nothing at {address}", "{address} には何もありません"),
)

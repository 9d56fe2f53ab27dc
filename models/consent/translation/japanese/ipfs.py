"""What is wrong with content from IPFS: CIDs, blocks, files and archives."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # CIDs.
    ("more follows after its digest", "ダイジェストの後に余分なデータがあります"),
    (
        "a CIDv0 is written without a multibase prefix, and no other CID is",
        "CIDv0 だけが、multibase の接頭辞なしで書かれます",
    ),
    ("version {version} is not known", "バージョン {version} には対応していません"),
    ("its digest is longer than {count} bytes", "ダイジェストが {count} バイトを超えています"),
    (
        "its digest is not as long as its hash function makes it",
        "ダイジェストの長さがハッシュ関数と合いません",
    ),
    ("its digest is cut short", "ダイジェストが途中で切れています"),
    (
        "no alphabet that is known here has the prefix {prefix}",
        "接頭辞 {prefix} の文字集合には対応していません",
    ),
    ("it holds a character that is not in its alphabet", "文字集合にない文字を含んでいます"),
    ("it is not in its alphabet", "文字集合に合いません"),
    ("its last character holds bits that belong to no byte", "末尾の文字に余分なビットがあります"),
    ("a number is cut short", "数値が途中で切れています"),
    ("a number is not in its shortest form", "数値が最短の形式ではありません"),
    ("a number is longer than 9 bytes", "数値が 9 バイトを超えています"),
    # Blocks.
    ("Block {cid:word} is missing", "ブロック {cid} がありません"),
    ("block {cid:word} is missing", "ブロック {cid} がありません"),
    (
        "The bytes received for block {cid} are not those that it names",
        "受信したデータがブロック {cid} と一致しません",
    ),
    (
        "{cid:word} is made with hash function {code}, which proves nothing here",
        "{cid} のハッシュ関数 {code} では内容を検証できません",
    ),
    (
        "A block is named by its BLAKE3 hash, and the package blake3 is not installed",
        "ブロックの検証に必要なパッケージ blake3 がインストールされていません",
    ),
    ("A block is malformed: {why:note}", "ブロックの形式が不正です：{why}"),
    (
        "codec {code} is neither dag-cbor nor dag-json",
        "コーデック {code} は dag-cbor でも dag-json でもありません",
    ),
    ("a link is not a CID: {why:note}", "リンクが CID ではありません：{why}"),
    ("a link is not a CID", "リンクが CID ではありません"),
    ("more follows after its value", "値の後に余分なデータがあります"),
    ("a length is not stated", "長さの指定がありません"),
    ("a text is not UTF-8", "文字列が UTF-8 ではありません"),
    ("a key is not text", "キーが文字列ではありません"),
    ("a key stands there twice", "同じキーが二つあります"),
    ("tag {tag} is not allowed", "タグ {tag} は使用できません"),
    ("it holds a value that dag-cbor does not know", "dag-cbor にない値を含んでいます"),
    ("NaN and infinity are not allowed", "NaN と無限大は使用できません"),
    (
        "field {number} does not belong into a dag-pb block, or not twice",
        "dag-pb ブロックのフィールド {number} が余分か、重複しています",
    ),
    ("it has more than {count} fields", "フィールドが {count} 個を超えています"),
    (
        "it has a field of unknown wire type {kind}",
        "ワイヤータイプ {kind} のフィールドには対応していません",
    ),
    (
        "field {number} does not belong into a link, or not twice",
        "リンクのフィールド {number} が余分か、重複しています",
    ),
    (
        "field {number} of a link is of the wrong type",
        "リンクのフィールド {number} の型が誤っています",
    ),
    ("a link leads nowhere", "リンク先がありません"),
    ("a link is longer than its CID", "リンクが CID より長くなっています"),
    # Files.
    ("A path has more than {count} names", "パスの階層が {count} を超えています"),
    ("codec {code} is not that of a file", "コーデック {code} はファイルのものではありません"),
    ("A file is deeper than {count} links", "ファイルのリンクの深さが {count} を超えています"),
    ("a piece of a file has codec {code}", "ファイルの一部がコーデック {code} になっています"),
    ("It is not a file but a {kind:known}", "ファイルではなく、{kind}です"),
    ("a path leads through a {kind:known}", "パスの途中に{kind}があります"),
    ("directory", "ディレクトリ"),
    ("metadata node", "メタデータノード"),
    ("symbolic link", "シンボリックリンク"),
    ("A block is larger than {size} bytes", "ブロックが {size} バイトを超えています"),
    (
        "More than {size} bytes of directories and inner nodes would have to be read",
        "読み取りが必要なディレクトリと中間ノードが {size} バイトを超えています",
    ),
    (
        "The file has {size} bytes, more than the {limit} allowed",
        "ファイルが上限の {limit} バイトを超える {size} バイトです",
    ),
    (
        "More than {count} blocks would have to be read",
        "読み取りが必要なブロックが {count} 個を超えています",
    ),
    ("There is no {name}: {why:note}", "{name} がありません：{why}"),
    ("it stands below a file", "ファイルの下を示しています"),
    ("the directory does not hold it", "ディレクトリにありません"),
    ("the block does not hold it", "ブロックにありません"),
    (
        "a sharded directory leads to something that is not its shard",
        "分割ディレクトリの先が、その一部になっていません",
    ),
    (
        "the path ends inside a block, at a value that is not a file",
        "パスの先がファイルではなく、ブロック内の値です",
    ),
    (
        "a piece of {size} bytes is said to have {expected}",
        "{size} バイトの部分が {expected} バイトと記載されています",
    ),
    ("it holds no UnixFS data", "UnixFS のデータがありません"),
    ("a directory holds two entries of one name", "ディレクトリに同じ名前の項目が二つあります"),
    (
        "a sharded directory is deeper than its hash has bits",
        "分割ディレクトリの深さがハッシュのビット数を超えています",
    ),
    ("a shard holds two links of one name", "分割ディレクトリに同じ名前のリンクが二つあります"),
    (
        "UnixFS field {number} is of the wrong type or stands there twice",
        "UnixFS のフィールド {number} の型が誤っているか、重複しています",
    ),
    ("UnixFS does not say what it is", "UnixFS に種類の指定がありません"),
    ("UnixFS has no kind {number}", "UnixFS に種類 {number} はありません"),
    (
        "a sharded directory uses a hash that is not in the specification",
        "分割ディレクトリが仕様にないハッシュを使っています",
    ),
    (
        "a file does not say the size of each of its pieces",
        "ファイルに各部分の大きさの指定がありません",
    ),
    (
        "a file of {size} bytes has pieces of {total} together",
        "ファイルは {size} バイトですが、各部分の合計は {total} バイトです",
    ),
    (
        "a sharded directory of {count} buckets",
        "分割数 {count} の分割ディレクトリには対応していません",
    ),
    # Archives and gateways.
    ("The CAR is cut short in its header", "CAR のヘッダーが途中で切れています"),
    ("The CAR is shorter than its header says", "CAR がヘッダーの記載より短くなっています"),
    (
        "The bytes are not a CAR, or are cut short in its header",
        "CAR ではないか、ヘッダーが途中で切れています",
    ),
    ("The bytes are not a CAR of version 1 or 2", "バージョン 1 または 2 の CAR ではありません"),
    ("The bytes are not a CAR", "CAR ではありません"),
    ("A root of the CAR is not a CID", "CAR のルートが CID ではありません"),
    ("The CAR has more than {count} blocks", "CAR のブロックが {count} 個を超えています"),
    ("The CAR is cut short", "CAR が途中で切れています"),
    ("The CAR holds something that is not a block", "CAR にブロックではないものがあります"),
    ("it is a name of IPNS and not content", "IPNS の名前であり、内容ではありません"),
    ("its hash function {code:word} is not accepted", "ハッシュ関数 {code} は受け付けていません"),
    ("its blocks did not come within {seconds} s", "{seconds} 秒以内にブロックが届きませんでした"),
    ("its CAR lacks the root", "CAR にルートがありません"),
)

"""What licences and reservations say: RSL and TDM."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # RSL.
    (
        "it points at more than {count:number} licences: the others are not read",
        "参照するライセンスが {count} 件を超えるため、残りは読み取りません",
    ),
    ("the licence has not been read", "ライセンスをまだ読み取っていません"),
    ("the licence that is pointed at does not exist", "参照先のライセンスが存在しません"),
    ("a web page stands where the licence belongs", "ライセンスの場所にウェブページがあります"),
    ("the licence is malformed: {why:note}", "ライセンスの形式が不正です：{why}"),
    ("it names no address of a licence: {value}", "ライセンスのアドレスがありません：{value}"),
    ("it is not an RSL document", "RSL 文書ではありません"),
    ("it holds too many licences to read them all", "ライセンスが多すぎて、すべては読み取れません"),
    ("there is text between its elements", "要素の間にテキストがあります"),
    ("it is not written as the specification asks", "仕様どおりに書かれていません"),
    ("it holds no licence", "ライセンスがありません"),
    ("a prohibition was found in it", "禁止の記述があります"),
    (
        "it prohibits what the specification does not name: {words}",
        "仕様にないものを禁止しています：{words}",
    ),
    ("what it covers is not a path", "対象の指定がパスではありません"),
    ("it prohibits what nobody knows", "禁止の対象が分かりません"),
    (
        "a use that a list of permitted uses leaves out is not permitted",
        "許可する用途の一覧にない用途は、許可されません",
    ),
    ("the licence asks for: {terms:list}", "ライセンスの条件：{terms}"),
    (
        "a permission is not read: it does not stand in its proper place",
        "許可が本来の場所にないため、採用しません",
    ),
    ("a licence from its licence server", "ライセンスサーバーからのライセンス取得"),
    ("a key", "復号鍵"),
    ("reports of use", "利用報告"),
    ("certain users or countries", "利用者または国の限定"),
    (
        "nobody knows what: it is not written as the specification asks",
        "不明な条件（仕様どおりに書かれていません）",
    ),
    ("payment ({kind:word})", "支払い（{kind}）"),
    ("payment of an unknown kind", "種類の分からない支払い"),
    ("terms of its own", "独自の条件"),
    ("the terms of a shared licence", "共通ライセンスの条件"),
    ("attribution", "作者名の表示"),
    # TDM policies.
    ("the TDM policy cannot be used: {why:note}", "TDM ポリシーを使用できません：{why}"),
    (
        "the TDM policy is a web page that a person has to read (SHA-256 {digest})",
        "TDM ポリシーは、人が読む必要のあるウェブページです（SHA-256 {digest}）",
    ),
    ("the TDM policy holds a prohibition", "TDM ポリシーに禁止の記述があります"),
    (
        "the TDM policy offers no permission to mine",
        "TDM ポリシーにマイニングを許可する記述がありません",
    ),
    (
        "the TDM policy permits mining for research only",
        "TDM ポリシーは研究目的のマイニングだけを許可しています",
    ),
    ("the TDM policy has not been read", "TDM ポリシーをまだ読み取っていません"),
    (
        "the TDM policy offers mining with {terms:list} (SHA-256 {digest})",
        "TDM ポリシーがマイニングを許可しています。条件：{terms}（SHA-256 {digest}）",
    ),
    ("ask for a licence: {who}", "ライセンスの問い合わせ先：{who}"),
    ("no further conditions", "追加の条件なし"),
    ("consent", "同意"),
    ("payment", "支払い"),
    ("a named party only", "指定された相手のみ"),
    ("the duty {name}", "義務 {name}"),
    ("the constraint {words}", "制約 {words}"),
    ("it is not an ODRL policy", "ODRL ポリシーではありません"),
    ("it does not exist (any more)", "存在しません（削除された可能性があります）"),
    ("{name:word} stands in it more than once", "{name} が複数回書かれています"),
    ("it does not name the TDMRep profile", "TDMRep プロファイルの指定がありません"),
    # TDM reservations.
    (
        "the location of a rule that reserves is not a path",
        "留保する規則の location がパスではありません",
    ),
    ("it is not an array of rules", "規則の配列ではありません"),
    (
        "a rule is not written as the report asks: only a refusal counts",
        "規則が仕様どおりに書かれていないため、拒否だけを有効とします",
    ),
    ("a rule has no tdm-reservation", "規則に tdm-reservation がありません"),
    ("it holds comments, which JSON does not have", "JSON では使えないコメントがあります"),
    (
        "tdm-reservation is not written as the report asks: only a refusal counts",
        "tdm-reservation が仕様どおりに書かれていないため、拒否だけを有効とします",
    ),
    (
        "tdm-reservation has several values: the most restrictive counts",
        "tdm-reservation に複数の値があるため、最も厳しい値を採用します",
    ),
    (
        "several policies are named: none of them is read",
        "複数のポリシーが指定されているため、いずれも読み取りません",
    ),
    (
        "tdm-policy is not the address of a document on the web",
        "tdm-policy がウェブ上の文書のアドレスではありません",
    ),
    (
        "it does not say clearly that rights are not reserved: nothing is granted",
        "権利を留保しないことが明確でないため、許諾とは認められません",
    ),
    (
        "it says that rights are not reserved, but does not speak for the image",
        "権利を留保しないとしていますが、この画像についての意思表示ではありません",
    ),
    (
        "{source} is stricter: the most restrictive counts",
        "{source} のほうが厳しいため、そちらを採用します",
    ),
)

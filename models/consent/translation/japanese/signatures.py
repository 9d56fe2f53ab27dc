"""Signed statements: their form, their signature and what they speak of."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # Form.
    (
        "The signed statement cannot be read: {why:note}",
        "署名付きの意思表示を読み取れません：{why}",
    ),
    (
        "The statement is written as {marker}, which is not known here",
        "意思表示の書式 {marker} には対応していません",
    ),
    ("it does not say {key}: {value}", "{key}: {value} の記載がありません"),
    ("chainId is not the number of a chain", "chainId がチェーンの番号ではありません"),
    ("scheme is neither 'eip712' nor 'eip191'", "scheme が 'eip712' でも 'eip191' でもありません"),
    ("it has more than {count} brackets", "括弧が {count} 個を超えています"),
    ("the file is not an object", "ファイルの内容がオブジェクトではありません"),
    ("{where:word} is not an object", "{where} がオブジェクトではありません"),
    ("a key stands more than once in the file", "ファイルに同じキーが複数あります"),
    ("a key stands more than once in {where:word}", "{where} に同じキーが複数あります"),
    ("the file has no {key:word}", "ファイルに {key} がありません"),
    ("{where:word} has no {key:word}", "{where} に {key} がありません"),
    (
        "the file holds {key}, which the signature does not cover",
        "ファイルに、署名の対象ではない {key} があります",
    ),
    (
        "{where:word} holds {key}, which the signature does not cover",
        "{where} に、署名の対象ではない {key} があります",
    ),
    ("{where:word} is not a whole number", "{where} が整数ではありません"),
    ("{where:word} is not a text", "{where} が文字列ではありません"),
    ("{where:word} is not {what:known}", "{where} が{what}ではありません"),
    ("an address", "アドレス"),
    ("a hash of 32 bytes", "32 バイトのハッシュ値"),
    ("signature is not in hex, or is too long", "signature が 16 進数でないか、長すぎます"),
    (
        "The statement's {name:word} is not of the form that is signed",
        "意思表示の {name} が、署名の対象となる形式ではありません",
    ),
    (
        "The statement's {name:word} is not a number of {bits} bits",
        "意思表示の {name} が {bits} ビットの数値ではありません",
    ),
    ("There is no such chain id", "存在しないチェーン ID です"),
    (
        "The preference holds something that canonical JSON cannot express",
        "意向に、正規化 JSON で表せない値があります",
    ),
    # Proof.
    ("the preference is not the one that was signed", "意向が署名されたものと異なります"),
    ("the zero address cannot sign", "ゼロアドレスは署名できません"),
    (
        "signed by the contract wallet {wallet} ({scheme}, ERC-1271)",
        "コントラクトウォレット {wallet} による署名です（{scheme}、ERC-1271）",
    ),
    (
        "The signature is not by {signer:word}, or something signed was changed",
        "{signer} による署名ではないか、署名後に内容が変更されています",
    ),
    (
        "only a contract wallet can have signed this, and no chain was asked",
        "コントラクトウォレットによる署名と見られますが、チェーンに照会していません",
    ),
    (
        (
            "the signer is a contract wallet that is not deployed yet (ERC-6492), or could not "
            "be asked: deploy it, or sign again"
        ),
        (
            "署名者のコントラクトウォレットは未配置（ERC-6492）か、照会できませんでした。配置す"
            "るか、署名し直してください"
        ),
    ),
    (
        (
            "chain {chain} could not be asked whether the signer is a contract wallet that "
            "accepts the signature"
        ),
        (
            "署名者がこの署名を承認するコントラクトウォレットかどうか、チェーン {chain} に照会で"
            "きませんでした"
        ),
    ),
    (
        "The signature has {found} bytes, not {count}",
        "署名が {count} バイトではなく {found} バイトです",
    ),
    (
        "The signature's last byte is {value}, not 0, 1, 27 or 28",
        "署名の末尾のバイトが 0・1・27・28 ではなく {value} です",
    ),
    ("The signature's numbers are out of range", "署名の数値が範囲外です"),
    (
        "The signature is the altered twin of another: its s is the higher one",
        "別の署名を改変した署名です（s が大きいほうの値）",
    ),
    ("No key can have made the signature", "どの鍵からも作れない署名です"),
    # What it speaks of.
    (
        "the licence beside the statement is not signed and does not count",
        "意思表示に添えられたライセンスは、署名の対象外のため無効です",
    ),
    ("it says nothing about any use", "どの用途についても記載がありません"),
    ("issuedAt is not a time in seconds since 1970", "issuedAt が 1970 年からの秒数ではありません"),
    ("the statement ends before it begins", "意思表示の期限が発行時刻より前です"),
    ("it names no token", "トークンを示していません"),
    (
        "it speaks for token {token} of {contract} on chain {chain}",
        "チェーン {chain} のコントラクト {contract} のトークン {token} を対象としています",
    ),
    (
        "it names no file: nothing shows of which bytes it speaks",
        "ファイルを示していないため、対象のデータが分かりません",
    ),
    (
        "assetCid is not shown to name these bytes: {cid}",
        "assetCid がこのデータを示すことを確認できません：{cid}",
    ),
    ("it names {cid:word}", "{cid} を示しています"),
)

"""What stands on chains: tokens, commits, wallets and the nodes that are asked."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    # What a contract answers.
    (
        "the answer has {count} bytes, too few for its type",
        "応答が {count} バイトしかなく、型に対して不足しています",
    ),
    ("the answer is neither true nor false", "応答が真偽値ではありません"),
    ("the answer is not an address", "応答がアドレスではありません"),
    ("the string has more than {size} bytes", "文字列が {size} バイトを超えています"),
    ("the string ends after the answer does", "文字列が応答の範囲を超えています"),
    ("the string starts after the answer ends", "文字列の位置が応答の範囲外です"),
    ("the array ends after the answer does", "配列が応答の範囲を超えています"),
    (
        "the contract keeps the answer off the chain (EIP-3668)",
        "コントラクトが応答をチェーンの外に置いています（EIP-3668）",
    ),
    ("the node refuses: {message:note}", "ノードが応答を拒否しました：{message}"),
    ("the node's answer is not hexadecimal", "ノードの応答が 16 進数ではありません"),
    ("the contract's answer: {why:note}", "コントラクトの応答：{why}"),
    # Tokens and their metadata.
    ("it is not known whether it exists: {why:note}", "存在するかどうか分かりません：{why}"),
    ("the contract keeps no metadata", "コントラクトにメタデータがありません"),
    (
        "the token exists, and the contract refuses its metadata: {why:note}",
        "トークンは存在しますが、コントラクトがメタデータを返しません：{why}",
    ),
    ("there is no such token at this block", "このブロックの時点で、そのトークンは存在しません"),
    (
        "the contract gives no address for metadata",
        "コントラクトにメタデータのアドレスがありません",
    ),
    ("the metadata's address is none: {text}", "メタデータのアドレスとして使えません：{text}"),
    (
        "the token's metadata is not authentic: the collection's default stands beside it",
        "トークンのメタデータを本物と確認できないため、コレクションの既定値も併せて扱います",
    ),
    (
        "takes the place of the collection's default: {values:list}",
        "コレクションの既定値に優先します：{values}",
    ),
    ("{purpose:known} {preference:known}", "{purpose}は{preference}"),
    ("allowed", "許可"),
    ("notAllowed", "不許可"),
    ("constrained", "条件付き許可"),
    ("unknown", "言及なし"),
    (
        "the policy does not recognise this contract any more: it cannot grant",
        "現在の方針では権利者のコントラクトとして登録されていないため、許諾とは認められません",
    ),
    (
        "nobody recognises this contract as the rights holder's: it cannot grant",
        "権利者のコントラクトとして登録されていないため、許諾とは認められません",
    ),
    (
        "the metadata is not authentic: it cannot grant",
        "メタデータを本物と確認できないため、許諾とは認められません",
    ),
    (
        "its metadata says nothing about mining",
        "メタデータにデータマイニングについての記載はありません",
    ),
    (
        "the contract has no contractURI (ERC-7572)",
        "コントラクトに contractURI（ERC-7572）がありません",
    ),
    (
        "there is no contract at {address} on {chain} at this block",
        "このブロックの時点で、{chain} の {address} にコントラクトはありません",
    ),
    (
        "the contract follows neither ERC-721 nor ERC-1155, as far as can be told",
        "コントラクトは ERC-721 にも ERC-1155 にも準拠していないようです",
    ),
    (
        "the contract says that it follows {found}, not {declared}: read as {same}",
        "コントラクト自身は {declared} ではなく {found} としているため、{same} として扱います",
    ),
    ("the bytes at {address} are not verified", "{address} のデータを検証できません"),
    ("its image is not known: {why:note}", "画像を特定できません：{why}"),
    # Who may speak.
    (
        "the contract names too many creators (ERC-7015)",
        "コントラクトが示す作者が多すぎます（ERC-7015）",
    ),
    (
        "the contract names several creators (ERC-7015), not which token is whose",
        (
            "コントラクトが複数の作者を示していますが（ERC-7015）、どのトークンが誰の作品か分か"
            "りません"
        ),
    ),
    ("a creator attribution cannot be read: {why:note}", "作者の帰属情報を読み取れません：{why}"),
    (
        "a creator attribution names an address that cannot sign",
        "作者の帰属情報が、署名できないアドレスを示しています",
    ),
    (
        "it is not known whether {creator:word} is a contract wallet",
        "{creator} がコントラクトウォレットかどうか分かりません",
    ),
    (
        "the wallet {creator:word} could not be asked: {why:note}",
        "ウォレット {creator} に照会できませんでした：{why}",
    ),
    (
        "the creator attribution of {creator:word} does not hold: {why:note}",
        "{creator} の作者の帰属情報は成立しません：{why}",
    ),
    (
        "{creator:word} did not sign the creator attribution that names it",
        "{creator} は、自身を示す作者の帰属情報に署名していません",
    ),
    ("holder of the only one of the token", "唯一のトークンの保有者"),
    ("creator of the contract", "コントラクトの作成者"),
    ("owner of the token", "トークンの所有者"),
    ("owner of the contract", "コントラクトの所有者"),
    ("delegate of the {role:known}", "{role}から委任を受けた者"),
    (
        "who controls {token:word} could not be read in full: {why:note}",
        "{token} を誰が管理しているか、すべては読み取れませんでした：{why}",
    ),
    ("{signer:word} is the {role:known}", "{signer} は{role}です"),
    ("{recorder:word} is {role:known}", "{recorder} は{role}です"),
    ("{signer:word} does not control the token", "{signer} はこのトークンを管理していません"),
    (
        "{recorder:word} is not proven to control the asset",
        "{recorder} がこの画像を管理していることを確認できません",
    ),
    # Commits.
    (
        "the file that the commit names cannot be read: {why:note}",
        "記録が示すファイルを読み取れません：{why}",
    ),
    (
        "{recorder:word} records for {wallet:word}, who signed the asset tree",
        "{recorder} が、アセットツリーに署名した {wallet} に代わって記録しています",
    ),
    ("its bytes are not verified", "データを検証できません"),
    ("there are commits about this asset", "この画像についての記録があります"),
    (
        "there is no commit about this asset at this block",
        "このブロックの時点で、この画像についての記録はありません",
    ),
    ("the CID of its asset tree cannot be read", "アセットツリーの CID を読み取れません"),
    ("the asset tree: {why:note}", "アセットツリー：{why}"),
    (
        "the asset tree does not name one creatorWallet",
        "アセットツリーの creatorWallet がないか、複数あります",
    ),
    ("the asset tree is about another asset", "アセットツリーが別の画像についてのものです"),
    ("its assetTreeSignature is not hexadecimal", "assetTreeSignature が 16 進数ではありません"),
    ("there is no assetTreeSignature", "assetTreeSignature がありません"),
    (
        "its assetTreeSignature cannot be used: {why:note}",
        "assetTreeSignature を使用できません：{why}",
    ),
    (
        "its assetTreeSignature is not that of the asset tree's creatorWallet",
        "assetTreeSignature が、アセットツリーの creatorWallet の署名ではありません",
    ),
    ("the commit cannot be decoded: {why:note}", "記録を解読できません：{why}"),
    (
        "more than {count} commits about this asset name a file: this one is not read",
        "この画像についてファイルを示す記録が {count} 件を超えるため、この記録は読み取りません",
    ),
    ("the chain does not hold this commit any more", "この記録はチェーン上に存在しなくなりました"),
    # Contract wallets.
    ("the wallet confirms it", "ウォレットが署名を確認しました"),
    (
        "no wallet on this chain confirms it",
        "このチェーンのどのウォレットも、この署名を確認していません",
    ),
    (
        "The contract {address:word} refused a call",
        "コントラクト {address} が呼び出しを拒否しました",
    ),
    (
        "The contract {address:word} could not be asked: {why:note}",
        "コントラクト {address} に照会できませんでした：{why}",
    ),
    ("Nothing can be done", "対処できません"),
    # Nodes.
    ("{node:word} does not answer: {why:note}", "{node} が応答しません：{why}"),
    ("it has failed too often", "失敗が続いたため、照会を中止しました"),
    (
        "it left questions of a batch without an answer",
        "まとめて送った照会の一部に応答がありません",
    ),
    ("its answer is too large", "応答が大きすぎます"),
    ("its answer does not end", "応答が終わりません"),
    ("no answer within {seconds} s", "{seconds} 秒以内に応答がありません"),
    ("the connection failed ({kind})", "接続に失敗しました（{kind}）"),
    ("HTTP status {status:number}", "HTTP ステータス {status}"),
    ("it answers a batch with one answer", "まとめて送った照会に、応答が一つしかありません"),
    ("its answer is not JSON-RPC", "応答が JSON-RPC ではありません"),
    (
        "the node at {node} knows no finalized block: read at its safe one",
        "ノード {node} に確定ブロックがないため、safe ブロックの時点で読み取りました",
    ),
    (
        (
            "the node at {node} knows neither a finalized nor a safe block: read {count} blocks "
            "behind its newest"
        ),
        (
            "ノード {node} に確定ブロックも safe ブロックもないため、最新より {count} ブロック前"
            "の時点で読み取りました"
        ),
    ),
    (
        "the node is at block {block}, before where the last look ended",
        "ノードはブロック {block} にあり、前回読み取った位置に達していません",
    ),
    (
        "the chain was reorganised: evidence from block {block} on is read anew",
        "チェーンが再編成されたため、ブロック {block} 以降を読み直します",
    ),
    ("No endpoint is known for {chain:word}", "{chain} の接続先が設定されていません"),
    ("Give one in consent_rpc", "consent_rpc に指定してください"),
    (
        "Nothing of {address:word} could be read: {why:note}",
        "{address} から何も読み取れません：{why}",
    ),
    (
        "See `kiyome consent sources --failed`",
        "`kiyome consent sources --failed` で確認してください",
    ),
    (
        "it may say something of this image: it could not be read",
        "この画像についての意思表示があるかもしれませんが、読み取れていません",
    ),
    ("it has been read since", "その後、読み取れました"),
    (
        "The node at {node} refuses to be asked ({why:note})",
        "ノード {node} が照会を拒否しました（{why}）",
    ),
    ("Check its address and its key in the settings", "設定のアドレスとキーを確認してください"),
    (
        "The address of a node is not an http or https URL",
        "ノードのアドレスが http または https の URL ではありません",
    ),
    ("Correct it in the settings", "設定を修正してください"),
    (
        "The node at {node} does not say which chain it serves",
        "ノード {node} がどのチェーンのものか分かりません",
    ),
    (
        "The node at {node} does not say which chain it serves: {why:note}",
        "ノード {node} がどのチェーンのものか分かりません：{why}",
    ),
    (
        "See whether it is up, or give another node",
        "稼働しているか確認するか、別のノードを指定してください",
    ),
    (
        "The node at {node} serves {found}, not {chain:word}",
        "ノード {node} は {chain} ではなく {found} のものです",
    ),
    ("Give the address of a node for {chain:word}", "{chain} のノードのアドレスを指定してください"),
    (
        "The node at {node} has no block to read at",
        "ノード {node} に読み取れるブロックがありません",
    ),
    (
        "The node at {node} has no block to read at: {why:note}",
        "ノード {node} に読み取れるブロックがありません：{why}",
    ),
    (
        "See whether it is in step with its chain, or give another node",
        "チェーンと同期しているか確認するか、別のノードを指定してください",
    ),
    (
        "The node at {node} no longer shows block {block} of {chain:word}",
        "ノード {node} で {chain} のブロック {block} を読めなくなりました",
    ),
    (
        "The node at {node} does not show block {block} of {chain:word}",
        "ノード {node} で {chain} のブロック {block} を読めません",
    ),
    (
        "Block {block} of {chain} was replaced while it was read",
        "読み取り中に {chain} のブロック {block} が置き換わりました",
    ),
    ("Read again", "読み直してください"),
    ("Read again, or give another node", "読み直すか、別のノードを指定してください"),
    (
        "Read again, or give a node that has the chain's history",
        "読み直すか、チェーンの履歴を持つノードを指定してください",
    ),
    (
        "The node at {node} does not give the events of block {block}: {why:note}",
        "ノード {node} からブロック {block} のイベントを取得できません：{why}",
    ),
    (
        "The node at {node} does not give events: {why:note}",
        "ノード {node} からイベントを取得できません：{why}",
    ),
    (
        "The node at {node} gives events that were not asked for",
        "ノード {node} が照会と異なるイベントを返しました",
    ),
    ("Give a node that answers eth_getLogs", "eth_getLogs に応答するノードを指定してください"),
    ("Give another node", "別のノードを指定してください"),
    (
        "The cursor is one of {found}, not of {chain:word}",
        "保存された位置が {chain} ではなく {found} のものです",
    ),
    (
        "The cursor is that of {found}, not of {contract:word}",
        "保存された位置が {contract} ではなく {found} のものです",
    ),
    ("Begin anew without a cursor", "最初から読み直してください"),
    ("Read it through a reader of its own chain", "そのチェーンを読み取る設定で読み直してください"),
    (
        "{address} is on {found}, not on {chain:word}",
        "{address} は {chain} ではなく {found} にあります",
    ),
    ("{text} is not a CID: {why:note}", "{text} は CID ではありません：{why}"),
    ("Correct or leave it out", "修正するか、除いてください"),
    (
        "{address} on {chain} cannot be asked what it is: {why:note}",
        "{chain} の {address} が何か照会できません：{why}",
    ),
    (
        "{address} says that it has more than {count} tokens",
        "{address} のトークン数が {count} を超えています",
    ),
    (
        "Name the tokens that matter in the collection's entry",
        "対象のトークンをコレクションの設定に記載してください",
    ),
    ("There is no token standard called {name}", "{name} というトークン規格はありません"),
    ("Write erc721, erc1155 or auto", "erc721、erc1155、auto のいずれかを記載してください"),
    ("{contract} cannot have a token of that id", "{contract} にその ID のトークンはあり得ません"),
    ("Write ids of 0 to 2**256 - 1", "ID は 0 から 2**256 - 1 までの値で記載してください"),
    ("{name} is not the name of an EVM chain", "{name} は EVM チェーンの名前ではありません"),
    ("Write it like eip155:1 (CAIP-2)", "eip155:1（CAIP-2）のように記載してください"),
    ("A block number cannot be negative", "ブロック番号は負の数にできません"),
    ("Write from_block = 0 or more", "from_block には 0 以上の値を記載してください"),
    ("Write 0x and 40 hexadecimal digits", "0x に続けて 16 進 40 桁で記載してください"),
)

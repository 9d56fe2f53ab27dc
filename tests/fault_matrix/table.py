"""The matrix: what is wrong in each cell, and what follows under the three policies.

Read a row as: this carrier, in that fault, exactly so, comes to this, because. ``NoCell`` says why
a combination cannot come about. The scenes bring each cell about with real parts; the test of the
matrix runs them all and holds them to this table.
"""

from __future__ import annotations

from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.outcomes import (
    BROKEN,
    CLAIMED,
    CONTRACT_ENDED,
    ENDED,
    FORGED,
    GRANTED,
    NONE_ON_FILE,
    REFUSED,
    SILENT,
    STALE,
    STOPPED,
    TOO_LARGE,
    TORN,
    UNMET,
    UNREAD,
    Cell,
    NoCell,
)

Row = dict[Fault, Cell | NoCell]

_IN_FILE = NoCell("It stands in or beside the file: nothing is asked over a network.")
_HANDED_OVER = NoCell("An operator hands over a file: nothing is asked over a network.")
_NEVER_GRANTS = NoCell("Anybody can write it: it never grants by itself.")
_NO_END = NoCell("It cannot say when it ends, and it never grants by itself.")
_UNSIGNED = NoCell("Nobody signs it: what the server sends is what the site says.")
_OPERATORS_NODE = "The node is the operator's own setting, and its redirects are not followed."
_WALLETS_WORD = "The signature is not its signer's by itself, and the wallet could not be asked."
_EARLIER_STANDS = "It is refused at import, aloud; what the list said before stands."
_NEVER_READ = "What a recognised contract says was never read: its silence is none."


def _signed_offline() -> Row:
    """The two schemes whose signatures need no chain differ in nothing here."""
    return {
        Fault.SOUND: Cell("a signed refusal", REFUSED),
        Fault.GRANTED: Cell("a signed grant by the token's owner", GRANTED),
        Fault.ABSENT: Cell("no statement beside the image", SILENT),
        Fault.TIMEOUT: NoCell("The signature is verified without a network."),
        Fault.SERVER_ERROR: NoCell("The signature is verified without a network."),
        Fault.TRUNCATED: Cell("half of a signed grant", BROKEN),
        Fault.TAMPERED: Cell("a signed refusal that was turned into a grant", FORGED),
        Fault.WRONG_TYPE: Cell("a list where the statement's fields should be", BROKEN),
        Fault.OVERSIZED: Cell("a signed grant and a MiB of blanks", UNREAD),
        Fault.PRIVATE: NoCell("The signature is verified without a network."),
        Fault.STRANGER: Cell("a sound grant by somebody who does not control the token", CLAIMED),
        Fault.EXPIRED: Cell("a grant by the token's owner, past its `expiresAt`", ENDED),
        Fault.CONFLICTING: Cell("the owner's grant, and a refusal that a stranger signed", REFUSED),
    }


def _live(silent: str, refusing: str, wrong: Cell, stranger: Cell, conflicting: Cell) -> Row:
    """What is asked of a site, with the faults that every server can have."""
    return {
        Fault.SOUND: Cell(refusing, REFUSED),
        Fault.GRANTED: NoCell("Nothing on the web grants by itself."),
        Fault.ABSENT: Cell(silent, SILENT),
        Fault.TIMEOUT: Cell("the server takes the request and does not answer", UNREAD),
        Fault.SERVER_ERROR: Cell("503", UNREAD),
        Fault.TRUNCATED: Cell("the answer ends before it is whole, and before any refusal", UNREAD),
        Fault.TAMPERED: _UNSIGNED,
        Fault.WRONG_TYPE: wrong,
        Fault.OVERSIZED: Cell("more than the limit for it", UNREAD),
        Fault.PRIVATE: Cell("302 to 169.254.169.254, which is not connected to", UNREAD),
        Fault.STRANGER: stranger,
        Fault.EXPIRED: NoCell(
            "Nothing on the web grants by itself, and a refusal does not run out."
        ),
        Fault.CONFLICTING: conflicting,
    }


def _by_server(pointer: str) -> Row:
    """What a contract points at on a web server."""
    return {
        Fault.TIMEOUT: Cell("the server takes the request and does not answer", UNREAD),
        Fault.SERVER_ERROR: Cell("503", UNREAD),
        Fault.TRUNCATED: Cell("the body ends before its `Content-Length`", UNREAD),
        Fault.TAMPERED: Cell(
            "a grant over plain http, which anybody on the way could have written",
            CLAIMED,
            "Only verified bytes, or https from the contract's own address, can grant.",
        ),
        Fault.WRONG_TYPE: Cell("a web page", BROKEN),
        Fault.OVERSIZED: Cell("3 MiB of JSON", UNREAD),
        Fault.PRIVATE: Cell("302 to 169.254.169.254, which is not connected to", UNREAD),
        Fault.STRANGER: Cell(f"a grant {pointer} of a contract that nobody recognises", CLAIMED),
        Fault.EXPIRED: Cell(f"a grant {pointer}, read eight days ago", STALE),
    }


MATRIX: dict[Carrier, Row] = {
    Carrier.SIDECAR: {
        Fault.SOUND: Cell("`aiTraining: notAllowed`", REFUSED),
        Fault.GRANTED: _NEVER_GRANTS,
        Fault.ABSENT: Cell("no JSON file beside the image", SILENT),
        Fault.TIMEOUT: _IN_FILE,
        Fault.SERVER_ERROR: _IN_FILE,
        Fault.TRUNCATED: Cell("it ends inside the word `notAllowed`", BROKEN),
        Fault.TAMPERED: Cell(
            "a refusal that became a grant after the dataset was scanned",
            UNREAD,
            "Nobody knows which of the two contents holds.",
        ),
        Fault.WRONG_TYPE: Cell("`aiTraining: 7`", BROKEN),
        Fault.OVERSIZED: Cell("a refusal and more than a MiB", UNREAD),
        Fault.PRIVATE: _IN_FILE,
        Fault.STRANGER: Cell("`aiTraining: allowed`, with the image's own SHA-256", CLAIMED),
        Fault.EXPIRED: _NO_END,
        Fault.CONFLICTING: Cell("one key twice: `notAllowed`, then `allowed`", TORN),
    },
    Carrier.EIP712: _signed_offline(),
    Carrier.EIP191: _signed_offline(),
    Carrier.ERC1271: {
        Fault.SOUND: Cell("a refusal that the wallet confirms", REFUSED),
        Fault.GRANTED: Cell("a grant by the wallet that owns the token", GRANTED),
        Fault.ABSENT: Cell("no statement beside the image", SILENT),
        Fault.TIMEOUT: Cell("a grant, and a node that does not answer", FORGED, _WALLETS_WORD),
        Fault.SERVER_ERROR: Cell("a grant, and a node that answers 500", FORGED, _WALLETS_WORD),
        Fault.TRUNCATED: Cell("a grant, and a node that sends half answers", FORGED, _WALLETS_WORD),
        Fault.TAMPERED: Cell("a refusal that was turned into a grant", FORGED),
        Fault.WRONG_TYPE: Cell("a grant, and a node that sends web pages", FORGED, _WALLETS_WORD),
        Fault.OVERSIZED: Cell(
            "a grant, and a node whose answers are too long", FORGED, _WALLETS_WORD
        ),
        Fault.PRIVATE: Cell("a grant, and a node that redirects", FORGED, _OPERATORS_NODE),
        Fault.STRANGER: Cell("a grant by a wallet that does not control the token", CLAIMED),
        Fault.EXPIRED: Cell("a grant by the wallet that owns the token, past its end", ENDED),
        Fault.CONFLICTING: Cell(
            "the wallet's grant, and a refusal that a stranger signed", REFUSED
        ),
    },
    Carrier.C2PA: {
        Fault.SOUND: Cell("`ai_generative_training: notAllowed`", REFUSED),
        Fault.GRANTED: NoCell(
            "It proves who signed. That the signer is the holder, a contract has to say."
        ),
        Fault.ABSENT: Cell("an image without credentials", SILENT),
        Fault.TIMEOUT: Cell(
            "credentials at a server that does not answer",
            UNREAD,
            "Credentials that lie elsewhere are never fetched: it is not even asked.",
        ),
        Fault.SERVER_ERROR: Cell(
            "credentials at a server that is out of order",
            UNREAD,
            "Credentials that lie elsewhere are never fetched: it is not even asked.",
        ),
        Fault.TRUNCATED: Cell("the file ends inside its credentials", BROKEN),
        Fault.TAMPERED: Cell("a granted image with a changed pixel", FORGED),
        Fault.WRONG_TYPE: Cell("a sound signature over a list where the entries should be", BROKEN),
        Fault.OVERSIZED: Cell("an image beyond `max_bytes`", TOO_LARGE),
        Fault.PRIVATE: Cell(
            "credentials at 169.254.169.254",
            UNREAD,
            "Credentials that lie elsewhere are never fetched.",
        ),
        Fault.STRANGER: Cell("a grant signed with a certificate that nobody knows", CLAIMED),
        Fault.EXPIRED: Cell(
            "a grant signed with a certificate that has ended since",
            CLAIMED,
            "Without control on chain it was a claim before it ended, and is one after.",
        ),
        Fault.CONFLICTING: Cell("a signed grant over a refusal in XMP", REFUSED),
    },
    Carrier.PLUS: {
        Fault.SOUND: Cell("`DMI-PROHIBITED-GENAIMLTRAINING`", REFUSED),
        Fault.GRANTED: _NEVER_GRANTS,
        Fault.ABSENT: Cell("XMP that does not speak of mining", SILENT),
        Fault.TIMEOUT: _IN_FILE,
        Fault.SERVER_ERROR: _IN_FILE,
        Fault.TRUNCATED: Cell("the packet ends inside `DMI-PRO`", BROKEN),
        Fault.TAMPERED: Cell(
            "one letter changed: `DMI-PROHIBITEX`", REFUSED, "A word that is not known refuses."
        ),
        Fault.WRONG_TYPE: Cell("`7`", REFUSED, "A value that is not known refuses."),
        Fault.OVERSIZED: Cell("a packet of 17 MiB, compressed", BROKEN),
        Fault.PRIVATE: _IN_FILE,
        Fault.STRANGER: Cell("`DMI-ALLOWED`", CLAIMED),
        Fault.EXPIRED: _NO_END,
        Fault.CONFLICTING: Cell("one packet allows, another prohibits", REFUSED),
    },
    Carrier.TDM_XMP: {
        Fault.SOUND: Cell("`tdm:reservation=1`", REFUSED),
        Fault.GRANTED: _NEVER_GRANTS,
        Fault.ABSENT: Cell("XMP that does not speak of mining", SILENT),
        Fault.TIMEOUT: _IN_FILE,
        Fault.SERVER_ERROR: _IN_FILE,
        Fault.TRUNCATED: Cell("the packet ends after the reservation's value", TORN),
        Fault.TAMPERED: Cell("the letter l for the digit 1", TORN),
        Fault.WRONG_TYPE: Cell("`perhaps`", TORN),
        Fault.OVERSIZED: Cell("a packet of 17 MiB, compressed, that reserves nothing", BROKEN),
        Fault.PRIVATE: _IN_FILE,
        Fault.STRANGER: Cell("`tdm:reservation=0`", CLAIMED),
        Fault.EXPIRED: _NO_END,
        Fault.CONFLICTING: Cell("one packet says 0, another 1", REFUSED),
    },
    Carrier.KEPT: {
        Fault.SOUND: Cell("a kept `X-Robots-Tag: noai`", REFUSED),
        Fault.GRANTED: _NEVER_GRANTS,
        Fault.ABSENT: Cell("kept headers that do not speak of AI", SILENT),
        Fault.TIMEOUT: NoCell("A record keeps an answer, or none: it does not keep a silence."),
        Fault.SERVER_ERROR: Cell("a kept robots.txt with status 503", UNREAD),
        Fault.TRUNCATED: Cell("the record ends inside `noai`", BROKEN),
        Fault.TAMPERED: Cell(
            "a refusal that was taken out after the dataset was scanned",
            UNREAD,
            "Nobody knows which of the two contents holds.",
        ),
        Fault.WRONG_TYPE: Cell("the headers are the number 7", UNREAD),
        Fault.OVERSIZED: Cell("a refusal and a page of more than a MiB", UNREAD),
        Fault.PRIVATE: _IN_FILE,
        Fault.STRANGER: Cell("a kept `Content-Usage: train-ai=y`", CLAIMED),
        Fault.EXPIRED: _NO_END,
        Fault.CONFLICTING: Cell("two header lines: `all`, and `NoAI`", REFUSED),
    },
    Carrier.ROBOTS_TAG: _live(
        "`noindex`",
        "`noai`",
        Cell('`{"ai": 0}`', REFUSED, "However spelled, it says no to AI."),
        Cell("`all, ai`", SILENT, "No word in this header permits AI."),
        Cell("two lines: `all`, and `NoAI`", REFUSED),
    ),
    Carrier.ROBOTS_TXT: _live(
        "404",
        "GPTBot may not fetch the image",
        Cell("a PNG", BROKEN),
        Cell("GPTBot may fetch it", SILENT, "Leave to fetch is no leave to train."),
        Cell("GPTBot may and may not fetch it, by rules of one length", REFUSED),
    ),
    Carrier.AI_TXT: _live(
        "404",
        "`Disallow: /`",
        Cell("a PNG", BROKEN),
        Cell("`Allow: /`", CLAIMED),
        Cell("`Allow: /` and `Disallow: /`", REFUSED),
    ),
    Carrier.AIPREF: _live(
        "no such header",
        "`train-ai=n`",
        Cell("`train-ai=(n`, which is no dictionary", TORN),
        Cell("`train-ai=y`", CLAIMED),
        Cell(
            "`train-ai=n`, then `train-ai=y`",
            REFUSED,
            "By RFC 9651 the last would count; a refusal does not give way to it.",
        ),
    ),
    Carrier.CONTENT_SIGNAL: _live(
        "a robots.txt without signals",
        "`ai-train=no`",
        Cell("`ai-train=7`", REFUSED, "A value that is not known refuses."),
        Cell("`ai-train=yes`", CLAIMED),
        Cell("`ai-train=yes, ai-train=no`", REFUSED),
    ),
    Carrier.TDMREP: _live(
        "404",
        "`tdm-reservation: 1` for the whole site",
        Cell("a JSON string", BROKEN),
        Cell("`tdm-reservation: 0`", CLAIMED),
        Cell("0 and 1 for one and the same location", REFUSED),
    ),
    Carrier.RSL: {
        **_live(
            "",
            "`ai-train` is prohibited",
            Cell("JSON", BROKEN),
            Cell("`ai-train` is permitted", CLAIMED),
            Cell("one licence permits `ai-train`, another prohibits it", REFUSED),
        ),
        Fault.ABSENT: Cell(
            "robots.txt names a licence, and there is none: 404",
            UNREAD,
            "A site that names a licence has terms. RSL 4.3 has such an image be unlicensed.",
        ),
    },
    Carrier.ERC721: {
        Fault.SOUND: Cell("a refusal in the metadata of the image's token", REFUSED),
        Fault.GRANTED: Cell("a grant in the metadata of a recognised contract's token", GRANTED),
        Fault.ABSENT: Cell("the collection has no token of this image", SILENT),
        Fault.TIMEOUT: Cell("the node does not answer", UNREAD, _NEVER_READ),
        Fault.SERVER_ERROR: Cell("the node answers 500", UNREAD, _NEVER_READ),
        Fault.TRUNCATED: Cell("the node sends half answers", UNREAD, _NEVER_READ),
        Fault.TAMPERED: Cell("the node serves another chain", UNREAD, _NEVER_READ),
        Fault.WRONG_TYPE: Cell("the node sends web pages", UNREAD, _NEVER_READ),
        Fault.OVERSIZED: Cell("the node's answers are too long", UNREAD, _NEVER_READ),
        Fault.PRIVATE: Cell("the node redirects", UNREAD, _OPERATORS_NODE),
        Fault.STRANGER: Cell("a grant in a contract that nobody recognises", CLAIMED),
        Fault.EXPIRED: Cell("a grant, read eight days ago", STALE),
        Fault.CONFLICTING: Cell("two tokens of the image: one grants, one refuses", REFUSED),
    },
    Carrier.ERC1155: {
        Fault.SOUND: Cell("a refusal", REFUSED),
        Fault.GRANTED: Cell("a grant that stands in the token's address itself", GRANTED),
        Fault.ABSENT: Cell(
            "404",
            UNREAD,
            "A token that points at something that is gone did say something.",
        ),
        **_by_server("in metadata"),
        Fault.CONFLICTING: Cell("two keys for the preference: one grants, one refuses", TORN),
    },
    Carrier.ERC7572: {
        Fault.SOUND: Cell("a refusal for the whole collection", REFUSED),
        Fault.GRANTED: Cell("a grant for the whole of a recognised collection", GRANTED),
        Fault.ABSENT: Cell("the contract has no `contractURI`", SILENT),
        **_by_server("in the default"),
        Fault.CONFLICTING: Cell("the default grants, the token refuses", REFUSED),
    },
    Carrier.ERC7053: {
        Fault.SOUND: Cell("a refusal by a stranger", REFUSED),
        Fault.GRANTED: Cell("a grant by the owner of the image's token", GRANTED),
        Fault.ABSENT: Cell("the registry has a commit about another image only", SILENT),
        Fault.TIMEOUT: Cell("the node does not answer for events", UNREAD),
        Fault.SERVER_ERROR: Cell("the node answers 500 for events", UNREAD),
        Fault.TRUNCATED: Cell("the node sends half of the events", UNREAD),
        Fault.TAMPERED: Cell("the gateway sends other bytes than the commit's CID names", UNREAD),
        Fault.WRONG_TYPE: Cell("the node sends a web page for events", UNREAD),
        Fault.OVERSIZED: Cell("the node's events are too long", UNREAD),
        Fault.PRIVATE: Cell("a commit that names a file at 169.254.169.254", UNREAD),
        Fault.STRANGER: Cell("a grant by a stranger: anyone may commit", CLAIMED),
        Fault.EXPIRED: Cell("a grant by the token's owner, read eight days ago", STALE),
        Fault.CONFLICTING: Cell("one stranger refuses, another grants later", REFUSED),
    },
    Carrier.IPFS: {
        Fault.SOUND: Cell("a refusal", REFUSED),
        Fault.GRANTED: Cell("a verified grant in a recognised contract", GRANTED),
        Fault.ABSENT: Cell("the gateway has no such block: 404", UNREAD),
        Fault.TIMEOUT: Cell("the gateway does not answer", UNREAD),
        Fault.SERVER_ERROR: Cell("the gateway answers 500", UNREAD),
        Fault.TRUNCATED: Cell("the gateway sends two thirds of a block", UNREAD),
        Fault.TAMPERED: Cell("the gateway sends other bytes than the CID names", UNREAD),
        Fault.WRONG_TYPE: Cell("the gateway sends web pages", UNREAD),
        Fault.OVERSIZED: Cell("metadata of more than 2 MiB", UNREAD),
        Fault.PRIVATE: Cell("the gateway redirects to 169.254.169.254", UNREAD),
        Fault.STRANGER: Cell("a verified grant in a contract that nobody recognises", CLAIMED),
        Fault.EXPIRED: Cell(
            "a grant, read eight days ago",
            STALE,
            "The bytes never change; where the contract points may.",
        ),
        Fault.CONFLICTING: Cell(
            "`aiTraining: allowed`, `aiGenerativeTraining: notAllowed`",
            REFUSED,
            "The more specific use wins.",
        ),
    },
    Carrier.OPT_OUT: {
        Fault.SOUND: Cell("a row with the image's SHA-256", REFUSED),
        Fault.GRANTED: NoCell("A list never grants."),
        Fault.ABSENT: Cell("a row with another image's SHA-256", SILENT),
        Fault.TIMEOUT: _HANDED_OVER,
        Fault.SERVER_ERROR: _HANDED_OVER,
        Fault.TRUNCATED: Cell("the list again, cut short (gzip)", REFUSED, _EARLIER_STANDS),
        Fault.TAMPERED: Cell(
            "the list again, changed between checking and reading", REFUSED, _EARLIER_STANDS
        ),
        Fault.WRONG_TYPE: Cell("the list again, as a PNG", REFUSED, _EARLIER_STANDS),
        Fault.OVERSIZED: Cell(
            "the list again, with a name of 3 MiB in it", REFUSED, _EARLIER_STANDS
        ),
        Fault.PRIVATE: _HANDED_OVER,
        Fault.STRANGER: Cell("a row that opts the image in", SILENT, "A list never grants."),
        Fault.EXPIRED: NoCell("A list never grants, and a refusal in it does not run out."),
        Fault.CONFLICTING: Cell("one row opts out, the next one in", REFUSED),
    },
    Carrier.TDMAI: {
        Fault.SOUND: Cell("`tdm-reservation: 1` for the image's ISCC", REFUSED),
        Fault.GRANTED: NoCell("Its signature is not verified: it never grants by itself."),
        Fault.ABSENT: Cell("no declaration was taken in", SILENT),
        Fault.TIMEOUT: _HANDED_OVER,
        Fault.SERVER_ERROR: _HANDED_OVER,
        Fault.TRUNCATED: Cell("it ends before the reservation's value", BROKEN),
        Fault.TAMPERED: Cell(
            "its ISCC is another image's",
            SILENT,
            "Its signature is not verified: it speaks of the image that it names.",
        ),
        Fault.WRONG_TYPE: Cell("the reservation is a list", TORN),
        Fault.OVERSIZED: Cell("it permits, and is larger than a MiB", BROKEN),
        Fault.PRIVATE: _HANDED_OVER,
        Fault.STRANGER: Cell("`tdm-reservation: 0`", CLAIMED),
        Fault.EXPIRED: _NO_END,
        Fault.CONFLICTING: Cell("one key twice: 0, then 1", REFUSED),
    },
    Carrier.LICENCE: {
        Fault.SOUND: Cell(
            "a constrained grant beside the image; the licence is as it was accepted",
            CLAIMED,
            "The condition is met. Who grants is still not proven.",
        ),
        Fault.GRANTED: NoCell(
            "A document grants nothing: it meets a condition of somebody's grant."
        ),
        Fault.ABSENT: Cell("404", UNMET),
        Fault.TIMEOUT: Cell("the server takes the request and does not answer", UNMET),
        Fault.SERVER_ERROR: Cell("503, with the very licence as its body", UNMET),
        Fault.TRUNCATED: Cell("the licence ends before it is whole", UNMET),
        Fault.TAMPERED: Cell("one word of the licence is another", UNMET),
        Fault.WRONG_TYPE: Cell("a web page", UNMET),
        Fault.OVERSIZED: Cell("the licence and 3 MiB of blanks", UNMET),
        Fault.PRIVATE: Cell("302 to 169.254.169.254, which is not connected to", UNMET),
        Fault.STRANGER: NoCell(
            "A document grants nothing: it meets a condition of somebody's grant."
        ),
        Fault.EXPIRED: NoCell(
            "What two people accepted stands in the policy until they take it out."
        ),
        Fault.CONFLICTING: Cell("the licence is accepted, and the same JSON refuses", REFUSED),
    },
    Carrier.CONTRACT: {
        Fault.SOUND: Cell(
            "a contract for the whole dataset",
            SILENT,
            "Nothing stands against the contract.",
        ),
        Fault.GRANTED: NoCell("See above: a contract is a grant."),
        Fault.ABSENT: Cell("no contract in the policy", NONE_ON_FILE),
        Fault.TIMEOUT: _HANDED_OVER,
        Fault.SERVER_ERROR: _HANDED_OVER,
        Fault.TRUNCATED: Cell("the policy file ends inside the contract", STOPPED),
        Fault.TAMPERED: Cell("one person both entered and approved it", STOPPED),
        Fault.WRONG_TYPE: Cell('`expires = "for ever"`', STOPPED),
        Fault.OVERSIZED: NoCell("The operator writes the policy; no stranger makes it long."),
        Fault.PRIVATE: _HANDED_OVER,
        Fault.STRANGER: Cell("a contract for another folder", NONE_ON_FILE),
        Fault.EXPIRED: Cell("a contract that has ended", CONTRACT_ENDED),
        Fault.CONFLICTING: Cell("the contract, and `notAllowed` beside the image", REFUSED),
    },
}
"""By carrier and fault."""

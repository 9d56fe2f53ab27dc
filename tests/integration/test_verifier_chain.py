"""Receipts and heads against a real chain, in Python and in JavaScript, and the contract itself."""

from __future__ import annotations

import http.server
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from models.ledger.merkle import prove_consistency, prove_inclusion, root_of, subtree_of
from tests.anvil import Anvil, encode_arguments, start_anvil
from tests.verifier_files import Json, SampleLog, digest, make_log, write
from tests.verifiers import ROOT, VERIFY_MJS, ask_javascript, change_fields, find_node
from verifier.chain import ANCHORED, HEAD
from verifier.cli import read_trust, show, verify
from verifier.merkle import is_consistent, is_included

SIZES = (3, 2, 9, 4)
MADE = ROOT / "contracts" / "UsageLedger.json"


@dataclass
class Ledger:
    """The contract on a chain, and the log whose heads it holds."""

    chain: Anvil
    log: SampleLog
    address: str
    abi: list[dict[str, Any]]
    receipts: dict[int, Json] = field(default_factory=dict)
    anchors: dict[int, bytes] = field(default_factory=dict)

    def anchor(self, size: int, since: int) -> None:
        """Anchor a head, and keep its receipt."""
        data = self.anchors[size] = write(self.log.anchor(size, since))
        subtree = subtree_of(self.log.leaves)
        proof = prove_consistency(since, size, subtree) if since else []
        root = self.log.head(size).root
        call = encode_arguments(self.abi, "anchor", [size, root, digest(data), proof])
        mined = self.chain.send(self.chain.accounts[0], self.address, call)
        (log,) = mined["logs"]
        self.receipts[size] = {
            "block_hash": mined["blockHash"],
            "block_number": int(mined["blockNumber"], 16),
            "chain_id": 31337,
            "contract": self.address,
            "format": "kiyome.receipt/1",
            "log_index": int(log["logIndex"], 16),
            "manifest": digest(data).hex(),
            "root": root.hex(),
            "sequence": len(self.receipts) + 1,
            "size": size,
            "tx_hash": mined["transactionHash"],
        }

    def call(self, function: str, *arguments: Any) -> str:
        """What a view of the contract answers."""
        asked = {"to": self.address, "data": encode_arguments(self.abi, function, arguments)}
        return str(self.chain.ask("eth_call", asked, "latest"))


def deploy(chain: Anvil, log: SampleLog) -> Ledger:
    """A new contract."""
    if not MADE.exists():
        pytest.skip("no contracts/UsageLedger.json")
    made = json.loads(MADE.read_text())
    code = made["bytecode"].removeprefix("0x")
    data = "0x" + code + encode_arguments(made["abi"], "", [chain.accounts[0]])
    mined = chain.send(chain.accounts[0], None, data)
    return Ledger(chain, log, mined["contractAddress"].lower(), made["abi"])


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with start_anvil() as chain:
        made = deploy(chain, make_log(*SIZES))
        made.anchor(5, 0)
        made.anchor(14, 5)
        chain.mine(70)
        yield made


def ask(
    paths: list[Path], ledger: Ledger, rpc: str | None = None, contract: str | None = None
) -> list[Json]:
    """The reports, once both verifiers agree."""
    url = rpc or ledger.chain.url
    trust = read_trust(ledger.log.vkey, url, contract)
    text, code = show(verify([str(path) for path in paths], trust), as_json=True)
    answer = json.loads(text)
    if (VERIFY_MJS.parent / "node_modules" / "viem").is_dir():
        words = [*map(str, paths), "--key", ledger.log.vkey, "--rpc", url, "--json"]
        words += ["--contract", contract] if contract else []
        done = subprocess.run(
            [find_node(), str(VERIFY_MJS), *words], capture_output=True, text=True, timeout=280
        )
        assert json.loads(done.stdout) == answer, done.stderr
        assert done.returncode == code
    return list(answer["files"])


def put(folder: Path, **values: Json) -> list[Path]:
    paths = []
    for name, value in values.items():
        paths.append(folder / f"{name}.json")
        paths[-1].write_bytes(write(value))
    return paths


def ends(report: Json) -> dict[str, str]:
    return {check["name"]: check["status"] for check in report["checks"]}


def test_viem_is_there_or_the_javascript_half_is_skipped() -> None:
    if not (VERIFY_MJS.parent / "node_modules" / "viem").is_dir():
        pytest.skip("no viem: run `npm install --no-package-lock --prefix verifier/js`")


def test_the_constants_of_the_interface_are_its_hashes() -> None:
    from eth_utils import keccak

    assert keccak(b"Anchored(uint256,uint256,bytes32,bytes32)").hex() == ANCHORED[2:]
    assert keccak(b"head()").hex()[:8] == HEAD[2:]


def test_an_anchored_file_holds_with_its_receipt(ledger: Ledger, tmp_path: Path) -> None:
    log = ledger.log
    paths = put(
        tmp_path,
        inclusion=log.inclusion(7, 14) | {"receipt": ledger.receipts[14]},
        older=log.inclusion(2, 5) | {"receipt": ledger.receipts[5]},
        receipt=ledger.receipts[14],
    )
    for report in ask(paths, ledger, contract=ledger.address):
        assert report["outcome"] == "holds"
        assert ends(report)["receipt"] == "ok"


def test_without_the_contract_the_report_says_whose_word_that_is(
    ledger: Ledger, tmp_path: Path
) -> None:
    paths = put(tmp_path, one=ledger.log.inclusion(7, 14) | {"receipt": ledger.receipts[14]})
    (report,) = ask(paths, ledger)
    assert report["outcome"] == "holds"
    assert "the receipt's own word" in str(report["checks"])


def test_the_contract_in_capitals_is_the_same(ledger: Ledger, tmp_path: Path) -> None:
    paths = put(tmp_path, one=ledger.log.inclusion(7, 14))
    address = "0x" + ledger.address[2:].upper()
    assert ask(paths, ledger, contract=address)[0]["outcome"] == "holds"


def test_no_field_of_a_receipt_can_change(ledger: Ledger, tmp_path: Path) -> None:
    receipt = ledger.receipts[14]
    changes = {
        "block_hash": "0x" + "1" * 64,
        "block_number": receipt["block_number"] - 1,
        "chain_id": 1,
        "contract": "0x" + "1" * 40,
        "log_index": 1,
        "manifest": "1" * 64,
        "root": ledger.log.head(5).root.hex(),
        "sequence": 1,
        "size": 15,
        "tx_hash": ledger.receipts[5]["tx_hash"],
    }
    files = {name: receipt | {name: value} for name, value in changes.items()}
    files |= {f"unknown_{name}": receipt | {name: "0x" + "7" * 64} for name in ("tx_hash",)}
    files |= {f"shape{at}": value for at, value in enumerate(change_fields(receipt))}
    files.pop("shape0")  # it has no field left to be known by
    paths = put(tmp_path, **files)
    good = put(tmp_path, good=receipt)
    for report in ask(paths + good, ledger, contract=ledger.address)[:-1]:
        assert report["outcome"] == "fails", report


def test_the_contract_shows_heads_that_files_link_to_its_own(
    ledger: Ledger, tmp_path: Path
) -> None:
    log = ledger.log
    newer = put(tmp_path, newer=log.inclusion(16), older=log.inclusion(2, 3))
    assert [r["outcome"] for r in ask(newer, ledger, contract=ledger.address)] == ["unchecked"] * 2
    links = put(tmp_path, grown=log.consistency(14), early=log.consistency(3, 14))
    reports = ask(newer + links, ledger, contract=ledger.address)
    assert [report["outcome"] for report in reports] == ["holds"] * 4


def test_a_receipt_for_a_later_head_needs_a_link(ledger: Ledger, tmp_path: Path) -> None:
    log = ledger.log
    value = log.inclusion(2, 5) | {"receipt": ledger.receipts[14]}
    alone = put(tmp_path, alone=value)
    (report,) = ask(alone, ledger, contract=ledger.address)
    assert (report["outcome"], ends(report)["receipt"]) == ("unchecked", "unchecked")
    linked = alone + put(tmp_path, link=log.consistency(5, 14))
    assert [r["outcome"] for r in ask(linked, ledger, contract=ledger.address)] == ["holds"] * 2


def test_a_fork_is_told_by_the_contract(ledger: Ledger, tmp_path: Path) -> None:
    fork = make_log(*SIZES)
    fork.leaves[1] = bytes(32)
    paths = put(tmp_path, same=fork.inclusion(7, 14), grown=fork.consistency(14))
    for report in ask(paths[:1], ledger, contract=ledger.address):
        assert ends(report)["contract"] == "failed"
    for report in ask(paths[1:], ledger, contract=ledger.address):
        assert ends(report)["contract"] == "failed"


def test_a_replayed_receipt_does_not_anchor_another_head(ledger: Ledger, tmp_path: Path) -> None:
    value = ledger.log.inclusion(7, 14) | {"receipt": ledger.receipts[5]}
    (report,) = ask(put(tmp_path, one=value), ledger, contract=ledger.address)
    assert report["outcome"] == "fails"


def test_another_contract_of_the_same_code_is_not_the_one_that_was_given(
    ledger: Ledger, tmp_path: Path
) -> None:
    other = deploy(ledger.chain, ledger.log)
    ledger.chain.mine(70)
    value = ledger.log.inclusion(7, 14) | {"receipt": ledger.receipts[14]}
    (report,) = ask(put(tmp_path, one=value), ledger, contract=other.address)
    assert ends(report)["receipt"] == "failed"
    assert ends(report)["contract"] == "unchecked"


def test_an_address_without_a_contract_is_no_ledger(ledger: Ledger, tmp_path: Path) -> None:
    paths = put(tmp_path, one=ledger.log.inclusion(7, 14))
    (report,) = ask(paths, ledger, contract="0x" + "9" * 40)
    assert ends(report)["contract"] == "failed"


def publish(ledger: Ledger, public: Path) -> Path:
    ledger.log.publish(public)
    for name in ("anchors", "receipts"):
        (public / name).mkdir()
    for size, data in ledger.anchors.items():
        (public / "anchors" / f"{size}.json").write_bytes(data)
        (public / "receipts" / f"{size}.json").write_bytes(write(ledger.receipts[size]))
    return public


def test_a_public_folder_holds_against_the_chain(ledger: Ledger, tmp_path: Path) -> None:
    public = publish(ledger, tmp_path / "public")
    (report,) = ask([public], ledger, contract=ledger.address)
    assert report["outcome"] == "holds"
    statuses = [check["status"] for check in report["checks"] if check["name"] == "receipt"]
    assert statuses == ["ok", "ok"]
    assert ends(report)["contract"] == "ok"


def test_a_folder_that_was_cut_back_or_rewritten_is_told_by_the_contract(
    ledger: Ledger, tmp_path: Path
) -> None:
    make_log(3, 2).publish(tmp_path / "short")
    make_log(3, 3, 8, 4).publish(tmp_path / "other")
    for name in ("short", "other"):
        (report,) = ask([tmp_path / name], ledger, contract=ledger.address)
        assert ends(report)["contract"] == "failed", report


def test_a_block_that_is_not_final_is_not_enough(tmp_path: Path) -> None:
    with start_anvil() as chain:
        fresh = deploy(chain, make_log(*SIZES))
        fresh.anchor(14, 0)
        paths = put(tmp_path, one=fresh.log.inclusion(7, 14) | {"receipt": fresh.receipts[14]})
        (report,) = ask(paths, fresh, contract=fresh.address)
        assert "not final yet" in str(report["checks"])
        assert report["outcome"] == "fails"
        chain.mine(70)
        (report,) = ask(paths, fresh, contract=fresh.address)
        assert report["outcome"] == "holds"


def test_a_receipt_of_a_block_that_was_replaced_is_refused(tmp_path: Path) -> None:
    with start_anvil() as chain:
        fresh = deploy(chain, make_log(*SIZES))
        fresh.anchor(14, 0)
        receipt = fresh.receipts[14]
        chain.mine(1)
        chain.reorganise(2)
        chain.mine(70)
        (report,) = ask(put(tmp_path, one=receipt), fresh, contract=fresh.address)
        assert report["outcome"] == "fails"


@contextmanager
def serve(answer: bytes, status: int = 200) -> Iterator[str]:
    """A node that answers everything with the same bytes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret-of-the-node"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(result: Any) -> bytes:
    return json.dumps({"id": 1, "jsonrpc": "2.0", "result": result}).encode()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", 200),
        (b"<html>", 200),
        (b"[" * 100_000, 200),
        (b"{}", 200),
        (b"[]", 200),
        (b'{"id":1,"jsonrpc":"2.0","error":{"code":-32000,"message":"\x1b[2J"}}', 200),
        (reply("0x7a69"), 500),
        (reply("0x7a69"), 200),
        (reply(None), 200),
        (reply("0x" + "f" * 64), 200),
        (reply({"number": "0xfffffffffffffffff"}), 200),
        (reply([[]]), 200),
        (reply(""), 200),
        (reply(31337), 200),
        (reply({"status": True, "logs": [None]}), 200),
    ],
)
def test_a_node_that_talks_nonsense_leaves_things_unchecked_or_failed_and_never_ok(
    ledger: Ledger, tmp_path: Path, answer: bytes, status: int
) -> None:
    value = ledger.log.inclusion(7, 14) | {"receipt": ledger.receipts[14]}
    paths = put(tmp_path, one=value)
    with serve(answer, status) as url:
        trust = read_trust(ledger.log.vkey, url, ledger.address)
        text, code = show(verify([str(path) for path in paths], trust), as_json=False)
        assert code in (1, 2)
        assert "secret" not in text
        assert "\x1b" not in text
        if (VERIFY_MJS.parent / "node_modules" / "viem").is_dir():
            words = [str(paths[0]), "--rpc", url, "--contract", ledger.address]
            done = subprocess.run(
                [find_node(), str(VERIFY_MJS), *words, "--key", ledger.log.vkey],
                capture_output=True,
                text=True,
                timeout=280,
            )
            assert done.returncode == code, done.stderr
            assert "secret" not in done.stdout + done.stderr
            assert "FAIL  inclusion" not in done.stdout


def test_a_node_that_is_away_leaves_things_unchecked(ledger: Ledger, tmp_path: Path) -> None:
    value = ledger.log.inclusion(7, 14) | {"receipt": ledger.receipts[14]}
    (report,) = ask(put(tmp_path, one=value), ledger, "http://127.0.0.1:9", ledger.address)
    assert report["outcome"] == "unchecked"
    assert ends(report)["inclusion"] == "ok"


def test_the_contract_and_both_verifiers_agree_on_every_proof(ledger: Ledger) -> None:
    chance = random.Random(6962)
    leaves = [digest(b"%d" % number) for number in range(70)]
    subtree = subtree_of(leaves)
    questions: list[Json] = []
    found: list[tuple[bool, str]] = []
    for _ in range(200):
        size = chance.randint(1, len(leaves))
        root = root_of(leaves[:size])
        if chance.random() < 0.5:
            index = chance.randrange(size)
            path = spoil(chance, prove_inclusion(index, size, subtree))
            index += chance.choice((0, 0, 0, 1, -1 if index else 0))
            claimed = size + chance.choice((0, 0, 0, 1, size))
            leaf = leaves[chance.choice((min(index, size - 1), 0))]
            answer = is_included(leaf, index, claimed, path, root)
            said = ledger.call("verifyInclusionAt", leaf, index, claimed, root, path)
            parts = {"leaf": leaf, "root": root}
            numbers = {"ask": "inclusion", "index": index, "size": claimed}
        else:
            old = chance.randint(1, size)
            path = spoil(chance, prove_consistency(old, size, subtree))
            old += chance.choice((0, 0, 0, 1, -1))
            old_root = root_of(leaves[:old])
            answer = is_consistent(old, old_root, size, root, path)
            said = ledger.call("verifyConsistency", old, old_root, size, root, path)
            parts = {"oldRoot": old_root, "root": root}
            numbers = {"ask": "consistency", "old": old, "size": size}
        texts = {name: value.hex() for name, value in parts.items()}
        questions.append({**numbers, **texts, "path": [step.hex() for step in path]})
        found.append((answer, said))
    assert all(answer == bool(int(said, 16)) for answer, said in found)
    assert ask_javascript(questions) == [answer for answer, _ in found]
    assert 20 < sum(answer for answer, _ in found) < 180


def spoil(chance: random.Random, path: list[bytes]) -> list[bytes]:
    """The path itself, mostly, or one that differs by one step."""
    kind = chance.randrange(6)
    at = chance.randrange(len(path)) if path else 0
    if kind == 0:
        return [*path[:at], digest(b"x"), *path[at:]]
    if kind == 1 and path:
        return path[:at] + path[at + 1 :]
    if kind == 2 and path:
        return [*path[:at], digest(path[at]), *path[at + 1 :]]
    return path


def test_an_answer_that_nests_deeply_is_none_whatever_the_recursion_limit(
    ledger: Ledger, tmp_path: Path
) -> None:
    value = ledger.log.inclusion(7, 14) | {"receipt": ledger.receipts[14]}
    paths = put(tmp_path, one=value)
    before = sys.getrecursionlimit()
    with serve(b'{"result":' + b"[" * 500_000, 200) as url:
        trust = read_trust(ledger.log.vkey, url, ledger.address)
        sys.setrecursionlimit(100_000)  # as libraries for chains set it
        try:
            _, code = show(verify([str(path) for path in paths], trust), as_json=False)
        finally:
            sys.setrecursionlimit(before)
    assert code == 2

"""Reading the ledger for its owners: what is counted, what is kept, and what is never written."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import LedgerError
from models.ledger.chain.receipts import AnchorFiles, Receipt
from models.ledger.log import UsageLedger
from models.owners.own_ledger import NothingKnownError, OwnLedger, open_own_ledger
from models.owners.usage import BatchKind, Standing, UsageHistory, stand
from review_ui.plots import HEIGHT, MOST, WIDTH, Column, draw_plot
from tests.compensation_parts import write_rules
from tests.ledger_parts import make_owned_records, owner_ref
from tests.statement_parts import OWNER, make_used_ledger, pay_q3


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    made = make_used_ledger(tmp_path)
    pay_q3(made, write_rules(tmp_path))
    return made


def open_own(ledger: UsageLedger) -> OwnLedger:
    own = open_own_ledger(ledger.public_folder.parent)
    assert own is not None
    return own


class TestCounting:
    def test_every_batch_is_counted_as_its_records_say(self, ledger: UsageLedger) -> None:
        payout, other, run, release = UsageHistory(open_own(ledger)).batches_of(OWNER)
        assert (release.kind, release.used, release.excluded) == (BatchKind.RELEASE, 4, 2)
        assert release.excluded_by == {"consent_refused": 2}
        assert (run.kind, run.run, run.model) == (BatchKind.RUN, "run-1", "model-1")
        assert (run.used, run.samples, run.violations) == (4, 10 + 12 + 14 + 16, 1)
        assert (other.records, other.is_provable) == (0, True)
        assert payout.kind is BatchKind.PAYOUT
        assert [record.period for record in payout.payouts] == ["2026-Q3"]

    def test_the_figures_are_those_of_the_proof(self, ledger: UsageLedger, tmp_path: Path) -> None:
        import json

        own = open_own(ledger)
        for batch in UsageHistory(own).batches_of(OWNER):
            value = json.loads(own.owner_proof(batch.batch_id, OWNER))
            assert len(value.get("records", [])) == batch.records

    def test_a_new_head_costs_only_the_new_batches(
        self, ledger: UsageLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = open_own(ledger)
        history = UsageHistory(own)
        history.batches_of(OWNER)
        opened = []
        real = OwnLedger.own_openings
        monkeypatch.setattr(OwnLedger, "own_openings", lambda *a: opened.append(a[1]) or real(*a))
        history.batches_of(OWNER)
        assert opened == []
        ledger.append("later", make_owned_records(5, 2), 1_800_000_000)
        assert history.batches_of(OWNER)[0].batch_id == "later"
        assert opened == ["later"]

    def test_what_there_is_no_time_for_is_left_and_counted_on(self, ledger: UsageLedger) -> None:
        history = UsageHistory(open_own(ledger))
        assert history.batches_so_far(OWNER, -1.0) == ([], 4)
        history.count_on([OWNER])
        whole = UsageHistory(open_own(ledger)).batches_of(OWNER)
        for _ in range(2000):
            counted, left = history.batches_so_far(OWNER, -1.0)
            if not left:
                break
            time.sleep(0.05)
        assert (counted, left) == (whole, 0)

    def test_an_owner_whom_nobody_knows_has_nothing_and_is_seen_once_they_have(
        self, ledger: UsageLedger
    ) -> None:
        history = UsageHistory(open_own(ledger))
        stranger = owner_ref(0)
        assert all(not b.records and not b.is_provable for b in history.batches_of(stranger))
        ledger.append("later", make_owned_records(3, 2), 1_800_000_000)
        assert history.batches_of(stranger)[0].records == 2

    def test_what_was_erased_shows_nothing_from_before(self, ledger: UsageLedger) -> None:
        history = UsageHistory(open_own(ledger))
        history.batches_of(OWNER)
        ledger.erase_owner(OWNER, 1_800_000_000)
        assert all(b.is_erased and not b.records for b in history.batches_of(OWNER))

    def test_uses_of_one_work_are_found_the_newest_first(self, ledger: UsageLedger) -> None:
        history = UsageHistory(open_own(ledger))
        usage = history.batches_of(OWNER)
        asset = history.list_records(usage[-1], 1)[0].record.asset_sha256
        uses = history.uses_of(usage, asset)
        assert [use.batch_id for use in uses] == ["run-1-bbbb", "b" * 64]

    def test_searching_piece_by_piece_finds_every_use_once_and_in_order(
        self, ledger: UsageLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        history = UsageHistory(open_own(ledger))
        usage = history.batches_of(OWNER)
        asset = history.list_records(usage[-1], 1)[0].record.asset_sha256
        total = sum(each.records for each in usage)
        whole = history.uses_of(usage, asset)
        monkeypatch.setattr("models.owners.usage.SEARCHED", 3)
        parts = [history.uses_of(usage, asset, start) for start in range(0, total, 3)]
        assert [use for part in parts for use in part] == whole
        assert sum(map(bool, parts)) > 1


class TestReadingOnly:
    def test_nobody_gets_a_key_by_being_asked_about(self, ledger: UsageLedger) -> None:
        own = open_own(ledger)
        keys = ledger.private_folder / "owners.keys"
        before = keys.read_bytes()
        for action in (own.owner_proof, lambda *a: list(own.own_openings(*a))):
            with pytest.raises(NothingKnownError):
                action("other", owner_ref(7))
        assert keys.read_bytes() == before

    def test_records_without_an_owner_are_nobodys(self, ledger: UsageLedger) -> None:
        own = open_own(ledger)
        with pytest.raises(NothingKnownError):
            own.owner_proof("other", "")

    def test_an_owner_of_two_is_never_shown_the_others_record(self, ledger: UsageLedger) -> None:
        own = open_own(ledger)
        theirs = [o.index for o in own.own_openings("b" * 64, OWNER)]
        for index in set(range(10)) - set(theirs):
            with pytest.raises(LedgerError):
                own.inclusion_proof("b" * 64, OWNER, index)

    def test_keys_are_in_no_message_and_no_log(
        self, ledger: UsageLedger, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        secret = (ledger.private_folder / "signing.key").read_text().strip()
        own = open_own(ledger)
        UsageHistory(own).batches_of(OWNER)
        (ledger.private_folder / "signing.key").chmod(0o644)
        with pytest.raises(LedgerError) as caught:
            open_own_ledger(ledger.public_folder.parent)
        told = caplog.text + str(caught.value) + repr(own)
        assert not any(part in told for part in secret.split("+") if len(part) > 20)


class TestChain:
    def receipt(self, ledger: UsageLedger, size: int) -> Receipt:
        root = ledger.head().root.hex() if size == ledger.head().size else "0" * 64
        digest = "0x" + "a" * 64
        return Receipt(size, root, "b" * 64, 1, 5, "0x" + "c" * 40, digest, digest, 9, 0)

    def test_a_batch_is_final_with_the_first_receipt_that_covers_it(
        self, ledger: UsageLedger
    ) -> None:
        own = open_own(ledger)
        receipts = [self.receipt(ledger, 10), self.receipt(ledger, 20)]
        assert stand(own, receipts, 10) == (Standing.FINAL, receipts[0])
        assert stand(own, receipts, 11) == (Standing.FINAL, receipts[1])
        assert stand(own, receipts, 21) == (Standing.SIGNED, None)

    def test_a_head_under_way_is_said_to_be(self, ledger: UsageLedger) -> None:
        own = open_own(ledger)
        AnchorFiles(ledger.public_folder).write_manifest(15, b"{}")
        assert stand(own, [], 15)[0] is Standing.SENT
        assert stand(own, [], 16)[0] is Standing.SIGNED

    def test_a_proof_carries_the_receipt_of_its_own_head(
        self, ledger: UsageLedger, tmp_path: Path
    ) -> None:
        import json

        from models.ledger.proofs import verify_proof_file

        own = open_own(ledger)
        files = AnchorFiles(ledger.public_folder)
        files.write_receipt(self.receipt(ledger, 10))
        assert "receipt" not in json.loads(own.owner_proof("other", OWNER))
        files.write_receipt(self.receipt(ledger, ledger.head().size))
        data = own.owner_proof("b" * 64, OWNER)
        assert json.loads(data)["receipt"]["size"] == ledger.head().size
        (tmp_path / "proof.json").write_bytes(data)
        assert verify_proof_file(tmp_path / "proof.json", ledger.vkey).ok


class TestPlots:
    @given(
        st.lists(
            st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=0, max_size=2 * MOST
        )
    )
    def test_everything_stands_inside_the_frame_and_heights_are_true(
        self, values: list[tuple[int, int]]
    ) -> None:
        columns = [
            Column(str(n), (("used", used), ("excluded", out)), "")
            for n, (used, out) in enumerate(values)
        ]
        plot = draw_plot(columns)
        assert len(plot.columns) == min(len(values), MOST)
        tops = []
        for drawn, column in zip(plot.columns, columns[-MOST:], strict=True):
            assert all(r.x >= 0 and r.x + r.width <= WIDTH for r in drawn.rectangles)
            assert all(r.y >= 0 and r.y + r.height <= HEIGHT for r in drawn.rectangles)
            tops.append((sum(v for _, v in column.parts), sum(r.height for r in drawn.rectangles)))
        most = max((value for value, _ in tops), default=0)
        if most:
            tallest = max(height for _, height in tops)
            assert tallest > HEIGHT / 4
            for value, height in tops:
                assert height == pytest.approx(tallest * value / most, abs=0.05)

    def test_lines_stand_at_numbers_that_are_read_at_once(self) -> None:
        plot = draw_plot([Column("a", (("used", 37),), "")])
        assert [label for _, label in plot.lines] == ["0", "20", "40"]
        plot = draw_plot([Column("a", (("used", 750_000),), "")], whole=False)
        assert [label for _, label in plot.lines] == ["0", "400k", "800k"]
        assert draw_plot([]).lines[-1][1] == "1"


def test_a_batch_older_than_owner_indexes_is_read_and_said_to_be_unprovable(
    ledger: UsageLedger,
) -> None:
    own = open_own(ledger)
    history = UsageHistory(own)
    name, stamp = next(each for each in own.published() if each[0] == "b" * 64)
    listed = history._read_listed(name, stamp)
    assert listed is not None
    counted = history._count(replace(listed, is_provable=False), OWNER, 0)
    assert counted.records == 6
    assert not counted.is_provable

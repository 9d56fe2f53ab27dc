"""A release or a run in a ledger that an auditor draws from, and what its operator opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from models.canonical import canonical_json, digest_bytes
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement, Trust
from models.ledger.auditing.opening import open_entries, open_released, open_revocations
from models.ledger.auditing.request import read_request
from models.ledger.auditing.writing import Disclosure, write_disclosure
from models.ledger.grounds import digest_grounds
from models.ledger.log import UsageLedger
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    MediaType,
    PolicyRef,
    RecordType,
    RunRef,
    UsageRecord,
)
from models.ledger.runs import RunEntry, enter_run, name_batch
from models.ledger.written import AnyRecord
from models.policy import Policy
from models.reasons import Reason
from models.releases.audited import encode_policy
from models.releases.manifest import list_consent
from models.verdicts import Verdict
from tests.ledger_parts import ORIGIN, asset_id, owner_ref
from verifier.auditing import examine_audit
from verifier.heads import Examined
from verifier.heads import Trust as Trusted
from verifier.note import Key
from verifier.requesting import request_audit, write_request

DECIDED = 1_800_000_000
DAY = 86_400
BODY = b"yes, you may"
POLICY = Policy(name="strict", version="1")
MANIFEST = "c" * 64
BLOCK = (100, "0x" + "7" * 64)
RELEASE = "f" * 64


def grant(**changes: object) -> Statement:
    """A grant by a proven holder; ``changes`` replace fields."""
    said = Statement(
        carrier="sidecar",
        source="001.json",
        preferences={Purpose.GENERATIVE_TRAINING: Preference.ALLOWED},
        trust=Trust(integrity=True, signer=True, control=True, bound=True),
        setter="hanako",
        issued_at=DECIDED - DAY,
        expires_at=DECIDED + DAY,
        evidence_sha256=digest_bytes(BODY),
    )
    return replace(said, **changes)  # type: ignore[arg-type]


def refusal(**changes: object) -> Statement:
    """A refusal by anybody."""
    said = Statement(
        carrier="c2pa",
        source="a manifest",
        preferences={Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED},
    )
    return replace(said, **changes)  # type: ignore[arg-type]


def use_of(
    number: int, statements: Sequence[Statement], owner: str = "", *, kept: bool = True
) -> UsageRecord:
    """A use of a made-up asset, resting on statements whose evidence is kept, or is not."""
    evidence = tuple(s.evidence_sha256 for s in statements if s.evidence_sha256)
    return UsageRecord(
        type=RecordType.USE,
        asset_sha256=asset_id(number),
        media_type=MediaType.PNG,
        purpose=Purpose.GENERATIVE_TRAINING,
        value=Preference.ALLOWED,
        decision=Verdict.CLEAR,
        reasons=(Reason.CONSENT_GRANTED,),
        policy=PolicyRef("strict", "1", POLICY.digest),
        dataset=DatasetRef("sample", RELEASE, MANIFEST),
        decided_at=DECIDED,
        consent=ConsentRef(
            tuple(s.carrier for s in statements),
            evidence,
            digest_grounds(_row(number, statements), [_text(said) for said in statements]),
            evidence if kept else (),
        ),
        owner_ref=owner,
    )


def revocation_of(number: int) -> UsageRecord:
    """A record that takes the consent for a made-up asset back."""
    return replace(
        use_of(number, ()),
        type=RecordType.REVOKE,
        decision=Verdict.EXCLUDE,
        value=Preference.NOT_ALLOWED,
        reasons=(Reason.CONSENT_REFUSED,),
        decided_at=DECIDED - 10,
    )


@dataclass
class Audited:
    """A ledger with a release, and the steps of an audit of it."""

    folder: Path
    ledger: UsageLedger
    said: dict[int, tuple[Statement, ...]]
    run: str | None = None

    @classmethod
    def make(
        cls,
        folder: Path,
        said: dict[int, tuple[Statement, ...]],
        earlier: Sequence[UsageRecord] = (),
        owners: int = 4,
        *,
        grounded: bool = True,
        kept: bool = True,
        write: Callable[[UsageRecord], AnyRecord] | None = None,
    ) -> Audited:
        """Append a release of one use for each number.

        Args:
            grounded: as records are now; otherwise as they were before they held their grounds.
            kept: whether they say that the evidence is kept.
            write: what is appended in place of each.
        """
        folder.mkdir(parents=True, exist_ok=True)
        ledger = UsageLedger.open(folder / "ledger", ORIGIN)
        if earlier:
            ledger.append("before", earlier, DECIDED - 10)
        records = [
            use_of(number, statements, owner_ref(number % owners), kept=kept)
            for number, statements in said.items()
        ]
        if not grounded:
            records = [
                replace(each, consent=replace(each.consent, grounds_sha256="", kept_sha256=None))
                for each in records
            ]
        written: Sequence[AnyRecord] = [*map(write, records)] if write is not None else records
        ledger.append(
            RELEASE, written, DECIDED, manifest_sha256=MANIFEST, policy_sha256=POLICY.digest
        )
        return cls(folder, ledger, said)

    def train(self, decided_at: int = DECIDED + 60, run: str = "run-1") -> Audited:
        """Enter a training run that drew every asset of the release, as its operator does."""
        assets = {asset_id(number): "" for number in self.said}
        purpose, samples = Purpose.GENERATIVE_TRAINING, dict.fromkeys(assets, 2)
        entry = RunEntry(
            run, "model", RELEASE, "sample", purpose, samples, assets, frozenset(), decided_at
        )
        enter_run(self.ledger, entry)
        self.run = run
        return self

    def cheat(self, **changes: object) -> Audited:
        """Append the run's records by hand; ``changes`` replace fields of each."""
        given = {"run": RunRef("run-1", "model", 1), "decided_at": DECIDED + 60} | changes
        records = [
            replace(use_of(number, statements), **given)  # type: ignore[arg-type]
            for number, statements in self.said.items()
        ]
        self.ledger.append(name_batch("run-1", RELEASE), records, DECIDED + 60)
        self.run = "run-1"
        return self

    @property
    def trust(self) -> Trusted:
        """The log's key."""
        return Trusted(key=Key.parse(self.ledger.vkey))

    def ask(self, rate: str = "0.01", block: tuple[int, str] = BLOCK) -> Path:
        """Write a request by a block typed in."""
        path = self.folder / "request.json"
        path.unlink(missing_ok=True)
        public, sure = self.ledger.public_folder, Decimal("0.95")
        made = request_audit(public, self.trust, RELEASE, block, Decimal(rate), sure, self.run)
        write_request(made, path)
        return path

    def disclose(self, **changes: object) -> Disclosure:
        """What the operator opens; ``changes`` replace parts."""
        request = read_request(self.folder / "request.json", self.ledger)
        assets = {asset_id(number) for number in self.said}
        entries = list(open_entries(self.ledger, request))
        disclosure = Disclosure(
            request,
            entries,
            list(open_revocations(self.ledger, request, assets)),
            {
                asset_id(number): (_row(number, statements), tuple(map(_text, statements)))
                for number, statements in self.said.items()
            },
            encode_policy(POLICY),
            {digest_bytes(BODY): BODY},
            released=open_released(self.ledger, request, entries),
        )
        return replace(disclosure, **changes)  # type: ignore[arg-type]

    def open(self, change: Callable[[Path], None] | None = None, **changes: object) -> Path:
        """Write the folder, and tamper with it."""
        to = self.folder / "audit"
        write_disclosure(self.disclose(**changes), to)
        if change is not None:
            change(to)
        return to

    def check(self, folder: Path, kept: bytes | None = None) -> Examined:
        """What the auditor finds."""
        return examine_audit(str(folder), self.trust, kept)


def failures(examined: Examined) -> list[str]:
    """The names of checks that failed."""
    return [check.name for check in examined.checks.made if check.status == "failed"]


def details(examined: Examined, name: str) -> list[str]:
    """What the checks of a name say."""
    return [check.detail for check in examined.checks.made if check.name == name]


def _text(statement: Statement) -> str:
    return canonical_json(statement.as_dict()).decode()


def _row(number: int, statements: Sequence[Statement]) -> dict[str, object]:
    return {
        "asset_id": asset_id(number),
        "basis": [Reason.CONSENT_GRANTED.value],
        "consent": list_consent(statements),
        "decided_by": "machine",
        "reasons": [Reason.CONSENT_GRANTED.value],
    }

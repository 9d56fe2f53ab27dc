"""Testimony: what was said elsewhere, brought to the assets that it speaks of.

A statement from a chain, a site or a list names its subject. Where that is the asset's own bytes
(their SHA-256, or a CID that they hash to), the statement is bound to the asset. Where it is a URL,
a token that a sidecar mentions, or a likeness, it is not: what it refuses counts, what it grants is
a claim. That is how a picture that was stripped of its metadata keeps the refusals of its original.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from models.canonical import canonical_json
from models.consent.evidence.view import EvidenceView, FetchedDocument, Heard
from models.consent.licences import documents_to_fetch, name_document
from models.consent.likeness import How, LikenessIndex
from models.consent.purposes import Preference
from models.consent.recognition import is_asked, recognise
from models.consent.statements import Condition, Statement, Trust
from models.consent.subjects import Subject, SubjectKind
from models.consent.terms import ConsentPolicy
from models.motifs.fingerprints import QUALITY_FLOOR, HammingIndex

CONTROL = "control"
"""Carrier of what a chain says about who controls an asset's token. It says nothing about use."""

ORIGINALS = "asset:"
"""How the names of sources begin under which files of a dataset are remembered."""

_SIGNED = "signed"
_BROUGHT = ("speaks of ", "may speak of ")
_BYTES = (SubjectKind.SHA256, SubjectKind.CID)
_DECLARED_LIKENESS = (SubjectKind.PDQ, SubjectKind.ISCC)
_LOOK_DISTANCE = 31
_SURE_DISTANCE = 16
"""Bits, of 256, up to which a picture is taken for a copy without a person having to look.

Of 94 pictures at 60 % of their size, saved as JPEG of quality 75, 87 stay within it. Of 1,500
other pictures from the same collections 12 do, other expressions of one portrait and the like, and
20 more lie between it and 31: mostly icons that share a shape.
"""
_MAX_ALIKE = 32  # unsigned refusals that differ in nothing but where they stand
_HOW = {
    SubjectKind.SHA256: "speaks of exactly these bytes, by their SHA-256",
    SubjectKind.CID: "speaks of exactly these bytes, by their CID",
    SubjectKind.URL: "speaks of the address that the image was fetched from",
    SubjectKind.DOMAIN: "speaks of the site that the image was fetched from",
    SubjectKind.TOKEN: "speaks of the token that a sidecar names",
}
_STRENGTH = {
    kind: rank
    for rank, kind in enumerate(
        (
            SubjectKind.SHA256,
            SubjectKind.CID,
            SubjectKind.TOKEN,
            SubjectKind.URL,
            SubjectKind.DOMAIN,
            SubjectKind.LOOK,
            SubjectKind.PDQ,
            SubjectKind.ISCC,
        )
    )
}


@dataclass(frozen=True, slots=True)
class Traits:
    """By what an asset can be recognised.

    Attributes:
        subjects: its SHA-256, CIDs, URLs with their sites, and the tokens that its sidecars name.
        look: Kiyome's own perceptual hash, 32 bytes; None before the picture has been decoded.
        look_quality: 0 to 100; the hash of a plain picture says little.
        likeness: what lists and declarations recognise pictures by; None where it was not needed.
    """

    subjects: tuple[Subject, ...]
    look: bytes | None = None
    look_quality: int = 0
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """By what lists and declarations recognise a picture (see ``models.consent.likeness``).

    Attributes:
        pdq: PDQ hash as lists publish it, 32 bytes.
        pdq_quality: 0 to 100.
        image_codes: ISCC Image-Codes; several, because versions of the reference SDK differ.
        instance_code: ISCC Instance-Code of the file.
    """

    pdq: bytes | None
    pdq_quality: int
    image_codes: tuple[str, ...]
    instance_code: str


@dataclass(frozen=True)
class Testimony:
    """Everything that was said elsewhere, as of one moment.

    Attributes:
        view: the evidence that counts.
        policy: says which contracts are recognised now. Evidence outlives that: what was read from
            a contract while it was recognised is no grant once it is not.
    """

    view: EvidenceView
    policy: ConsentPolicy = field(default_factory=ConsentPolicy)

    def hear(self, traits: Mapping[str, Traits]) -> dict[str, tuple[Statement, ...]]:
        """What was said elsewhere about each asset.

        Args:
            traits: by asset id.

        Returns:
            The statements by asset id, in a stable order; assets of which nothing is said are
            absent.

        Raises:
            StoreError: the database cannot be reached.
        """
        if not self.view.until:
            return {}
        names = {asset_id: seen.subjects for asset_id, seen in traits.items()}
        said = self.view.about({subject for found in names.values() for subject in found})
        alike = self._find_alike(traits)
        heard: dict[str, tuple[Statement, ...]] = {}
        for asset_id, subjects in names.items():
            found = [
                (item, _HOW[item.subject.kind])
                for subject in subjects
                for item in said.get(subject, ())
                if is_asked(item.source, self.policy)
            ]
            found += alike.get(asset_id, [])
            if statements := _bring(found, self.policy):
                heard[asset_id] = statements
        return heard

    def complete(self, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        """The statements, with what is known from elsewhere about their proofs.

        Licence documents that were fetched get their SHA-256; signed statements gain the control
        that a chain confirms of their signer, or the signature that a contract wallet confirms.
        What is remembered of a file is left out where the file itself still says it.
        """
        given = _prove(_without_echoes(tuple(statements)))
        wanted = documents_to_fetch(given)
        if not (wanted and self.view.until):
            return given
        documents = self.view.documents(wanted)
        return tuple(
            _with_document(statement, document)
            if statement.license_ref
            and (document := documents.get(name_document(statement.license_ref)))
            else statement
            for statement in given
        )

    @cached_property
    def needs_likeness(self) -> bool:
        """Whether anything is said about pictures by PDQ or ISCC, so that these are to be made."""
        return bool(self._declared[1])

    @cached_property
    def _declared(self) -> tuple[LikenessIndex, dict[Subject, list[Heard]]]:
        by_subject = self._of_kinds(_DECLARED_LIKENESS)
        return LikenessIndex.build((subject,) for subject in sorted(by_subject)), by_subject

    @cached_property
    def _looks(self) -> tuple[HammingIndex, list[list[Heard]]]:
        by_subject = self._of_kinds((SubjectKind.LOOK,))
        subjects = sorted(by_subject)
        index = HammingIndex([bytes.fromhex(subject.value) for subject in subjects])
        return index, [by_subject[subject] for subject in subjects]

    def _of_kinds(self, kinds: Iterable[SubjectKind]) -> dict[Subject, list[Heard]]:
        by_subject: dict[Subject, list[Heard]] = {}
        if self.view.until:
            for kind in kinds:
                for item in self.view.of_kind(kind):
                    by_subject.setdefault(item.subject, []).append(item)
        return by_subject

    def _find_alike(self, traits: Mapping[str, Traits]) -> dict[str, list[tuple[Heard, str]]]:
        found: dict[str, list[tuple[Heard, str]]] = {}
        looking = [
            (asset_id, each.look)
            for asset_id, each in traits.items()
            if each.look is not None and each.look_quality >= QUALITY_FLOOR
        ]
        if looking:
            index, heard = self._looks
            hits = index.search([look for _, look in looking], _LOOK_DISTANCE)
            for (asset_id, _), near in zip(looking, hits, strict=True):
                for position, distance in near:
                    how = f"speaks of a picture like this one ({distance} of 256 bits differ)"
                    found.setdefault(asset_id, []).extend(
                        (_doubt(item, distance), how)
                        for item in heard[position]
                        if not item.source.startswith(f"{ORIGINALS}{asset_id}/")
                    )
        for asset_id, each in traits.items():
            if each.likeness is not None:
                found.setdefault(asset_id, []).extend(self._find_declared(each.likeness))
        return found

    def _find_declared(self, likeness: Likeness) -> Iterator[tuple[Heard, str]]:
        index, by_subject = self._declared
        for match in index.match(
            likeness.pdq, likeness.pdq_quality, likeness.image_codes, likeness.instance_code
        ):
            for item in by_subject[match.subject]:
                if match.how is How.INSTANCE_CODE:
                    yield item, "speaks of exactly these bytes, by their ISCC Instance-Code"
                elif match.how is How.PDQ:
                    how = f"speaks of a picture like this one ({match.distance} of 256 bits)"
                    yield _doubt(item, match.distance), how
                else:
                    # One picture in a few hundred lies this near to one of a thousand codes by
                    # accident: a reason to look, not a proof.
                    doubtful = replace(item.statement, condition=Condition.UNDETERMINED)
                    how = f"may speak of this picture ({match.distance} of 64 bits of ISCC differ)"
                    yield replace(item, statement=doubtful), how


def _doubt(item: Heard, distance: int) -> Heard:
    """A statement about a copy; where it may be another picture, one that a person has to weigh."""
    if distance <= _SURE_DISTANCE or item.statement.condition is not Condition.SOUND:
        return item
    return replace(item, statement=replace(item.statement, condition=Condition.UNDETERMINED))


def _prove(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Put proofs that came from a chain to the signed statements that they belong to."""
    found = [s for s in statements if s.carrier == CONTROL and _shows_control(s)]
    controls = {(s.setter, s.chain): s for s in found}
    confirmed = {
        s.evidence_sha256
        for s in statements
        if s.carrier == _SIGNED and s.observed_at is not None and s.condition is Condition.SOUND
    }
    proven = []
    for statement in statements:
        if statement.carrier == CONTROL and statement.condition is Condition.SOUND:
            continue
        if statement.carrier == _SIGNED:
            unconfirmed = statement.condition is not Condition.SOUND
            if unconfirmed and statement.evidence_sha256 in confirmed:
                continue
            # A signature for one chain proves nothing on another: a key may be for tests only
            # there, and a wallet's address somebody else's.
            control = controls.get((statement.setter, statement.chain))
            statement = _with_control(statement, control)
        proven.append(statement)
    return tuple(proven)


def _with_document(statement: Statement, document: FetchedDocument) -> Statement:
    """A statement with the document that it points at; it is as old as the older of the two."""
    constrained = Preference.CONSTRAINED in statement.preferences.values()
    moments = (statement.observed_at, document.read_at if constrained else None)
    return replace(
        statement,
        license_sha256=document.sha256,
        observed_at=min((at for at in moments if at is not None), default=None),
    )


def _shows_control(statement: Statement) -> bool:
    sound = statement.condition is Condition.SOUND
    return sound and statement.trust.control and statement.trust.bound


def _with_control(statement: Statement, control: Statement | None) -> Statement:
    if control is None or not statement.setter:
        return statement
    moments = [s.observed_at for s in (statement, control) if s.observed_at is not None]
    return replace(
        statement,
        trust=replace(statement.trust, control=True),
        observed_at=min(moments, default=None),
        anchor=control.anchor,
        notes=(*statement.notes, *control.notes),
    )


def original_source(asset_id: str, dataset: str) -> str:
    """The source under which what stands in and beside a file is remembered for its copies.

    The same bytes may lie in two datasets, with different files beside them.
    """
    return f"{ORIGINALS}{asset_id}/{dataset}"


def as_remembered(statement: Statement) -> Statement:
    """A file's statement as it holds for a copy: nothing is allowed, and no control is proven."""
    return replace(
        statement,
        preferences={p: v for p, v in statement.preferences.items() if v is not Preference.ALLOWED},
        trust=Trust(integrity=statement.trust.integrity, signer=statement.trust.signer),
    )


def _without_echoes(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements without what is remembered of a file that still says the same itself."""
    if not any(map(_is_brought, statements)):
        return statements
    own = {_text(as_remembered(s)) for s in statements if not _is_brought(s)}
    return tuple(
        s
        for s in statements
        if not _is_brought(s) or _text(as_remembered(replace(s, notes=s.notes[1:]))) not in own
    )


def _is_brought(statement: Statement) -> bool:
    return bool(statement.notes) and statement.notes[0].startswith(_BROUGHT)


def _text(statement: Statement) -> bytes:
    return canonical_json(statement.as_dict())


def _bring(found: Iterable[tuple[Heard, str]], policy: ConsentPolicy) -> tuple[Statement, ...]:
    """Each statement once, by the strongest of the ways in which it concerns the asset."""
    best: dict[tuple[str, bytes], tuple[int, Statement]] = {}
    for item, how in found:
        key = (item.source, _text(item.statement))
        rank = _STRENGTH[item.subject.kind]
        if key not in best or rank < best[key][0]:
            best[key] = (rank, _attach(item, how, policy))
    return thin_out(statement for _, (_, statement) in sorted(best.items()))


def thin_out(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements without all but the first few of those that decide the very same.

    A list may name one site, and a sidecar one picture, as often as somebody likes.
    """
    kept: list[Statement] = []
    alike: Counter[tuple[object, ...]] = Counter()
    for statement in statements:
        if kind := _kind_of(statement):
            alike[kind] += 1
            if alike[kind] > _MAX_ALIKE:
                continue
        kept.append(statement)
    return tuple(kept)


def _kind_of(statement: Statement) -> tuple[object, ...]:
    """All by which an unsigned refusal can decide anything; () for any other statement."""
    refuses = set(statement.preferences.values()) == {Preference.NOT_ALLOWED}
    if statement.trust.integrity or not refuses or statement.condition is not Condition.SOUND:
        return ()
    return (statement.carrier, *sorted(statement.preferences), statement.expires_at)


def _attach(item: Heard, how: str, policy: ConsentPolicy) -> Statement:
    """A statement as one about the asset in hand."""
    bound = item.subject.kind in _BYTES
    statement = recognise(item.statement, policy)
    return replace(
        statement,
        trust=replace(statement.trust, bound=bound),
        notes=(how, *statement.notes),
    )

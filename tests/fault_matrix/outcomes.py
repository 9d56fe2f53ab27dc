"""What can follow from a cell, under three policies.

The purpose is generative training throughout. The policies are:

on file   opt-in, with a contract on file that covers the picture and overrides nothing. A fault
          that is taken for silence would show here as a wrong clearance.
bare      opt-in, with nothing on file.
opt-out   the opt-out profile, with nothing on file: silence clears.
"""

from __future__ import annotations

from dataclasses import dataclass

POLICIES = ("on file", "bare", "opt-out")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows under each policy: ``"verdict first_reason"``, in the order of ``POLICIES``.

    Attributes:
        why: the rule behind it, a sentence.
        clears: why it is right that it clears somewhere; "" where it clears nowhere.
    """

    on_file: str
    bare: str
    opt_out: str
    why: str
    clears: str = ""

    @property
    def decisions(self) -> tuple[str, str, str]:
        """In the order of ``POLICIES``."""
        return self.on_file, self.bare, self.opt_out


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that applies.

    Attributes:
        what: what is wrong in it, exactly.
        outcome: what follows.
        because: why, where the outcome's own sentence does not say enough.
    """

    what: str
    outcome: Outcome
    because: str = ""


@dataclass(frozen=True, slots=True)
class NoCell:
    """A combination that cannot come about, and why."""

    why: str


def _everywhere(decision: str, why: str) -> Outcome:
    return Outcome(decision, decision, decision, why)


REFUSED = _everywhere("exclude consent_refused", "A refusal is believed from anyone.")
UNREAD = _everywhere(
    "review consent_undetermined", "It may refuse, and nobody could read it: a person is asked."
)
BROKEN = _everywhere("review consent_malformed", "It says something that cannot be made out.")
FORGED = _everywhere("review consent_tampered", "It is not what its signer signed.")
UNMET = _everywhere(
    "exclude consent_unmet",
    "The condition of the use counts as met only by the very document that was accepted.",
)
TOO_LARGE = _everywhere("error file_too_large", "The picture itself is not read.")
STOPPED = _everywhere("stopped PolicyError", "The policy is refused as a whole: no run begins.")
TORN = Outcome(
    "review consent_malformed",
    "exclude consent_refused",
    "exclude consent_refused",
    "A refusal in something broken excludes, unless a proven grant speaks against it: then a "
    "person decides.",
)
SILENT = Outcome(
    "clear consent_contract",
    "exclude consent_absent",
    "clear consent_opt_out_profile",
    "Nobody has said anything.",
    "It is certain that this carrier says nothing, so the contract, or the profile, decides.",
)
CLAIMED = Outcome(
    "clear consent_contract",
    "exclude grant_unauthenticated",
    "clear consent_opt_out_profile",
    "A grant by somebody who is not proven to be the holder adds nothing.",
    "Nothing refuses, so the contract, or the profile, decides: the claim plays no part.",
)
STALE = Outcome(
    "clear consent_contract",
    "exclude evidence_stale",
    "exclude evidence_stale",
    "What was read more than `evidence_days` ago may have been withdrawn since.",
    "The contract grants by itself. The grant that went stale plays no part.",
)
ENDED = Outcome(
    "clear consent_contract",
    "exclude grant_expired",
    "exclude grant_expired",
    "A holder who set an end did not fall silent: no profile takes that for a yes.",
    "The contract grants by itself. The grant that has ended refuses nothing.",
)
GRANTED = Outcome(
    "clear consent_contract",
    "clear consent_granted",
    "clear consent_granted",
    "Its speaker is identified, controls the image, and speaks of exactly these bytes.",
    "The holder is proven and allows this very use.",
)
NONE_ON_FILE = Outcome(
    "exclude consent_absent",
    "exclude consent_absent",
    "clear consent_opt_out_profile",
    "No contract covers the picture, and nobody else has said anything.",
    "The opt-out profile asks for no contract.",
)
CONTRACT_ENDED = Outcome(
    "exclude grant_expired",
    "exclude consent_absent",
    "clear consent_opt_out_profile",
    "A contract ends on its day.",
    "The opt-out policy of this row has no contract: to it, nobody has said anything.",
)

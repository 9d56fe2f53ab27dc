"""The terms of consent: the part of the policy that says what consent an asset needs.

It also names whom the operator recognises. An address on a chain is not an identity: anyone can
mint a token with somebody else's picture. What a collection says counts as a grant only where the
operator has recognised its contract as the rights holder's.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from models.consent.purposes import Purpose
from models.licence_on_file import LicenceOnFile, check_folder, lies_under
from models.sections import Section, Sha256, Text, require_two_people

ChainId = Annotated[str, StringConstraints(pattern=r"^eip155:[1-9][0-9]{0,19}$")]
"""CAIP-2 name of an EVM chain: ``eip155:1``."""


class Contract(LicenceOnFile):
    """A licence on file: an operator has confirmed the rights holder off-chain (trust level L5).

    It covers the assets under ``folder``, those listed in ``assets``, those whose content
    credentials were signed by ``signer``, or those for which the EVM address ``address`` has
    signed a consent statement; at least one of the four. Two different people must have entered
    and approved it.
    """

    purposes: tuple[Purpose, ...] = Field(min_length=1)
    folder: str = ""
    assets: tuple[Sha256, ...] = ()
    signer: Sha256 | Literal[""] = ""
    address: str = ""
    attribution: bool = False
    overrides_refusals: bool = False

    @field_validator("folder")
    @classmethod
    def _folder_is_inside(cls, value: str) -> str:
        return check_folder(value)

    @field_validator("address")
    @classmethod
    def _address_is_one(cls, value: str) -> str:
        return _check_address(value) if value else value

    @model_validator(mode="after")
    def _covers_something(self) -> Self:
        if not (self.folder or self.assets or self.signer or self.address):
            raise ValueError("say what it covers: folder, assets, signer or address")
        return self

    def covers_name(self, name: str) -> bool:
        """Whether a path inside the dataset lies under ``folder``."""
        return bool(self.folder) and lies_under(name, self.folder)


class AcceptedLicense(Section):
    """A licence document that was read and accepted: it meets the condition of a constrained grant.

    ``document`` is the address under which statements name it (URL, ``ipfs://…`` or CID). The
    condition is met only while the document that lies there has the SHA-256 that was accepted.
    """

    document: Text
    sha256: Sha256
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    entered_by: Text
    approved_by: Text
    attribution: bool = False

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        require_two_people(self.entered_by, self.approved_by)
        return self


class RecognisedCollection(Section):
    """A token contract that the operator recognises as the rights holder's own.

    ``tokens`` names single ids; without it every token of the contract is read. ``from_block`` is
    where to begin looking for tokens: the block in which the contract was deployed, at best.
    """

    chain: ChainId
    contract: str
    holder: Text
    standard: Literal["auto", "erc721", "erc1155"] = "auto"
    from_block: int = Field(default=0, ge=0)
    tokens: tuple[Annotated[int, Field(ge=0, lt=2**256)], ...] = ()

    @field_validator("contract")
    @classmethod
    def _contract_is_an_address(cls, value: str) -> str:
        return _check_address(value)


class RecognisedRegistry(Section):
    """An ERC-7053 registry to read commits from.

    ``custodians`` are recorders that commit on behalf of creators (Numbers Protocol is one): what
    they record counts as the creator's, where the creator's own signature in it is sound.
    """

    chain: ChainId
    contract: str
    from_block: int = Field(default=0, ge=0)
    custodians: tuple[str, ...] = ()

    @field_validator("contract")
    @classmethod
    def _contract_is_an_address(cls, value: str) -> str:
        return _check_address(value)

    @field_validator("custodians")
    @classmethod
    def _custodians_are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_check_address, value))


class ConsentPolicy(Section):
    """What consent an asset needs."""

    profile: Literal["opt-in", "opt-out"] = "opt-in"
    opt_out_name: str = ""
    opt_in_target: date | None = None
    purposes: tuple[Purpose, ...] = Field(default=(Purpose.GENERATIVE_TRAINING,), min_length=1)
    accept_attribution: bool = True
    grant_days: int = Field(default=180, ge=1, le=3650)
    evidence_days: int = Field(default=7, ge=1, le=365)
    c2pa_trust_anchors: tuple[str, ...] = ()
    contract: tuple[Contract, ...] = ()
    license: tuple[AcceptedLicense, ...] = ()
    collection: tuple[RecognisedCollection, ...] = ()
    registry: tuple[RecognisedRegistry, ...] = ()

    @model_validator(mode="after")
    def _profile_is_named(self) -> Self:
        if self.profile == "opt-out" and not (self.opt_out_name.strip() and self.opt_in_target):
            raise ValueError(
                'profile = "opt-out" needs opt_out_name (shown in every output) and '
                "opt_in_target (the date by which the data is opt-in)"
            )
        ids = [contract.id for contract in self.contract]
        if len(ids) != len(set(ids)):
            raise ValueError("two contracts have the same id")
        return self


def _check_address(value: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise ValueError("give the address as 0x and 40 hexadecimal digits")
    return value.lower()

"""By what an asset is recognised in statements that were made elsewhere."""

from __future__ import annotations

from models.assets.asset import Asset
from models.assets.faults import FaultError
from models.consent.carriers.carrier import LoadSidecar
from models.consent.ipfs.hashing import cids_of
from models.consent.reading_json import MalformedJsonError, Pairs, read_json
from models.consent.subjects import Subject, SubjectKind
from models.consent.web.kept import asset_urls_in, token_refs_in
from models.consent.web_addresses import subjects_of_url


def identify(asset: Asset, data: bytes, load_sidecar: LoadSidecar) -> tuple[Subject, ...]:
    """The subjects that an asset is: its SHA-256, CIDs, addresses and the tokens it is said to be.

    Args:
        asset: the asset, with its sidecars. Its id is taken for the digest of ``data``.
        data: its original bytes.
        load_sidecar: reads a sidecar; one that cannot be read names nothing here. That it cannot
            be read is a statement of its own.
    """
    subjects = [Subject(SubjectKind.SHA256, asset.asset_id)]
    cids = cids_of(data, bytes.fromhex(asset.asset_id))
    subjects += [Subject(SubjectKind.CID, cid.canonical) for cid in cids]
    for location in asset.locations:
        if location.uri.startswith(("http://", "https://")):
            subjects += _subjects_of(location.uri)
    for sidecar in asset.sidecars:
        try:
            document = read_json(load_sidecar(sidecar))
        except (FaultError, MalformedJsonError):
            continue
        if isinstance(document, Pairs):
            for url in asset_urls_in(document):
                subjects += _subjects_of(url)
            subjects += token_refs_in(document)
    return tuple(dict.fromkeys(subjects))


def _subjects_of(url: str) -> tuple[Subject, ...]:
    try:
        return subjects_of_url(url)
    except ValueError:
        return ()

"""Reading IPFS over HTTP gateways without trusting any of them.

Specification: specs.ipfs.tech/http-gateways/trustless-gateway. A gateway can withhold a file. It
cannot alter one: every block is verified.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import quote, urlsplit

from models.consent.ipfs.blocks import Blocks, is_verifiable
from models.consent.ipfs.car import MalformedCarError, iterate_car
from models.consent.ipfs.cid import IDENTITY, JSON, LIBP2P_KEY, RAW, Cid
from models.consent.ipfs.errors import (
    IpfsError,
    LimitError,
    MalformedBlockError,
    MissingBlockError,
    NoSuchPathError,
    UnverifiableError,
    WrongBlockError,
)
from models.consent.ipfs.files import read_file, split_path
from models.consent.ipfs.limits import DEFAULT_LIMITS, Limits
from models.consent.reading_json import printable
from models.fetching.fetched import Failure, Fetch, FetchError

_CAR = "application/vnd.ipld.car"
_BLOCK = "application/vnd.ipld.raw"
# A gateway that answers in this way is not asked again in another form.
_FINAL = (Failure.FORBIDDEN_ADDRESS, Failure.FORBIDDEN_SCHEME, Failure.MALFORMED)
# What says most about a fault stands first. ABSENT is not here: it needs all to agree.
_TELLING = (
    Failure.UNVERIFIED,
    Failure.TOO_LARGE,
    Failure.SERVER_ERROR,
    Failure.TIMEOUT,
    Failure.UNREACHABLE,
    Failure.DENIED,
    Failure.TOO_MANY_REDIRECTS,
    Failure.MALFORMED,
    Failure.FORBIDDEN_ADDRESS,
    Failure.FORBIDDEN_SCHEME,
)
# What proven blocks say holds whichever gateway they came from.
_PROVEN: tuple[tuple[type[IpfsError], Failure], ...] = (
    (NoSuchPathError, Failure.ABSENT),
    (LimitError, Failure.TOO_LARGE),
    (MalformedBlockError, Failure.MALFORMED),
    (UnverifiableError, Failure.UNVERIFIED),
)


class Gateway:
    """Reads files by their CID through several gateways.

    Args:
        fetch: fetches over HTTP, within its own limits of time and size.
        gateways: addresses such as ``"https://trustless-gateway.link"``, in order of preference.
        limits: caps on one read.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        fetch: Fetch,
        gateways: Sequence[str],
        limits: Limits = DEFAULT_LIMITS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gateways = tuple(address.rstrip("/").removesuffix("/ipfs") for address in gateways)
        self.limits = limits
        self._fetch = fetch
        self._clock = clock

    def read(self, cid: Cid, path: str = "") -> bytes:
        """The bytes of the file at ``path`` below ``cid``, proven to be those.

        Each gateway is asked for a CAR first, then for what is missing block by block. One that
        lies, truncates or fails is followed by the next; verified blocks are kept.

        Args:
            cid: what to read.
            path: names separated by slashes, not percent-encoded.

        Raises:
            FetchError: ``ABSENT`` where the directory is proven not to hold the name, or every
                gateway says 404 or 410. ``UNVERIFIED`` where a gateway sent wrong bytes and none
                the right ones, or the hash function is not accepted. ``MALFORMED`` where the
                proven bytes are not a file. ``TOO_LARGE`` beyond the limits. Otherwise the most
                telling failure of a gateway.
        """
        url = _spell(cid, path)
        if cid.codec == LIBP2P_KEY:
            raise FetchError(Failure.MALFORMED, url, "it is a name of IPNS and not content")
        if not is_verifiable(cid):
            detail = f"its hash function 0x{cid.hash_code:x} is not accepted"
            raise FetchError(Failure.UNVERIFIED, url, detail)
        failures: list[FetchError] = []
        blocks = Blocks()
        try:
            if cid.hash_code == IDENTITY:
                with suppress(MissingBlockError):
                    return read_file(cid, path, blocks, self.limits)
            for address in self.gateways:
                if blocks.total_bytes > self._car_bytes:
                    blocks = Blocks()
                try:
                    return self._read_through(address, cid, path, blocks)
                except FetchError as error:
                    failures.append(FetchError(error.failure, address, error.detail))
                except WrongBlockError as error:
                    failures.append(FetchError(Failure.UNVERIFIED, address, _detail(error)))
        except IpfsError as error:
            proven = (kind for group, kind in _PROVEN if isinstance(error, group))
            failure = next(proven, Failure.UNREACHABLE)
            raise FetchError(failure, url, _detail(error)) from error
        if not failures:
            raise FetchError(Failure.UNREACHABLE, url, "no IPFS gateway is configured")
        raise most_telling(url, failures)

    @property
    def _car_bytes(self) -> int:
        return self.limits.max_bytes + self.limits.max_overhead_bytes

    def _read_through(self, address: str, cid: Cid, path: str, blocks: Blocks) -> bytes:
        deadline = self._clock() + self.limits.max_seconds
        car_failure = self._load_car(address, cid, path, blocks)
        if car_failure is not None and car_failure.failure in _FINAL:
            raise car_failure

        def load(wanted: Cid) -> bytes:
            if self._clock() > deadline:
                detail = f"its blocks did not come within {self.limits.max_seconds:g} s"
                raise FetchError(Failure.TIMEOUT, address, detail)
            try:
                return self._load_block(address, wanted)
            except FetchError as error:
                if error.failure is not Failure.ABSENT:
                    raise
                if wanted != cid:
                    # The root is there, so this is a hole and no absence.
                    detail = f"block {wanted} is missing"
                    raise FetchError(Failure.UNREACHABLE, address, detail) from error
                if car_failure is None or car_failure.failure not in (
                    Failure.ABSENT,
                    Failure.DENIED,
                ):
                    detail = car_failure.detail if car_failure else "its CAR lacks the root"
                    failure = car_failure.failure if car_failure else Failure.UNREACHABLE
                    raise FetchError(failure, address, detail) from error
                raise

        blocks.load = load
        try:
            return read_file(cid, path, blocks, self.limits)
        finally:
            blocks.load = None

    def _load_car(self, address: str, cid: Cid, path: str, blocks: Blocks) -> FetchError | None:
        """Add the blocks of a CAR, and say why it did not come whole."""
        names = "".join("/" + quote(name, safe="") for name in split_path(path))
        url = f"{address}/ipfs/{cid}{names}?format=car&dag-scope=entity"
        try:
            body = self._fetch(url, accept=_CAR, max_bytes=self._car_bytes).body
        except FetchError as error:
            return error
        if len(body) > self._car_bytes:
            return FetchError(Failure.TOO_LARGE, url, f"it has {len(body):,} bytes")
        try:
            for found, block in iterate_car(body, self.limits):
                # A block that proves nothing is left out; if it is needed, that is said then.
                with suppress(UnverifiableError):
                    blocks.add(found, block)
        except MalformedCarError as error:
            return FetchError(Failure.UNREACHABLE, url, _detail(error))
        return None

    def _load_block(self, address: str, cid: Cid) -> bytes:
        limit = self.limits.max_bytes if cid.codec in (RAW, JSON) else self.limits.max_node_bytes
        url = f"{address}/ipfs/{cid}?format=raw"
        body = self._fetch(url, accept=_BLOCK, max_bytes=limit).body
        if len(body) > limit:
            raise FetchError(Failure.TOO_LARGE, url, f"it has {len(body):,} bytes")
        return body


def most_telling(url: str, failures: Sequence[FetchError]) -> FetchError:
    """The one failure that several gateways come to. ``failures`` holds at least one."""
    kinds = {failure.failure for failure in failures}
    chosen = next((kind for kind in _TELLING if kind in kinds), Failure.ABSENT)
    said = "; ".join(dict.fromkeys(f"{_name_gateway(one.url)}: {one.detail}" for one in failures))
    return FetchError(chosen, url, printable(said, 600))


def _name_gateway(address: str) -> str:
    """A gateway as it may stand in a message: the rest of its address may hold a key."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "?"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "?"


def _spell(cid: Cid, path: str) -> str:
    return printable("/".join([f"ipfs://{cid}", *path.strip("/").split("/")]).rstrip("/"))


def _detail(error: IpfsError) -> str:
    """The problem as the end of a sentence."""
    return error.problem.rstrip(".")

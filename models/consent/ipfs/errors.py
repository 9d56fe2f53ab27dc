"""What can be wrong with content that is named by its hash."""

from __future__ import annotations

from models.errors import KiyomeError


class IpfsError(KiyomeError):
    """Something named by a CID cannot be read."""


class WrongBlockError(IpfsError):
    """The bytes are not those that the CID names: somebody altered them."""


class UnverifiableError(IpfsError):
    """The CID uses a hash that is not accepted here, so that nothing can be proven."""


class MissingBlockError(IpfsError):
    """A block is not among those at hand."""


class MalformedBlockError(IpfsError):
    """The bytes are those that were named, and are not what they should be."""


class NoSuchPathError(IpfsError):
    """The directories are proven, and they do not hold this name."""


class LimitError(IpfsError):
    """The content is larger, deeper or in more pieces than is read."""

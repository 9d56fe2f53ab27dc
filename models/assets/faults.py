"""The exception that carries a fault from wherever it was noticed to the asset's own row."""

from __future__ import annotations

from models.assets.asset import Fault
from models.reasons import Reason


class FaultError(Exception):
    """One asset's bytes cannot be used, and ``fault`` says why.

    It is caught at the boundary of one asset, where it becomes that asset's recorded outcome; it
    never ends a run. Hence it is not a ``KiyomeError``.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(reason, detail)

    def __reduce__(self) -> tuple[type[FaultError], tuple[Reason, str]]:
        return (type(self), (self.fault.reason, self.fault.detail))

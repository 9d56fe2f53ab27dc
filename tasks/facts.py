"""What ``release.json`` says about a release besides what it holds."""

from __future__ import annotations

from typing import Any

from models.planning import Plan
from tasks.order import Desk


def tell_facts(
    desk: Desk, plan: Plan, counts: dict[str, int], reasons: dict[str, dict[str, int]]
) -> dict[str, Any]:
    """Policy, encoder, registers and counts, and what the consent in it is for.

    Args:
        counts, reasons: ``models.summary.count_outcomes``.
    """
    return {
        "policy": {"label": desk.policy.label, "sha256": desk.policy.digest},
        "encoder": {
            "name": desk.detectors.encoder.name,
            "fingerprint": desk.detectors.encoder.fingerprint,
            "limits": desk.detectors.encoder.limits,
        },
        "registers": {
            "names": desk.detectors.nouns.knowledge.register.version,
            "vocabulary": desk.detectors.nouns.knowledge.vocabulary.digest,
            "motifs": desk.detectors.index.version,
        },
        "root": plan.root,
        "layout": plan.layout,
        "assets": plan.assets,
        "counts": counts,
        "reasons": reasons,
        "run": desk.order.run_id,
        "consent": {
            "as_of": desk.order.as_of,
            "evidence": desk.bench.testimony.view.until if desk.bench.testimony else 0,
            "profile": desk.policy.consent.profile,
            "opt_out_name": desk.policy.consent.opt_out_name,
            "opt_in_target": str(desk.policy.consent.opt_in_target or ""),
            "purposes": [purpose.value for purpose in desk.policy.consent.purposes],
        },
    }

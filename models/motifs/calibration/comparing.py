"""A new calibration beside the one in force, on pictures that neither was learnt from."""

from __future__ import annotations

import math
from collections.abc import Iterator

from models.motifs.calibration.evaluating import Evaluation, in_thousand
from models.motifs.calibration.fitting import Learnt
from models.motifs.calibration.reporting import Table, align
from models.motifs.calibration.shares import Share
from models.unicode import escape_unprintable


def write_comparison(learnt: Learnt, before: Evaluation, after: Evaluation) -> str:
    """What ``kiyome motifs calibrate`` prints.

    Args:
        learnt: the new calibration.
        before: the one in force, on the checking half.
        after: the new one, on the same.
    """
    lines = [
        f"Learnt from {learnt.calibration.learnt_from}.",
        describe_anchor(learnt),
        "",
        f"On the other half, at risk {after.risk:.2f}:",
        *align(_compare(before, after)),
        "",
        *_judge(before, after),
    ]
    return "\n".join(map(escape_unprintable, lines)) + "\n"


def describe_anchor(learnt: Learnt) -> str:
    """How sure it is where a risk of 0.5 lies."""
    anchor, bias = learnt.anchor, learnt.calibration.bias
    low, high = (1 / (1 + math.exp(-(end + bias))) for end in (anchor.low, anchor.high))
    how = (
        f"counted among {anchor.pictures:,} clean pictures"
        if anchor.method == "counted"
        else f"extended from the {anchor.top:,} likeliest of {anchor.pictures:,} clean pictures"
    )
    return (
        f"A risk of 0.5 is what 1 clean picture in 1,000 reaches, {how}; "
        f"with 95 % confidence that is a risk from {low:.2f} to {high:.2f}."
    )


def _compare(before: Evaluation, after: Evaluation) -> Table:
    rows = [("all", before.summary.recall, after.summary.recall)]
    rows += [
        (kind, share, after.summary.by_kind[kind]) for kind, share in before.summary.by_kind.items()
    ]
    cells = [(kind, f"{then.of:,}", _recall(then), _recall(now)) for kind, then, now in rows]
    then, now = before.summary.alarms, after.summary.alarms
    cells.append(("clean, flagged", f"{then.of:,}", _alarms(then), _alarms(now)))
    return Table("", ("kind", "pictures", "in force", "new"), tuple(cells))


def _judge(before: Evaluation, after: Evaluation) -> Iterator[str]:
    old, new = before.summary, after.summary
    fewer = new.recall.found < old.recall.found
    more = new.alarms.found > old.alarms.found
    if fewer and more:
        yield "The new calibration finds less and flags more: keep the one in force."
    elif fewer and new.alarms.found == old.alarms.found:
        yield "The new calibration finds less, and flags no fewer clean pictures."
    elif more and new.alarms.interval[0] > 0.001:
        yield (
            f"The new calibration flags {in_thousand(new.alarms.value)} clean pictures: with more "
            "clean pictures to learn from it would be anchored better."
        )
    if new.recall.of < 50 or new.alarms.of < 500:
        yield (
            f"The checking half has {new.recall.of:,} pictures that show a motif and "
            f"{new.alarms.of:,} clean ones: too few for fine differences."
        )


def _recall(share: Share) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(share.value, *share.interval)


def _alarms(share: Share) -> str:
    low, high = (1000 * end for end in share.interval)
    return f"{in_thousand(share.value)} ({low:.1f} to {high:.1f})"

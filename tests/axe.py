"""axe-core on a page in a real browser: violations of WCAG 2.2 A and AA.

axe-core (MPL-2.0) is no part of Kiyome: ``npm install --no-save axe-core`` in the repository, or
the folder that holds its ``node_modules`` in ``KIYOME_NODE``.
"""

from __future__ import annotations

from typing import Any

from tests.openid import find_modules

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


_RUN = """tags => axe.run({runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]}).then(
  ({violations}) => violations.map(
    ({id, nodes}) => `${id}: ${nodes.map(({target}) => target).join(", ")}`))"""


def find_violations(page: Any) -> list[str]:
    """What axe finds on a page: rule and elements, one a line. Skips the test without axe-core."""
    source = find_modules("axe-core") / "node_modules" / "axe-core" / "axe.min.js"
    if not page.evaluate("'axe' in window"):
        script = source.read_text("utf-8")
        page.evaluate(script + "; 0")
        page.add_init_script(script)  # what the page opens next need not be sent it again
    found: list[str] = page.evaluate(_RUN, TAGS)
    return found

"""Items for tests of the review page, as a run would put them there, with pictures drawn here."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.findings import Finding
from models.review.derivatives import FOLDER, note_path
from models.review.queue import Question, enqueue
from models.review.thumbnails import write_derivatives
from models.store.database import Database

DATASET = "picture-books"
CAPTIONS = (
    "1girl, kokoneko_mimi, red ribbon, smile, sitting on a roof",
    "ここねこミミと夕焼けの町を見おろす。",
    "A lily in a glass vase, watercolour",
    "Two friends share an umbrella in the rain",
)


def draw_mascot(size: tuple[int, int], coat: str, ribbon: str, turned: bool = False) -> bytes:
    """A cat with a ribbon before a hill: enough for two pictures to look alike, or not."""
    width, height = size
    image = Image.new("RGB", size, "#cfe3ee")
    draw = ImageDraw.Draw(image)
    draw.ellipse((-width * 0.3, height * 0.7, width * 1.3, height * 1.8), fill="#8fb07a")
    left = width * (0.45 if turned else 0.15)
    head = (left, height * 0.25, left + width * 0.4, height * 0.25 + width * 0.36)
    x0, y0, x1, y1 = head
    for ear in (x0 + width * 0.02, x1 - width * 0.14):
        draw.polygon(
            [
                (ear, y0 + width * 0.1),
                (ear + width * 0.06, y0 - width * 0.06),
                (ear + width * 0.12, y0 + width * 0.1),
            ],
            fill=coat,
        )
    draw.ellipse(
        (x0 + width * 0.05, y1 - width * 0.06, x1 - width * 0.05, height * 0.95), fill=coat
    )
    draw.ellipse(head, fill=coat, outline="#3a3330", width=max(2, width // 160))
    for eye in (x0 + width * 0.11, x0 + width * 0.25):
        draw.ellipse((eye, y0 + width * 0.13, eye + width * 0.04, y0 + width * 0.2), fill="#3a3330")
    middle = (x0 + x1) / 2
    draw.polygon(
        [
            (middle, y1),
            (x0 + width * 0.05, y1 + width * 0.07),
            (x0 + width * 0.05, y1 - width * 0.05),
        ],
        fill=ribbon,
    )
    draw.polygon(
        [
            (middle, y1),
            (x1 - width * 0.05, y1 + width * 0.07),
            (x1 - width * 0.05, y1 - width * 0.05),
        ],
        fill=ribbon,
    )
    sink = io.BytesIO()
    image.save(sink, "PNG")
    return sink.getvalue()


def store_picture(workspace: Path, data: bytes) -> str:
    """Write a picture's copies, and return its id."""
    asset_id = hashlib.sha256(data).hexdigest()
    write_derivatives(data, asset_id, workspace / FOLDER, 10_000_000)
    return asset_id


def make_evidence(
    asset_id: str,
    name: str,
    *,
    captions: Sequence[str] = (),
    findings: Sequence[Finding] = (),
    statements: Sequence[Statement] = (),
    reasons: Sequence[str] = ("name_possible",),
    references: Sequence[dict[str, str]] = (),
    names: Sequence[str] = (),
    dataset: str = DATASET,
) -> dict[str, Any]:
    """Evidence in the shape that a run writes."""
    return {
        "asset": {
            "id": asset_id,
            "name": name,
            "names": [name, *names],
            "width": 800,
            "height": 600,
            "format": "PNG",
        },
        "dataset": dataset,
        "captions": [
            {"text": text, "source": f"{name}.txt:{line}"} for line, text in enumerate(captions, 1)
        ],
        "findings": [finding.as_dict() for finding in findings],
        "statements": [{**s.as_dict(), "levels": s.trust.levels} for s in statements],
        "reasons": list(reasons),
        "explanation": {
            "en": "The picture and the caption both point at a registered character.",
            "ja": "画像とキャプションの両方が、登録されたキャラクターを示しています。",
        },
        "consent": {
            "en": "  Nobody has said anything.\nRule: Silence is a no.",
            "ja": "  意思表示は見つかりませんでした。\n規則：無回答は不許可とみなします。",
        },
        "references": list(references),
        "motifs": {"risk": 0.5, "named_risk": 0.3},
        "policy": "house 3, opt-in",
        "run": "2f6a1c9e",
    }


def put(
    database: Database, evidence: dict[str, Any], priority: int = 0, dataset: str = DATASET
) -> None:
    """Ask about one asset."""
    digest = hashlib.sha256(json.dumps(evidence, sort_keys=True).encode()).hexdigest()
    question = Question(evidence["asset"]["id"], digest, priority, evidence)
    with database.transaction() as session:
        enqueue(session, dataset, [question], None)


def seed(database: Database, workspace: Path, count: int = 12) -> list[str]:
    """Put ``count`` items into the queue, of every sort, and return their asset ids.

    The first has a resembling motif, a protected name, and statements; the second has no picture.
    """
    reference = store_picture(workspace, draw_mascot((320, 320), "#f4ead8", "#c8342c"))
    card = {
        "id": reference,
        "label": "Kokoneko Mimi",
        "category": "character",
        "owner": "Studio Tsukimachi",
    }
    asset_ids = []
    for number in range(count):
        colour = f"#{(90 + number * 37) % 256:02x}{(170 + number * 11) % 256:02x}c0"
        size = (450, 300) if number % 3 else (300, 400)
        data = draw_mascot(size, "#f1e3cc", colour, turned=bool(number % 2))
        caption = CAPTIONS[number % len(CAPTIONS)]
        name = f"set-{number % 3}/{number:03d}.png"
        if number == 1:
            asset_id = hashlib.sha256(b"no picture").hexdigest()
            note = note_path(workspace / FOLDER, asset_id)
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text("image_damaged: PNG: image file is truncated\n", encoding="utf-8")
        else:
            asset_id = store_picture(workspace, data)
        asset_ids.append(asset_id)
        put(
            database,
            make_evidence(
                asset_id,
                name,
                captions=[caption, CAPTIONS[2]] if number % 2 == 0 else [caption],
                findings=_findings(number, reference, caption),
                statements=_statements() if number % 3 == 0 else (),
                reasons=_reasons(number),
                references=[card] if number % 2 == 0 else (),
                names=["copies/ねこ.png"] if number == 0 else (),
            ),
            priority=900 - number,
        )
    return asset_ids


def _reasons(number: int) -> tuple[str, ...]:
    kinds = (("motif_resembles", "name_protected"), ("name_possible",), ("motif_resembles",))
    return kinds[number % 3] if number % 5 else ("motif_resembles", "name_protected")


def _findings(number: int, reference: str, caption: str) -> list[Finding]:
    findings = []
    if number % 2 == 0:
        findings.append(
            Finding(
                kind="motif_resembles",
                detector="layout/1",
                score=0.94,
                explanation="The head, its ears and the ribbon lie as in the registered motif.",
                reference=reference,
                label="Kokoneko Mimi",
                category="character",
                box=(0.13, 0.16, 0.57, 0.62),
            )
        )
    findings += [
        Finding(
            kind="name_possible" if surface == "lily" else "name_protected",
            detector="register/1",
            score=0.6 if surface == "lily" else 1.0,
            explanation=f"The caption says {surface!r}, which is registered.",
            reference="n-1",
            label="Lily" if surface == "lily" else "Kokoneko Mimi",
            category="character",
            caption=0,
            start=start,
            end=start + len(surface),
            surface=surface,
        )
        for surface in ("kokoneko_mimi", "ここねこミミ", "lily")
        if (start := caption.find(surface)) >= 0
    ]
    return findings


def _statements() -> list[Statement]:
    return [
        Statement(
            carrier="c2pa",
            source="c2pa.training-mining",
            preferences={
                Purpose.GENERATIVE_TRAINING: Preference.ALLOWED,
                Purpose.DATA_MINING: Preference.ALLOWED,
            },
            trust=Trust(integrity=True, bound=True),
            setter="CN=Studio Tsukimachi",
            issued_at=1_760_000_000,
        ),
        Statement(
            carrier="sidecar",
            source="000.json",
            preferences={Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED},
            condition=Condition.MALFORMED,
            notes=("the purpose is spelled 'genAI_training'",),
        ),
    ]

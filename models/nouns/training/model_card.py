"""The model card: what a model was made from, what it can do, and what it cannot."""

from __future__ import annotations

from models.nouns.training.evaluating import Trial
from models.nouns.training.fitting import Fitted
from models.nouns.training.material import Material

_CARD = """\
# {name}

A small spaCy model that finds names of characters, works, artists, studios, brands and people in
English captions, also such as no register holds. `kiyome train-ner` trained it.

```python
import spacy

nlp = spacy.load("{name}")
nlp("Hatsune Miku jumps into a pool.").ents
```

In Kiyome: `noun_models = ["path/of/this/folder"]` in `kiyome.toml`. Kiyome leaves out what scores
below the threshold; `spacy.load` alone gives everything.

## What it is for

English sentences that describe a picture, in any case. Not for lists of tags and not for Japanese,
for which Kiyome has other recognisers. On prose of another kind (news, posts) it finds far too
much.

## What it was trained on

| captions | number |
|---|---|
{captions}

SHA-256 of all captions that were kept, sorted, each with its length before it:
`{captions_digest}`. Their licence is for those to know who gave them.

| names | number |
|---|---|
{names}

The names were swapped into the captions or put beside them. Names that differ only in the
qualifier are held out together. Version of the register: `{register_version}`.

| source of names, as given | licence, as given | names |
|---|---|---|
{sources}

The model is that of step {best_step}, of {steps}; training ended because {ending}. Seed {seed},
{minutes:.1f} minutes.

## How good it is

| on | captions | share |
|---|---|---|
{figures}

A name counts as found where a sighting overlaps it. The threshold is {threshold:.6f}, the lowest at
which at most {asked:.2%} of the clean held-out captions have a false alarm; it was chosen on those
same captions. Speed when this was measured: {speed:.0f} captions a second.

## What to mind

- **The figures are optimistic.** The captions with names were made by swapping names into captions
  with the same phrases as in training. Names that people mention in other ways are found less.
- A name in the clean captions that the register does not know was learned as no name.
- On captions of another kind than those it was trained on there are more false alarms.
- The model says that something looks like a name. Whose it is, and whether it is protected, people
  decide: its sightings are unknown terms for review.
- Words are hashed in it; still, the names that it was trained on may be guessed from what it does.
"""


def write_card(
    name: str, material: Material, fitted: Fitted, trial: Trial, *, seed: int, false_alarms: float
) -> str:
    """The card as Markdown."""
    counts = material.counts
    return _CARD.format(
        name=name,
        captions=_table(
            ("read", counts.read),
            ("left out: there already", counts.repeated),
            ("left out: too long", counts.long),
            ("left out: no English prose", counts.other_form),
            ("left out: hold a registered name", counts.named),
            ("learned from", len(material.captions)),
            ("held out", len(material.held_captions)),
        ),
        captions_digest=material.captions_digest,
        names=_table(("learned", len(material.names)), ("held out", len(material.held_names))),
        register_version=material.register_version,
        sources=_table(
            *(
                (_cell(source) or "not stated", _cell(licence) or "not stated", number)
                for source, licence, number in material.sources
            )
        ),
        best_step=fitted.best_step,
        steps=fitted.steps,
        ending=fitted.ending.value,
        seed=seed,
        minutes=fitted.seconds / 60,
        figures=_table(*_figures(trial)),
        threshold=trial.threshold,
        asked=false_alarms,
        speed=trial.captions_per_second,
    )


def _figures(trial: Trial) -> list[tuple[str, int, str]]:
    rows = [("held-out names found", trial.named, _percent(trial.recall))]
    rows += [
        (f"of these, {category}", number, _percent(share))
        for category, (number, share) in trial.recall_by_category.items()
    ]
    if trial.homograph_recall is not None:
        rows.append(
            (
                "of these, names of dictionary words",
                trial.homographs,
                _percent(trial.homograph_recall),
            )
        )
    rows.append(("clean captions with a false alarm", trial.clean, _percent(trial.false_alarms)))
    return rows


def _table(*rows: tuple[object, ...]) -> str:
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())

"""From the English in which evidence is stored to the language of whoever reads it.

Sentences are stored in English and never change. Catalogues hold each of them with its Japanese;
``models.consent.translation`` has those of the notes on statements, this package those of findings.
"""

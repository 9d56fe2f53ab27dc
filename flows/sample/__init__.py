"""The bundled sample dataset: pictures that we drew, owners that do not exist."""

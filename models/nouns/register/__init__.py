"""The register of protected names: what it holds, how it changed, how it is opened."""

"""The digital twin configuration language; for now its YAML reader, ``documents``."""

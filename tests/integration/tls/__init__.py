"""A host of its own."""

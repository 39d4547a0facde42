"""TwinHub's own programs in a workspace, with nothing but Python's standard library."""

"""The asset library: find, reuse, publish, version and sync assets."""

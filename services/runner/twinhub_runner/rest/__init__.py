"""Routes of the runner, a module for each part."""

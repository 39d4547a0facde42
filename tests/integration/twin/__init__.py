"""The sample twin with real FMUs."""

"""Revisions of the runner's database; see `twinhub_kit.migrations`."""

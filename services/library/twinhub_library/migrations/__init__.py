"""Revisions of the library's database; see `twinhub_kit.migrations`."""

"""The `twinhub` command."""

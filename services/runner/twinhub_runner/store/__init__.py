"""Tables of the runner's database."""

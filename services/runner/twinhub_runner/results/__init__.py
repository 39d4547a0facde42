"""What is left of a run: its results, where they come from, and how to have the same again."""

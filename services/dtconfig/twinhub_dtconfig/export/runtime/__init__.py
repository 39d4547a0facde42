"""Programs that an exported twin brings along: standard library only, Python 3.8 or later."""

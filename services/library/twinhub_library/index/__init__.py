"""Search: what documents are, how they are asked for, and what follows the files."""

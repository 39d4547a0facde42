"""How the hub's pages look."""

"""How much room areas take, by kind and asset, and the limits that they are kept within."""

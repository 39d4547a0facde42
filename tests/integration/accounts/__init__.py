"""TwinHub's own accounts, and the end of a user's, on a running installation."""

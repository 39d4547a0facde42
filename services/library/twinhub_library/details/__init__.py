"""What can be told about one asset, one module for each part of it."""

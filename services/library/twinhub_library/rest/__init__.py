"""The routes of the library, one module for each part."""

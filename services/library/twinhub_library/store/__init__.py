"""What the library keeps in its database; one module for each part."""

"""Publishing: immutable versions of assets in the common area, and who may make them."""

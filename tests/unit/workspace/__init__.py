"""Programs of the workspace image, without an image."""

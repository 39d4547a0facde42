"""The process mode's substitute for a container: bubblewrap, laid out as the workspace image is."""

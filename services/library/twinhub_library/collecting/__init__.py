"""Collections: published assets whose ``collection.yaml`` puts others in an order, with text."""

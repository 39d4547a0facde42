"""Site layers: images with a site's own packages, what they are made from, and who gets them."""

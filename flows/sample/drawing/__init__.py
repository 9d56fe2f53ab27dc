"""Drawing the sample's pictures with Pillow alone."""

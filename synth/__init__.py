"""Images and their truth: bodies, motion, cameras, visibility, and the worlds that draw them."""

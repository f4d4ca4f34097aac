"""Images: what is staged, what has to be, and what goes."""

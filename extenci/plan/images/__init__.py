"""Plans of images: which to stage or register, to verify, and to unstage."""

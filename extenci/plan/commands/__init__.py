"""Plans of single commands: verify, confirm, stage, unstage, gc, status."""

"""Instance groups: what they are, and what has to change."""

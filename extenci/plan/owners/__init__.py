"""Whose resources are, as plans see it: of other stacks, roots and homes. Pure."""

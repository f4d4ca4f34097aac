"""Plans of instance groups: machines to launch, to replace and to end."""

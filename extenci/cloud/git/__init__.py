"""The newest commit of somebody else's git repository, by the `git` program."""

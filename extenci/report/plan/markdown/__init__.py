"""Plans as Markdown for comments on pull requests, whose length is limited."""

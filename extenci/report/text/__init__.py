"""Text for terminals, logs and Markdown: made safe, in columns, in colours, with units."""

"""Plans, progress, status and results as text, JSON and Markdown. Pure: values in, text out."""

"""The command line: one file a command. Thin over `extenci.api`; whatever costs time is imported in use."""

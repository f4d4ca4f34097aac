"""The command line: parse, call `extenci.api`, print, exit. One file a command, or a pair of close ones."""

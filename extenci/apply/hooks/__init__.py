"""Tell hooks results: run a program, or send to an address."""

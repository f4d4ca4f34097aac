"""Whether a saved plan still says what is to be done."""

"""A launched machine → evidence → verdict. No cloud is called from here."""

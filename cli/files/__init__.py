"""Files by their names: find inputs, name outputs, open, write, and note what was made."""

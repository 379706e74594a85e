"""Files by their names: find inputs, name outputs, open, write, and record outputs."""

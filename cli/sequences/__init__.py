"""Arrays of sequences: what lies beside them, and pooling them in blocks."""

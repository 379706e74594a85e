"""What the user is told: reports, progress, reasons, and the streams that carry them."""

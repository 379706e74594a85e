"""Messages to the user: reports, progress, reasons, and the streams for them."""

"""Where windows lie: plain whole numbers, and the axes that they lie on."""

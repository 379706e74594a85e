"""Rasters in memory: pooled, compared, and drawn."""

"""Anatomical tables with their sources."""

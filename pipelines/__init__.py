"""The stages and what ties them together: config, command line, run folders, reports."""

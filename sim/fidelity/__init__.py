"""Show how near each path source is to the real seconds, with counts: measured, tabulated, drawn."""

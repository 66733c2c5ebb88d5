"""All that touches libgimp and GEGL: layers, pixels, selections, results, parasites, and the procedures' arguments."""

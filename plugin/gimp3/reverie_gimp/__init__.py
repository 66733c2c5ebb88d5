"""What stands behind the procedures of `reverie.py`.

`run` runs them, over `ui` (the windows), over `job` (from settings to a job, and the loop that paints), over `gimp`
(all that touches libgimp and GEGL), over `data` (what they hand to each other).
"""

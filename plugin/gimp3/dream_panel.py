"""The controls of Deep Dream, the left half of its dialog."""

import orders
from dream_subject import dream_subject
from panels import advanced, common_box


def dream_panel(window, config, say):
    """(What Deep Dream asks: what to dream of, first; what refuses while something is missing)."""
    window.get_scale_entry("dream-strength", 100.0)
    subject, check = dream_subject(config, say, orders.DREAM)
    zoom = [window.fill_box("reverie-zoom", ["zoom", "frames"])] if config.find_property("zoom") else []
    return [
        subject,
        *zoom,
        window.fill_box("reverie-settings", ["dream-strength", "octaves", "parametrisation"]),
        advanced(common_box(window, config)),
    ], check

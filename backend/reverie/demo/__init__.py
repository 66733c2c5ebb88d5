"""The project's own pictures: a content picture and style swatches, drawn by `python -m reverie.demo.render`."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent

CONTENT = "landscape"
STYLES = (
    *("strokes", "stained_glass", "ink", "mosaic", "pointillism", "watercolour"),
    *("impasto", "gouache", "pastel", "charcoal", "etching", "woodcut"),
)
PICTURES = (CONTENT, *STYLES)


def content() -> Path:
    """The picture to be painted: a JPEG, 768×576."""
    return FOLDER / f"{CONTENT}.jpg"


def styles() -> dict[str, Path]:
    """The style swatches by name: JPEGs, 2048×1638."""
    return {name: FOLDER / f"{name}.jpg" for name in STYLES}


def picture(reference: str) -> Path:
    """The file of a picture that a recipe names: one of the project's own by its bare name (`ink`), unless there is a
    file of that name."""
    own = reference in STYLES and not Path(reference).exists()
    return styles()[reference] if own else Path(reference)

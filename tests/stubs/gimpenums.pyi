"""GIMP 2.10's constants, as far as plugin/gimp2 uses them. tests/gimp2 compares these stubs with a real GIMP 2.10."""

ADD_SELECTION_MASK: int
CLIP_TO_IMAGE: int
INDEXED: int
LAYER_MODE_NORMAL: int
MASK_DISCARD: int
PARASITE_PERSISTENT: int
PRECISION_FLOAT_GAMMA: int
PRECISION_U16_GAMMA: int
PRECISION_U16_LINEAR: int
PRECISION_U8_GAMMA: int
PRECISION_U8_LINEAR: int
RGB: int
RGBA_IMAGE: int

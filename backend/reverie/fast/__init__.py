"""Fast styles: a network that paints in one pass, trained for its styles beforehand."""

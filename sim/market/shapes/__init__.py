"""Fill bars with the shapes of real ones: how real seconds moved inside bars of like range, body, count, volume."""

from sim.market.shapes.build import Recording, build_shapes
from sim.market.shapes.library import ShapeLibrary, shipped_shapes
from sim.market.shapes.nested import NestedShapes, shipped_inside

__all__ = ["NestedShapes", "Recording", "ShapeLibrary", "build_shapes", "shipped_inside", "shipped_shapes"]

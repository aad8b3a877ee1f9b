"""Figures made of other figures: never without their parts, their weights and how far the parts agree."""

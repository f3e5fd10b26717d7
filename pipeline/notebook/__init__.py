"""Exploration in notebooks: previews, the plan as an object, and what xarray's own objects learn."""

"""Map data and remote reading: OpenStreetMap elements, vector tiles, land cover, satellite bands, and windows of images far away."""

"""Settings of the builders, one module a way of making texts; light to import, because recipes are checked often."""

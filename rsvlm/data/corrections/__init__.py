"""Corrections of map tags by hand, one YAML file for each map; `rsvlm.data.corrected` applies them."""

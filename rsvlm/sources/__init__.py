"""Where data comes from, and its acquisition."""

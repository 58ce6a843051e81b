"""Which records are good enough, which are copies, and how many of a kind are kept: screens, copies, percentiles, balance."""

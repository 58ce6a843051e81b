"""The `rsvlm` command: one module a group of commands, each a thin front of what flows and rsvlm can do."""

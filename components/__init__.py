"""One module a stage: read the recipe section, call rsvlm, write the outputs."""

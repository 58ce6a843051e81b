"""One captioner over any chat model: prompts, answers that are kept, back ends, checks of what was said."""

"""A function to a control-flow graph and facts about it; knows no rules."""

"""An oracle of disclosure control, written from the rule: worlds at random, whoever attacks them, and mutants."""

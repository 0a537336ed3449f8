"""What the Assurance Maladie decides of a présérie: to prolong it, to validate it on its bilan, or to give it up."""

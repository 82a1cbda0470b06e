// Filled in the steps that follow.

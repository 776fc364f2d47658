"""Tables to hand over: questions by banners, with errors, tests and letters, and the files clients open."""

"""The owners' write side: say once what may be done with a work, in every form that is read."""

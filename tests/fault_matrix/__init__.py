"""The fault matrix: every carrier of consent in every fault, and what follows.

axes      the carriers and the faults
outcomes  what can follow, under three policies, and why
table     the matrix itself, as data
world     the rig: a picture with everything around it, real servers and a real chain
scenes    how each cell is brought about, one module for each kind of carrier
page      docs/consent-faults.md, from the table
"""

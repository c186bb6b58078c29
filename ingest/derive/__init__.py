"""From a trailer to its most salient shots, as clips and stills, and its sound, and what is heard in it.

`decoding` gives pictures and sound on one clock, `shots` finds the cuts, `highlights` chooses, `clips` cuts
and encodes, `segments` tells voice from music; these take paths and plain values and return plain values, so
that they run in a process of `ingest.workers`. `trailer` has a trailer dealt with there and brings what comes
of it to the store, `command` reads the graph and writes.
"""

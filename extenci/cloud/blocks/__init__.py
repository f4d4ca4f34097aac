"""PutSnapshotBlock at speed: many calls at a time, in one thread."""

"""PutSnapshotBlock at speed: many at a time, in one thread."""

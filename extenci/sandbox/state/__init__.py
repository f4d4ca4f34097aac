"""The state that the sandbox's services share: moto's backend, disks, snapshots, objects, tags, machines."""

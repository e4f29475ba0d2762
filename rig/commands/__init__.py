"""Groups of commands of `rig`, each light to import: what is heavy is imported inside the commands."""

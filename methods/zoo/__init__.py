"""Models that exist as files, one TOML file each; see docs/models-as-files.md."""

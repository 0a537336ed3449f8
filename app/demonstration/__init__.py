"""The example présérie, played through the public contract: registry, traces by the reference client, bilan."""

"""The registry: éditeurs, modules, logiciels, préséries, their jalons and pilotes, and how a présérie starts."""

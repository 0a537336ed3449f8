"""The API's description as files, for those who have no running service: made by ``make openapi``, kept in the tree."""

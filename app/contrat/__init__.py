"""The API's description: FastAPI's own, completed in one place (``document``), exported, and shown on ``/docs``.

To document a route: give its decorator a French ``summary`` and ``description``, ``responses=problemes(...)`` for the
refusals that are its own (``app.reponses``), and its function a French name, which is the operationId; give each new
field or parameter a line in ``glossaire.toml``, each new body or answer an example ``exemples/<Schema>.<nom>.json``;
then ``make openapi``. Roles, the key's refusals, those of bodies and parameters, and headers follow from the code.
"""

"""Embedded mode's master key is changed by the commands of docs/cles.md, as they stand."""

import asyncio
import re
import subprocess
from pathlib import Path

from app.preseries import depot
from app.preseries.enveloppe import Coffre
from app.reglages import Reglages
from app.stockage.base import Base
from app.stockage.embarque import postgres_embarque
from app.stockage.ouverture import preparer
from app.stockage.secrets_locaux import cle_maitresse
from tests.processus.exploitation import demander
from tests.processus.lancement import COMMANDE, PATIENCE_S, environnement
from tests.test_documents import DOCS

_INSCRIRE = """
WITH e AS (INSERT INTO editeur (code, raison_sociale, solution_sesam_vitale) VALUES ('e', 'E', true) RETURNING id),
m AS (INSERT INTO module (code, editeur_id, nom) SELECT 'm', id, 'M' FROM e RETURNING id),
l AS (INSERT INTO logiciel (code, editeur_id, module_id, nom, sesam_vitale)
      SELECT 'l', e.id, m.id, 'L', true FROM e, m RETURNING id)
INSERT INTO preserie (code, logiciel_id, categorie_ps, referentiel_version, cpam, cle_enveloppee)
SELECT 'serie', id, 'lpp', '1', '{33}', $1 FROM l
"""


def test_la_cle_du_mode_embarque_change_par_les_commandes_de_la_page(tmp_path: Path) -> None:
    page = (DOCS / "cles.md").read_text("utf-8")
    (commandes,) = re.findall(r"^```\n(mv \.data/.*?)^```$", page, re.MULTILINE | re.DOTALL)
    dossier = tmp_path / ".data"
    reglages = Reglages(data_dir=dossier)
    with postgres_embarque(dossier, reglages={"fsync": "off"}) as postgres:
        service = preparer(postgres)
        demander(postgres.url(), _INSCRIRE, Coffre(cle_maitresse(reglages)).nouvelle_cle("serie"))
        avant, ancienne = cle_de_la_preserie(service, reglages), cle_maitresse(reglages)
        env = environnement()
        fini = subprocess.run(
            ["bash", "-euc", commandes],
            cwd=tmp_path,
            env=env | {"PATH": f"{COMMANDE.parent}:{env['PATH']}"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert fini.returncode == 0, fini.stderr
        assert "1 sur 1" in fini.stdout
        assert cle_maitresse(reglages) != ancienne
        assert not (dossier / "cle_maitresse.ancienne").exists()
        assert cle_de_la_preserie(service, reglages) == avant


def cle_de_la_preserie(url: str, reglages: Reglages) -> bytes:
    """Opened with the present key alone."""

    async def lire() -> bytes:
        base = Base(url, pool_taille=2, delai_s=10)
        try:
            async with base.lecture() as session:
                enveloppe = await depot.derniere_enveloppe(session)
        finally:
            await base.fermer()
        assert enveloppe is not None
        return Coffre(cle_maitresse(reglages)).ouvrir(enveloppe)

    return asyncio.run(lire())

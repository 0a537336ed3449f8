"""No answer repeats a value that the caller sent: not in its body, not in its headers, wherever it was put."""

import json
from urllib.parse import quote

import httpx

from tests.contrat.aides import NIR, cas, pilote
from tests.outils import PRESERIE, Corps, Service, echec, trace

# Each bears its own mark, which must never come back, in whatever spelling.
MARQUE = "zq7x9"
PIEGES = [
    f"{MARQUE}<script>alert(1)</script>",
    f"{MARQUE}' OR 1=1 --",
    f"{MARQUE}{{0.__class__}}%s%n",
    f"{MARQUE}\r\nSet-Cookie: a=b",
    f"{MARQUE}\u202e\u0007\U0001f600",
    f"{MARQUE}{'a' * 3000}",
    f"{MARQUE} {NIR}",
]
_CHAMPS = (
    *("id", "emise_le", "numero_am", "poste", "sequence", "logiciel", "version", "operation", "ordonnance"),
    *("numero_execution", "type_prescription", "resultat", "erreur", "scor_envoye", "duree_ms", MARQUE),
)


def _sans_echo(reponse: httpx.Response) -> None:
    entetes = {nom: valeur for nom, valeur in reponse.headers.items() if nom != "content-length"}
    for texte in (reponse.text, json.dumps(reponse.text), str(entetes)):
        assert MARQUE not in texte.lower(), (reponse.status_code, texte[:300])
        assert NIR not in texte
    assert reponse.status_code < 500


def _traces(piege: str) -> list[object]:
    """Traces with the trap in each place, as a value, in a list, and as a name."""
    erreurs: list[Corps] = [
        {"code": piege, "origine": "poste"},
        {"code": "E", "origine": piege},
        {"code": "E", "origine": "poste", "bloquante": piege},
        {"code": "E", "origine": "poste", "message": piege + NIR},
        {"code": "E", "origine": "poste", piege: piege},
        {piege: piege},
    ]
    return [
        *(trace(**{champ: piege}) for champ in _CHAMPS),
        *(trace(**{champ: [piege]}) for champ in _CHAMPS),
        *(trace(**{champ: {piege: piege}}) for champ in _CHAMPS),
        *(echec(erreur=erreur) for erreur in erreurs),
        trace(**{piege: piege}),
        {piege: piege},
        [piege],
        piege,
    ]


async def test_rien_d_une_trace_n_est_repete(cnam: Service) -> None:
    for piege in PIEGES:
        with cas(piege):
            traces = _traces(piege)
            for debut in range(0, len(traces), 20):
                _sans_echo(await cnam.poster(traces[debut : debut + 20]))
            for une in traces[::5]:
                _sans_echo(await cnam.poster(une))


async def test_rien_d_une_adresse_n_est_repete(cnam: Service) -> None:
    for piege in PIEGES:
        for chemin in _adresses(quote(piege, safe="")):
            with cas(chemin):
                _sans_echo(await cnam.appeler("GET", chemin))


def _adresses(dit: str) -> list[str]:
    return [
        f"/{dit}",
        f"/{dit}/",
        f"/traces/{dit}",
        f"/traces/?{dit}={dit}",
        f"/editeurs/{dit}",
        f"/editeurs/?apres={dit}",
        f"/preseries/{dit}/",
        f"/preseries/{dit}/pilotes/{dit}",
        f"/preseries/{PRESERIE}/pilotes/{dit}",
        f"/preseries/{PRESERIE}/jalons/{dit}",
        f"/preseries/{PRESERIE}/anomalies/{dit}/{dit}",
        f"/preseries/{PRESERIE}/anomalies/execution/{dit}",
        f"/preseries/{PRESERIE}/anomalies?statut={dit}",
        f"/preseries/{PRESERIE}/prerequis/{dit}",
        f"/preseries/{PRESERIE}/prerequis?valide={dit}",
        f"/bilan/preseries/{dit}",
        f"/questionnaire/{dit}",
        f"/preseries/{dit}/questionnaire/reponses?frein={dit}",
        f"/bilan/preseries/{PRESERIE}/ventilation?par={dit}",
        f"/executions/{dit[:64]}",
        *(f"/executions?preserie={PRESERIE}&{nom}={dit}" for nom in _FILTRES),
        f"/executions?preserie={dit}",
        f"/executions?{dit}={dit}",
        f"/traces/consigne?logiciel={dit}&numero_am={dit}",
        f"/traces/consigne?logiciel=ortho-plus&numero_am={dit}",
        f"/traces/consigne?{dit}",
        *(f"/editeurs?{nom}={dit}" for nom in ("apres", "limite")),
    ]


_FILTRES = (
    *("enregistree", "conformite", "phase", "pilote", "version", "type_prescription", "jour", "depuis"),
    *("apres", "limite"),
)


async def test_rien_d_un_corps_du_registre_n_est_repete(cnam: Service) -> None:
    for piege in PIEGES:
        for chemin, corps in _corps_du_registre(piege):
            with cas((chemin, corps)):
                _sans_echo(await cnam.appeler("PUT", chemin, json=corps))
        _sans_echo(await cnam.appeler("PUT", "/editeurs/neuf", content=piege.encode()))
        _sans_echo(await cnam.appeler("PUT", f"/editeurs/{quote(piege, safe='')}", json={piege: piege}))


def _corps_du_registre(piege: str) -> list[tuple[str, object]]:
    return [
        ("/editeurs/neuf", {"raison_sociale": piege}),
        ("/editeurs/neuf", {"raison_sociale": [piege], "solution_sesam_vitale": piege}),
        ("/editeurs/neuf", {"raison_sociale": "x", "solution_sesam_vitale": True, piege: piege}),
        ("/editeurs/neuf", piege),
        ("/editeurs/neuf", [piege]),
        ("/modules/neuf", {"editeur": piege, "nom": "x"}),
        ("/modules/neuf", {"editeur": MARQUE, "nom": "x"}),
        ("/logiciels/neuf", {"editeur": MARQUE, "module": MARQUE, "nom": "x", "sesam_vitale": True}),
        ("/logiciels/ortho-plus", {"autorisation_cnda": {"numero": {piege: piege}, "date": piege}}),
        ("/preseries/neuve", {"logiciel": MARQUE, "categorie_ps": MARQUE, "cpam": [piege], "fin_prevue_le": piege}),
        ("/preseries/neuve", {"logiciel": "ortho-plus", "categorie_ps": MARQUE, "cpam": ["33"]}),
        (f"/preseries/{PRESERIE}/jalons/support", {"le": piege}),
        (f"/preseries/{PRESERIE}/prerequis/certificat", {"libelle": NIR + piege, "valide_le": piege}),
        (f"/preseries/{PRESERIE}/prerequis/certificat", {"libelle": [piege], "preuve": f"{piege} {NIR}"}),
        (f"/preseries/{PRESERIE}/pilotes/389391422", pilote(cpam=piege, accord_le=piege, retire_le=[piege])),
    ]


async def test_rien_de_ce_que_disent_des_personnes_n_est_repete(cnam: Service) -> None:
    await cnam.poster(trace())
    (execution,) = (await cnam.lire(f"/executions?preserie={PRESERIE}"))["elements"]
    anomalies = f"/preseries/{PRESERIE}/anomalies"
    for piege in PIEGES:
        declaration = {"operation": piege, "code": piege, "libelle": NIR + piege, "origine": piege, "bloquante": piege}
        suite = {"statut": "corrigee", "version_corrective": piege * 3, "motif": f"{piege} {NIR}"}
        for methode, chemin, corps in (
            ("POST", anomalies, declaration),
            ("POST", anomalies, {piege: piege}),
            ("PATCH", f"{anomalies}/execution/LOG-1", suite),
            ("PATCH", f"{anomalies}/execution/LOG-1", {"statut": piege, piege: piege}),
            ("PATCH", f"/executions/{execution['id']}", {"ecartee": piege, "motif": f"{piege} {NIR}"}),
            ("PATCH", f"/executions/{quote(piege, safe='')[:64]}", {"ecartee": True, "motif": "Un essai."}),
        ):
            with cas((methode, chemin, corps)):
                reponse = await cnam.appeler(methode, chemin, json=corps)
                assert reponse.status_code in (404, 422)
                _sans_echo(reponse)


async def test_rien_d_un_en_tete_n_est_repete(cnam: Service) -> None:
    inconnu = Service(cnam.client, cnam.application)
    for nom, valeur in (
        ("Authorization", f"Bearer {MARQUE}"),
        ("Authorization", f"Basic {MARQUE}"),
        ("Authorization", MARQUE),
        ("Authorization", f"Bearer {MARQUE * 500}"),
        ("Content-Type", f"text/{MARQUE}"),
        ("Content-Type", f"application/json; charset={MARQUE}"),
        ("Content-Encoding", MARQUE),
        ("If-None-Match", f'"{MARQUE}"'),
        ("Accept", MARQUE),
        ("X-Request-Id", MARQUE),
        ("Host", f"{MARQUE}.example"),
        ("Origin", f"https://{MARQUE}.example"),
        ("X-Forwarded-Host", MARQUE),
    ):
        for appelant in (inconnu, cnam):
            for methode, chemin in (
                ("POST", "/traces"),
                ("POST", "/traces/"),
                ("GET", "/traces/consigne?logiciel=ortho-plus&numero_am=389391422"),
                ("GET", "/editeurs/"),
                ("PUT", "/editeurs/neuf"),
                ("OPTIONS", "/traces"),
                ("GET", "/rien"),
            ):
                _sans_echo(await appelant.appeler(methode, chemin, headers={nom: valeur}, content=b"[]"))


async def test_rien_d_une_methode_n_est_repete(cnam: Service) -> None:
    for chemin in ("/traces", "/editeurs/ortho-soft", "/rien", "/sante/vivant"):
        reponse = await cnam.appeler(MARQUE.upper(), chemin)
        assert reponse.status_code in (404, 405)
        _sans_echo(reponse)

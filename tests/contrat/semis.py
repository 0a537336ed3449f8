"""Traces of every kind, for bilans whose every cell is known: the same rules as DOMAIN.md's, written once more."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace

# phase_2_le of the example's pilotes; the third one stays in phase 1.
PHASE_2 = {
    PILOTES[0]: date(2026, 10, 17),
    PILOTES[1]: date(2026, 10, 12),
    PILOTES[2]: None,
    PILOTES[3]: date(2026, 10, 28),
    PILOTES[4]: date(2026, 10, 29),
}
_VERSIONS = ("4.2.0", "4.2.1", "4.3 β+%&")
_TYPES = ("dispositifs_medicaux", "biologie", "medicaments")
_SCOR = (True, False, ...)
BILAN = f"/bilan/preseries/{PRESERIE}"


def semis() -> Iterator[list[Corps]]:
    """The traces of one execution after another: registered or not, with every SCOR flag, in both phases."""
    for numero in range(108):
        pilote = PILOTES[numero % 5]
        jour = date(2026, 10, 16) + timedelta(days=numero % 4)
        commun: Corps = {
            "numero_am": pilote,
            "ordonnance": f"SEMIS{numero:05d}",
            "version": _VERSIONS[numero % 3],
            "type_prescription": _TYPES[numero // 3 % 3],
        }
        traces = []
        if numero % 4:
            traces.append(trace(**commun, emise_le=f"{jour}T09:00:00+02:00", scor_envoye=_SCOR[numero // 9 % 3]))
        if numero % 4 != 1:
            traces.append(echec(**commun, emise_le=f"{jour}T10:00:00+02:00", scor_envoye=_SCOR[numero // 27 % 3]))
        yield traces


def _dit(traces: list[Corps]) -> bool | None:
    dits = [t["scor_envoye"] for t in traces if "scor_envoye" in t]
    return any(dits) if dits else None


def conformite(phase: int, succes: list[Corps], echecs: list[Corps]) -> str:
    """DOMAIN.md, « SCOR conformity of an exécution »."""
    if phase == 1:
        dit = _dit(succes + echecs)
    elif not succes:
        dit = _dit(echecs)
    elif (dit := _dit(succes)) is not None:
        return "double_envoi" if dit else "conforme"
    else:
        return "conforme" if _dit(echecs) else "en_attente"
    return {True: "conforme", False: "piece_manquante", None: "en_attente"}[dit]


def attendu(depuis: date | None = None) -> Corps:
    """``executions`` and ``scor`` of the bilan of the whole semis, or of its executions since a day."""
    compte: Counter[tuple[int, str]] = Counter()
    total = enregistrees = tentatives = 0
    for traces in semis():
        jour = date.fromisoformat(traces[0]["emise_le"][:10])
        if depuis is not None and jour < depuis:
            continue
        phase_2_le = PHASE_2[traces[0]["numero_am"]]
        phase = 2 if phase_2_le is not None and phase_2_le <= jour else 1
        succes = [t for t in traces if t["resultat"] == "succes"]
        compte[phase, conformite(phase, succes, [t for t in traces if t not in succes])] += 1
        total, tentatives = total + 1, tentatives + len(traces)
        enregistrees += bool(succes)
    cases = {
        1: ["conforme", "piece_manquante", "en_attente"],
        2: ["conforme", "double_envoi", "piece_manquante", "en_attente"],
    }
    return {
        "executions": {"total": total, "enregistrees": enregistrees, "tentatives": tentatives},
        "scor": {f"phase_{phase}": {case: compte[phase, case] for case in cases[phase]} for phase in cases},
    }


async def semer(service: Service) -> list[Corps]:
    """Posts the semis, and gives its traces."""
    traces = [une for lot in semis() for une in lot]
    accuse = (await service.poster(traces)).json()
    assert accuse["enregistrees"] == len(traces), accuse
    return traces


async def lister(service: Service, filtres: str, limite: int = 1000) -> list[Corps]:
    """All executions under these filters, page after page."""
    elements: list[Corps] = []
    suivant: str | None = ""
    while suivant is not None:
        curseur = f"&apres={suivant}" if suivant else ""
        page = await service.lire(f"/executions?preserie={PRESERIE}{filtres}&limite={limite}{curseur}")
        elements += page["elements"]
        suivant = page["suivant"]
    return elements

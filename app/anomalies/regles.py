"""PURE. An anomaly from what traces say of it and what people did about it (DOMAIN, criterion 2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.anomalies.schemas import AnomalieLue, StatutAnomalie, SuiteLue

INTRINSEQUE = "logiciel"


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Failed traces that blame the logiciel, of one operation, code, version and pilote (N° AM)."""

    operation: str
    code: str
    version: str
    pilote: str
    bloquante: bool
    nombre: int
    premiere_le: datetime
    derniere_le: datetime


@dataclass(frozen=True, slots=True)
class Suite:
    """One act of people; ``statut`` is ``declaree`` or what it made of the anomaly."""

    operation: str
    code: str
    le: datetime
    role: str
    statut: str
    libelle: str | None
    origine: str | None
    bloquante: bool | None
    version_corrective: str | None
    motif: str | None


def anomalies(
    occurrences: Iterable[Occurrences], suites: Iterable[Suite], versions: Mapping[str, datetime]
) -> list[AnomalieLue]:
    """By operation and code; ``suites`` in their order, ``versions`` with when each was first seen, by emission."""
    vues: defaultdict[tuple[str, str], list[Occurrences]] = defaultdict(list)
    actes: defaultdict[tuple[str, str], list[Suite]] = defaultdict(list)
    for o in occurrences:
        vues[o.operation, o.code].append(o)
    for s in suites:
        actes[s.operation, s.code].append(s)
    return [_anomalie(cle, vues[cle], actes[cle], versions) for cle in sorted(vues.keys() | actes.keys())]


def rouvrent(correction: Suite, occurrences: Iterable[Occurrences], versions: Mapping[str, datetime]) -> list[str]:
    """The versions in which it was emitted after its correction: the correcting one, or one first seen after it.

    A correcting version that was never seen is held for seen when it was declared.
    """
    corrective = correction.version_corrective
    repere = versions.get(corrective or "", correction.le)
    return sorted(
        {
            o.version
            for o in occurrences
            if o.derniere_le > correction.le
            and (o.version == corrective or versions.get(o.version, o.premiere_le) > repere)
        }
    )


def _anomalie(
    cle: tuple[str, str], vues: Sequence[Occurrences], actes: Sequence[Suite], versions: Mapping[str, datetime]
) -> AnomalieLue:
    declarations = [acte for acte in actes if acte.statut == "declaree"]
    declaration = declarations[-1] if declarations else None
    dernier = actes[-1] if actes else None
    corrigee = dernier if dernier is not None and dernier.statut == StatutAnomalie.CORRIGEE else None
    rouverte_par = rouvrent(corrigee, vues, versions) if corrigee is not None else []
    ouverte = dernier is None or dernier.statut == "declaree" or bool(rouverte_par)
    return AnomalieLue(
        operation=cle[0],
        code=cle[1],
        libelle=declaration.libelle if declaration is not None else None,
        origine=INTRINSEQUE if vues or declaration is None else declaration.origine or INTRINSEQUE,
        bloquante=any(o.bloquante for o in vues) or bool(declaration is not None and declaration.bloquante),
        statut=StatutAnomalie.OUVERTE if ouverte or dernier is None else StatutAnomalie(dernier.statut),
        occurrences=sum(o.nombre for o in vues),
        premiere_le=min((o.premiere_le for o in vues), default=None),
        derniere_le=max((o.derniere_le for o in vues), default=None),
        versions=sorted({o.version for o in vues} - {""}),  # unknown of those counted before versions were
        pilotes=sorted({o.pilote for o in vues} - {""}),
        version_corrective=corrigee.version_corrective if corrigee is not None else None,
        motif=dernier.motif if dernier is not None else None,
        rouverte_par=rouverte_par,
        historique=[
            SuiteLue.model_validate({champ: getattr(acte, champ) for champ in SuiteLue.model_fields}) for acte in actes
        ],
    )

"""PURE. The modalités that refuse a change (DOMAIN, « Modalités », marked ✗), read off a référentiel."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.francais import accorder, enumerer, jour
from app.referentiels.regles import Cpam, Referentiel


@dataclass(frozen=True, slots=True)
class PiloteJuge:
    """A pilote, with all that a modalité looks at."""

    numero_am: str
    cpam: str
    sesam_vitale: bool
    accord_le: date
    equipement_verifie: bool
    forme_le: date | None
    installation_prevue_le: date | None
    installe_le: date | None
    phase_2_le: date | None
    retire_le: date | None

    @property
    def compte(self) -> bool:
        """Whether it takes part: one that was withdrawn no longer counts."""
        return self.retire_le is None

    @property
    def installation_le(self) -> date | None:
        """The day of its installation, planned or done; of one that was withdrawn, only if done."""
        return self.installe_le or (self.installation_prevue_le if self.compte else None)


@dataclass(frozen=True, slots=True)
class Semaine:
    """A first week: its first and last day, and the installations within, planned or done."""

    debut: date
    fin: date
    installations: int


@dataclass(frozen=True, slots=True)
class Ecart:
    """A binding rule that is broken: by how much, of what (``objet``: a CPAM, where it is about one), what to do."""

    modalite: str
    mesure: int
    explication: str
    objet: str = ""


def ecarts(
    regles: Referentiel,
    cpam: Sequence[str],
    pilotes: Sequence[PiloteJuge],
    *,
    pilotes_max: int | None,
    ailleurs: Collection[str],
) -> list[Ecart]:
    """The binding rules that a présérie breaks; none depends on the order of ``cpam`` or ``pilotes``.

    ``pilotes_max``: what a prolongation raised the maximum to. ``ailleurs``: N° AM that count in the other open
    préséries of the same logiciel and catégorie.
    """
    return [
        *_trop_de_pilotes(regles, pilotes, pilotes_max, ailleurs),
        *_trop_d_installations(regles, pilotes),
        *_cpam(regles.cpam, sorted(set(cpam))),
        *_hors_des_cpam(sorted(set(cpam)), pilotes),
    ]


def aggravation(avant: Iterable[Ecart], apres: Iterable[Ecart]) -> Ecart | None:
    """The first rule that a change breaks, or breaks worse: what refuses it. One that mends a breach is admitted."""
    herites = {(ecart.modalite, ecart.objet): ecart.mesure for ecart in avant}
    return next((ecart for ecart in apres if ecart.mesure > herites.get((ecart.modalite, ecart.objet), 0)), None)


def nombre_de_pilotes(pilotes: Iterable[PiloteJuge], ailleurs: Collection[str]) -> int:
    """Pilotes of the logiciel: someone in two of its préséries counts once."""
    return len({pilote.numero_am for pilote in pilotes if pilote.compte} | set(ailleurs))


def premiere_semaine(pilotes: Sequence[PiloteJuge], regles: Referentiel) -> Semaine | None:
    """From the first installation done, else the first planned, in any order of entry; None while none is dated."""
    return next(iter(_semaines(pilotes, regles)), None)


def _semaines(pilotes: Sequence[PiloteJuge], regles: Referentiel) -> list[Semaine]:
    """The week from the first installation done, then that from the first planned or done, where it is another.

    Both bind: the first planned may never happen, and must not anchor the week for ever.
    """
    faites = [pilote.installe_le for pilote in pilotes if pilote.installe_le is not None]
    toutes = [le for pilote in pilotes if (le := pilote.installation_le) is not None]
    debuts = dict.fromkeys(min(dates) for dates in (faites, toutes) if dates)
    longueur = timedelta(days=regles.premiere_semaine.jours - 1)
    return [Semaine(debut, debut + longueur, sum(debut <= le <= debut + longueur for le in toutes)) for debut in debuts]


def _trop_de_pilotes(
    regles: Referentiel, pilotes: Sequence[PiloteJuge], pilotes_max: int | None, ailleurs: Collection[str]
) -> Iterator[Ecart]:
    nombre = nombre_de_pilotes(pilotes, ailleurs)
    maximum = pilotes_max or regles.pilotes.max
    if nombre > maximum:
        siens = nombre_de_pilotes(pilotes, ())
        # Only where this présérie alone would be within the maximum can one wait for the end of the others.
        autres = siens <= maximum
        dont = f", dont {nombre - siens} par ses seules autres préséries ouvertes" if autres else ""
        attendez = "attendez la fin des autres préséries, " if autres else ""
        yield Ecart(
            "pilotes_max",
            nombre - maximum,
            f"{accorder(nombre, 'pilote', 'pilotes')} pour ce logiciel, toutes ses préséries ouvertes comprises, "
            f"pour {maximum} au plus{dont} : retirez-en {nombre - maximum} (retire_le), {attendez}ou, si cette "
            "présérie est en cours, demandez à la Cnam une prolongation qui relève ce maximum.",
        )


def _trop_d_installations(regles: Referentiel, pilotes: Sequence[PiloteJuge]) -> Iterator[Ecart]:
    semaine = max(_semaines(pilotes, regles), key=lambda s: s.installations, default=None)
    maximum = regles.premiere_semaine.installations_max
    if semaine is not None and semaine.installations > maximum:
        trop = semaine.installations - maximum
        yield Ecart(
            "premiere_semaine",
            trop,
            f"{accorder(semaine.installations, 'installation', 'installations')} en première semaine, du "
            f"{jour(semaine.debut)} au {jour(semaine.fin)}, pour {maximum} au plus : reportez-en {trop} au "
            f"{jour(semaine.fin + timedelta(days=1))} ou après ; si une installation plus ancienne reste à saisir, "
            "commencez par elle, ou importez tout le planning.",
        )


def _cpam(regle: Cpam, cpam: Sequence[str]) -> Iterator[Ecart]:
    nombre = len(cpam)
    if nombre > regle.max:
        oter = nombre - regle.max
        yield Ecart(
            "cpam", oter, f"{nombre} CPAM, pour {accorder(regle.max, 'admise', 'admises')} au plus : ôtez-en {oter}."
        )
    if nombre < regle.min:
        manque = regle.min - nombre
        yield Ecart("cpam", manque, f"{nombre} CPAM, pour {regle.min} au moins : ajoutez-en {manque}.")
    referentes = ", ".join(f"{code} {nom}" for code, nom in sorted(regle.referentes.items()))
    for code in cpam:
        if code not in regle.referentes:
            yield Ecart("cpam", 1, f"La CPAM {code} n'est pas référente ; CPAM référentes : {referentes}.", code)


def _hors_des_cpam(cpam: Sequence[str], pilotes: Iterable[PiloteJuge]) -> Iterator[Ecart]:
    ailleurs = Counter(pilote.cpam for pilote in pilotes if pilote.compte and pilote.cpam not in cpam)
    siennes = f" ({enumerer(cpam)})" if cpam else ""
    for code, nombre in sorted(ailleurs.items()):
        yield Ecart(
            "pilotes_cpam",
            nombre,
            f"{accorder(nombre, 'pilote relève', 'pilotes relèvent')} de la CPAM {code}, qui n'est pas parmi celles "
            f"de la présérie{siennes} : corrigez la CPAM du pilote, ou ajoutez-la à la présérie si elle est référente.",
            code,
        )

"""Domain errors, and the one place where they become RFC 9457 problem details.

    ErreurMetier
    ├── CorpsIllisible 400          ├── Conflit 409
    ├── CleAbsente, CleRefusee 401  ├── CorpsTropGrand 413
    ├── RoleInsuffisant 403         ├── MediaRefuse 415
    ├── Introuvable 404             ├── CorpsInvalide 422
    ├── MethodeRefusee 405          ├── TropDeRequetes 429
    ├── CorpsTropLent 408           ├── Surcharge, EcritureEnCours, BaseIndisponible 503
    ├── TracesPurgees 410           ├── VersionDepassee 412
    ├── InvitationExpiree 410
    ├── EntetesTropGrands 431 (app.serveur)
    └── ErreurInterne 500           └── TraceRefusee (app.traces.refus): 403, 409, 410, 422

    CorpsIllisible 400
    └── CsvIllisible                the same of a file

    Conflit 409
    ├── EtapeRefusee                its état admits no such change
    ├── QuestionnaireClos           its pilotes are no longer asked
    ├── ModaliteRefusee             a rule of the référentiel refuses the change
    └── DemarrageIncomplet, ValidationIncomplete, ClotureIncomplete, with « manquants »

A detail is French, says what to do, and never repeats a value that the caller sent.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NotRequired, Self, TypedDict


class Faute(TypedDict):
    """One fault of a body: ``champ`` is a name known to the contract, or None for a name that is not.

    ``ligne`` is the line of a file, of which the header is 1.
    """

    champ: str | None
    message: str
    ligne: NotRequired[int]


class ErreurMetier(Exception):
    """What a caller may be told: a status, a stable code, and a sentence that says what to do.

    ``fautifs`` is never told: the N° AM at fault with the faulty field of each, for who can say it in other words.
    """

    statut: int
    code: str
    titre: str
    fautifs: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        detail: str,
        *,
        erreurs: Sequence[Faute] = (),
        entetes: Mapping[str, str] | None = None,
        complements: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.erreurs = list(erreurs)
        self.entetes = dict(entetes or {})
        self.complements = dict(complements or {})

    def de(self, fautifs: Mapping[str, str]) -> Self:
        """The same, with whose fault it is."""
        self.fautifs = fautifs
        return self


class CorpsIllisible(ErreurMetier):
    statut, code, titre = 400, "json-invalide", "Corps illisible"


class CsvIllisible(CorpsIllisible):
    code, titre = "csv-invalide", "Fichier CSV illisible"


class CleAbsente(ErreurMetier):
    statut, code, titre = 401, "cle-absente", "Clé d'accès absente"

    def __init__(self) -> None:
        super().__init__(
            "Joignez votre clé d'accès dans l'en-tête « Authorization: Bearer <clé> ».",
            entetes={"WWW-Authenticate": 'Bearer realm="traces-postes"'},
        )


class CleRefusee(ErreurMetier):
    statut, code, titre = 401, "cle-refusee", "Clé d'accès refusée"

    def __init__(self) -> None:
        super().__init__(
            "Cette clé d'accès est inconnue, expirée ou révoquée : conservez vos traces et demandez une nouvelle clé.",
            entetes={"WWW-Authenticate": 'Bearer realm="traces-postes", error="invalid_token"'},
        )


class RoleInsuffisant(ErreurMetier):
    statut, code, titre = 403, "role-insuffisant", "Accès refusé"


class Introuvable(ErreurMetier):
    statut, code, titre = 404, "introuvable", "Objet introuvable"


class MethodeRefusee(ErreurMetier):
    statut, code, titre = 405, "methode-refusee", "Méthode refusée"


class CorpsTropLent(ErreurMetier):
    statut, code, titre = 408, "corps-trop-lent", "Corps trop lent"


class Conflit(ErreurMetier):
    statut, code, titre = 409, "conflit", "Contraire à l'état présent"


class EtapeRefusee(Conflit):
    code, titre = "etape-refusee", "L'état de la présérie ne le permet pas"


class QuestionnaireClos(Conflit):
    code, titre = "questionnaire-clos", "Questionnaire clos"

    def __init__(self) -> None:
        super().__init__(
            "Ce questionnaire est clos : ses résultats sont arrêtés, et une réponse ne s'y ajoute plus. "
            "Si vous rencontrez encore un problème, signalez-le à l'éditeur de votre logiciel."
        )


class ModaliteRefusee(Conflit):
    """A change that breaks a rule which the référentiel makes binding; ``modalite`` is its code."""

    code, titre = "modalite-non-respectee", "Modalité de présérie non respectée"

    def __init__(self, modalite: str, detail: str) -> None:
        super().__init__(detail, complements={"modalite": modalite})


class Incomplet(Conflit):
    """A step that lacks something: ``manquants`` are sentences in French, one per thing."""

    avant: str

    def __init__(self, manques: Sequence[str]) -> None:
        super().__init__(
            f"Avant {self.avant}, il manque : {' ; '.join(manques)}.", complements={"manquants": list(manques)}
        )


class DemarrageIncomplet(Incomplet):
    code, titre, avant = "demarrage-incomplet", "La présérie ne peut pas encore démarrer", "le démarrage"


class ValidationIncomplete(Incomplet):
    code, titre, avant = "validation-incomplete", "La présérie ne peut pas encore être validée", "la validation"


class ClotureIncomplete(Incomplet):
    code, titre, avant = "cloture-incomplete", "La présérie ne peut pas encore être clôturée", "la clôture"


class TracesPurgees(ErreurMetier):
    statut, code, titre = 410, "traces-purgees", "Traces brutes purgées"

    def __init__(self) -> None:
        super().__init__(
            "Les traces brutes de cette présérie ont été purgées après sa fin : lisez son bilan et ses exécutions, "
            "qui restent."
        )


class InvitationExpiree(ErreurMetier):
    statut, code, titre = 410, "invitation-expiree", "Invitation expirée"

    def __init__(self) -> None:
        super().__init__(
            "Ce lien a expiré, ou un plus récent l'a remplacé : prenez celui de votre dernière invitation, ou "
            "demandez-en une nouvelle à l'éditeur de votre logiciel."
        )


class VersionDepassee(ErreurMetier):
    statut, code, titre = 412, "version-depassee", "Objet modifié entre-temps"

    def __init__(self) -> None:
        super().__init__(
            "L'objet n'est plus celui de votre « If-Match », ou il existe déjà (« If-None-Match ») : relisez-le, "
            "reprenez votre modification, et renvoyez-la avec son « ETag »."
        )


class CorpsTropGrand(ErreurMetier):
    statut, code, titre = 413, "corps-trop-grand", "Corps trop grand"


class MediaRefuse(ErreurMetier):
    statut, code, titre = 415, "type-de-media-refuse", "Type de média refusé"


class CorpsInvalide(ErreurMetier):
    statut, code, titre = 422, "corps-invalide", "Corps invalide"


class TropDeRequetes(ErreurMetier):
    statut, code, titre = 429, "trop-de-requetes", "Trop de requêtes"


class ErreurInterne(ErreurMetier):
    statut, code, titre = 500, "erreur-interne", "Erreur interne"

    def __init__(self) -> None:
        super().__init__(
            "Le service a rencontré une erreur imprévue : renvoyez la même requête, et transmettez « instance » "
            "à l'Assurance Maladie si elle se répète."
        )


class Surcharge(ErreurMetier):
    statut, code, titre = 503, "surcharge", "Service surchargé"

    def __init__(
        self,
        detail: str = "Trop de traces attendent leur enregistrement : renvoyez les mêmes dans un instant.",
        *,
        attente_s: int = 1,
    ) -> None:
        super().__init__(detail, entetes={"Retry-After": str(attente_s)})


class EcritureEnCours(ErreurMetier):
    statut, code, titre = 503, "ecriture-en-cours", "Écriture en cours"

    def __init__(self) -> None:
        super().__init__(
            "Une écriture commencée avant l'instant demandé n'est pas finie : redemandez dans quelques secondes.",
            entetes={"Retry-After": "5"},
        )


class BaseIndisponible(ErreurMetier):
    statut, code, titre = 503, "base-indisponible", "Base de données indisponible"

    def __init__(self) -> None:
        super().__init__(
            "La base de données ne répond pas ; rien n'est perdu de ce qui a été acquitté : "
            "renvoyez la même requête dans quelques secondes.",
            entetes={"Retry-After": "2"},
        )


def probleme(erreur: ErreurMetier, requete_id: str) -> dict[str, object]:
    """The body of an answer of type ``application/problem+json`` (CONTRACT, RFC 9457)."""
    corps: dict[str, object] = {
        "type": f"urn:traces-postes:probleme:{erreur.code}",
        "title": erreur.titre,
        "status": erreur.statut,
        "detail": erreur.detail,
        "instance": f"urn:uuid:{requete_id}",
    }
    if erreur.erreurs:
        corps["erreurs"] = erreur.erreurs
    return corps | erreur.complements

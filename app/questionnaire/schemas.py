"""Wire forms of the questionnaire (CONTRACT, « Registry »)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictBool, StringConstraints, field_validator
from pydantic_core.core_schema import ValidationInfo

from app.formes import SANS_NUL, Corps, NumeroAm
from app.questionnaire.regles import NOTES, Reponse, noter
from app.referentiels import OPERATIONS
from app.textes_libres import Motif, sans_nir

TEXTE_MAX = 2_000
_INVITES_MAX = 1_000
Frein = Literal["ouvert", "leve"]


def _notes_d_operations(valeur: object) -> object:
    """Told here: pydantic would name what the caller put as a key."""
    if isinstance(valeur, dict) and not all(
        o in OPERATIONS and type(n) is int and n in NOTES for o, n in valeur.items()
    ):
        raise ValueError("à chaque opération demandée, une note de 1 à 5")
    return valeur


def _ou_rien(texte: str | None) -> str | None:
    return texte or None


Note = Annotated[int, Field(ge=NOTES[0], le=NOTES[-1], strict=True)]
TexteLibre = Annotated[
    Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=TEXTE_MAX, pattern=SANS_NUL),
        AfterValidator(sans_nir),
    ]
    | None,
    AfterValidator(_ou_rien),
]


class InvitationsCorps(Corps):
    """Whom to invite; None: every pilote that has not left."""

    numeros_am: Annotated[list[NumeroAm], Field(min_length=1, max_length=_INVITES_MAX)] | None = None


class InvitationEmise(BaseModel):
    """``jeton`` is told this once: only its hash is kept."""

    numero_am: str
    jeton: str
    url: str


class InvitationLue(BaseModel):
    """The latest invitation of a pilote; ``repondu_le`` is the day of its latest answer, None where it gave none.

    No more than the day: by the instant each answer would tell whose it is.
    """

    numero_am: str
    invite_le: datetime
    expire_le: datetime
    repondu_le: date | None


class ReponseCorps(Corps):
    satisfaction: Note
    operations: Annotated[dict[str, Note], BeforeValidator(_notes_d_operations)]
    frein_bloquant: StrictBool
    frein: TexteLibre = Field(None, validate_default=True)
    commentaire: TexteLibre = None

    @field_validator("frein")
    @classmethod
    def _dit_lequel(cls, frein: str | None, lu: ValidationInfo) -> str | None:
        if frein is None and lu.data.get("frein_bloquant"):
            raise ValueError("dites quel est ce problème")
        return frein


class ReponseDonnee(BaseModel):
    """A pilote's answer as it stands, with its day; an N° AM in its texts is masked."""

    le: date
    satisfaction: int
    operations: dict[str, int]
    frein_bloquant: bool
    frein: str | None
    commentaire: str | None


class ReponseLue(ReponseDonnee):
    """The same for who reads the results; ``motif`` is why the Cnam lifted its frein."""

    id: int
    frein_leve_le: datetime | None
    motif: str | None


class LeveeCorps(Corps):
    frein_leve: StrictBool
    motif: Motif


class QuestionsLues(BaseModel):
    satisfaction: str
    operations: dict[str, str]
    frein_bloquant: str
    frein: str
    commentaire: str


class QuestionnaireLu(BaseModel):
    """What a pilote is asked, and what it has answered; ``notes`` names the marks from 1 to 5."""

    logiciel: str
    expire_le: datetime
    titre: str
    introduction: str
    notes: list[str]
    questions: QuestionsLues
    reponse: ReponseDonnee | None


class NotesLues(BaseModel):
    """Marks to one question: their mean, and how many of each from 1 to 5."""

    moyenne: float | None
    repartition: list[int]

    @classmethod
    def de(cls, notes: Iterable[int]) -> Self:
        compte = noter(notes)
        return cls(moyenne=compte.moyenne, repartition=list(compte.repartition))


class ResultatsLus(BaseModel):
    """``taux_reponse``: answers over invited pilotes, None where nobody was."""

    invites: int
    reponses: int
    taux_reponse: float | None
    satisfaction: NotesLues
    operations: dict[str, NotesLues]
    freins_ouverts: int
    freins_leves: int

    @classmethod
    def de(cls, reponses: Sequence[Reponse], invites: int, operations: Iterable[str]) -> Self:
        """Of the latest answer of each pilote, over the operations that are asked about."""
        ouverts = sum(r.frein_ouvert for r in reponses)
        return cls(
            invites=invites,
            reponses=len(reponses),
            taux_reponse=len(reponses) / invites if invites else None,
            satisfaction=NotesLues.de(r.satisfaction for r in reponses),
            operations={o: NotesLues.de(r.operations[o] for r in reponses if o in r.operations) for o in operations},
            freins_ouverts=ouverts,
            freins_leves=sum(r.frein_bloquant for r in reponses) - ouverts,
        )

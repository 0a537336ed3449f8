"""Wire forms of sealed bilans."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from app.bilan.schemas import BilanLu, Verdict
from app.formes import Corps
from app.textes_libres import Motif

Partie = Literal["cnam", "editeur"]
SensApprobation = Literal["approuve", "refuse"]


class ContenuArrete(BilanLu):
    """A bilan, and the digest of all the traces that it counts."""

    empreinte_traces: str


class ApprobationCorps(Corps):
    sens: SensApprobation
    motif: Motif | None = None


class ApprobationLue(BaseModel):
    """What one side made of a sealed bilan; signed together with its digest by the key ``cle``."""

    partie: Partie
    sens: SensApprobation
    motif: str | None
    le: datetime
    signature: str
    cle: str


class ArreteResume(BaseModel):
    id: str
    au: datetime
    verdict: Verdict
    empreinte: str
    cle: str
    approbations: list[ApprobationLue]


class ArreteLu(BaseModel):
    """The document that ``traces-postes arrete verifier`` takes; it goes out in its canonical spelling."""

    id: str
    contenu: ContenuArrete
    empreinte: str
    signature: str
    cle: str
    approbations: list[ApprobationLue]


class ArreteNote(BaseModel):
    """What the journal keeps of a sealing, and of what a side made of it; a motif lies beside."""

    id: str
    empreinte: str
    verdict: Verdict | None = None
    partie: Partie | None = None
    sens: SensApprobation | None = None


class EcartLu(BaseModel):
    champ: str
    arrete: bool | int | float | str | list[str] | list[float] | None
    actuel: bool | int | float | str | list[str] | list[float] | None


class RectificationLue(BaseModel):
    """What was sealed stays as it is: this is what it would be today."""

    arrete: str
    au: datetime
    calcule_le: datetime
    traces_recues_depuis: int
    ecarts: list[EcartLu]


class CleLue(BaseModel):
    """A public key as RFC 8037 writes it; its ``kid`` is its RFC 7638 thumbprint."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class JeuDeCles(BaseModel):
    keys: list[CleLue]

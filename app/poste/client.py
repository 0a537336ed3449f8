"""The client that people use, and one HTTP attempt of it."""

import asyncio
import gzip
import ssl
from contextlib import aclosing
from types import TracebackType
from typing import Self

import httpx

from app.poste.certificat import refus_du_serveur
from app.poste.consigne import Consigne, PosteSuivi
from app.poste.envoi import Acquittement, Avancement, Envoi
from app.poste.erreurs import ReglageInvalide
from app.poste.lecture import ReponseInattendue, probleme
from app.poste.lots import Lot, Source, former_lots
from app.poste.reglages import Reglages, Temps
from app.poste.reprise import Issue, Suite, attente_demandee, lire_date, suite_de_la_reponse
from app.poste.resultat import Resultat, lire_accuse

CHEMIN = "/traces"
GZIP_AU_DELA = 1024
GZIP_NIVEAU = 3


class ClientPoste:
    """Sends traces to the service at `url` with the access key `cle`.

    `poste` makes it obey the consigne of one workstation; leave it out to send for several. `tls` (`contexte_tls`)
    presents the workstation's certificate. An `http` client that is given brings its own TLS and stays its owner's
    to close; otherwise use `async with`, or call `fermer`.
    """

    def __init__(
        self,
        url: str,
        cle: str,
        *,
        reglages: Reglages | None = None,
        poste: PosteSuivi | None = None,
        tls: ssl.SSLContext | None = None,
        http: httpx.AsyncClient | None = None,
        temps: Temps | None = None,
    ) -> None:
        self._reglages = reglages or Reglages()
        self._temps = temps or Temps()
        base = _adresse(url)
        if tls and not base.startswith("https:"):
            raise ReglageInvalide("Un certificat ne sert qu'à une adresse en https : vérifiez celle du service.")
        self._url = base + CHEMIN
        self._entetes = {"Authorization": f"Bearer {_cle(cle)}", "Accept": "application/json"}
        self._ferme_http = http is None
        # One connection more than the lots use, for the consigne.
        limites = httpx.Limits(max_connections=self._reglages.connexions + 1)
        self._http = http or httpx.AsyncClient(limits=limites, verify=tls or True)
        self._consigne = Consigne(self._http, base, self._entetes, poste, self._temps) if poste else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, genre: type[BaseException] | None, erreur: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.fermer()

    async def fermer(self) -> None:
        if self._ferme_http:
            await self._http.aclose()

    async def envoyer(
        self, traces: Source, *, avancement: Avancement | None = None, acquitter: Acquittement | None = None
    ) -> Resultat:
        """Sends a finite source to its end and sums the outcomes; `avancement` is told each lot's own.

        `acquitter` is given each lot with its outcome as soon as the service has answered for it.

        Ends early, with `arret` set, when the traces postes are switched off. When the service cannot be
        used, raises an `EnvoiInterrompu`, which gives back what was not acknowledged.
        """
        async with aclosing(former_lots(traces, self._reglages.taille_lot)) as lots:
            envoi = Envoi(lots, self._tenter, self._consigne, self._reglages, self._temps)
            return await envoi.mener(avancement, acquitter)

    async def _tenter(self, lot: Lot) -> Issue:
        """Posts the lot once. Whatever is not the service's own answer is a lost answer."""
        corps, entetes = _emballer(lot)
        delai = self._reglages.delai_reponse_s
        try:
            # httpx bounds each read; a server that trickles its answer needs a bound on the whole.
            async with asyncio.timeout(delai):
                reponse = await self._http.post(
                    self._url,
                    content=corps,
                    headers=self._entetes | entetes,
                    timeout=delai,
                    follow_redirects=False,
                )
        except TimeoutError:
            return Issue(Suite.REPRENDRE, f"aucune réponse en {delai:g} s")
        except httpx.RequestError as erreur:
            if refus_du_serveur(erreur):
                return Issue(Suite.REPRENDRE, "le certificat du serveur n'est pas de confiance : autorité, nom ou date")
            return Issue(Suite.REPRENDRE, f"réponse perdue, {type(erreur).__name__}")
        return self._interpreter(reponse, lot)

    def _interpreter(self, reponse: httpx.Response, lot: Lot) -> Issue:
        motif = f"statut {reponse.status_code}"
        code, detail = (None, None) if reponse.is_success else probleme(reponse.content)
        suite = suite_de_la_reponse(reponse.status_code, code)
        if suite is Suite.ACQUITTE:
            try:
                return Issue(suite, motif, accuse=lire_accuse(reponse.content, lot))
            except ReponseInattendue:
                return Issue(Suite.REPRENDRE, f"{motif}, mais la réponse n'est pas celle du service")
        # The service's own clock, where it gives it: a workstation's may be hours off.
        maintenant = lire_date(reponse.headers.get("Date", "")) or self._temps.maintenant()
        attente = attente_demandee(reponse.headers.get("Retry-After"), maintenant)
        return Issue(suite, motif, attente_demandee=attente, code=code, detail=detail)


def _emballer(lot: Lot) -> tuple[bytes, dict[str, str]]:
    corps, entetes = lot.corps(), {"Content-Type": "application/json"}
    if len(corps) <= GZIP_AU_DELA:
        return corps, entetes
    return gzip.compress(corps, GZIP_NIVEAU), entetes | {"Content-Encoding": "gzip"}


def _adresse(url: str) -> str:
    """The service's address without a final slash. A message never repeats it: it may hold a password."""
    try:
        lue = httpx.URL(url.strip())
        lue.host.encode("idna")  # the resolver would do it, and fail at each attempt
    except (httpx.InvalidURL, UnicodeError):
        lue = httpx.URL()
    utilisable = lue.scheme in {"http", "https"} and lue.host and (lue.port or 0) < 65_536
    if not utilisable or lue.userinfo or lue.query or lue.fragment:
        raise ReglageInvalide(
            "L'adresse du service n'est pas utilisable : donnez-la sous la forme https://hôte ou "
            "https://hôte:port/chemin, sans identifiant ni paramètre."
        )
    return str(lue).rstrip("/")


def _cle(cle: str) -> str:
    propre = cle.strip()
    if not propre or not propre.isascii() or not propre.isprintable() or " " in propre:
        raise ReglageInvalide(
            "La clé d'accès est vide ou contient un caractère interdit : recopiez-la d'un seul tenant."
        )
    return propre

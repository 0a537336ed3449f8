"""uvicorn's HTTP protocol with what a public service needs: bounded headers, Upgrade ignored, problems in French.

What was asked is answered, whatever follows it on the connection. An answer without end is told when to end.
"""

import asyncio
import json
import socket
import struct
import uuid
from contextlib import suppress
from functools import cache
from typing import cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.accueil import EN_MAIN, ETAT, POIDS_GZIP, Accueil, EnMain
from app.envoi import EXTENSION, Sortie
from app.erreurs import CorpsIllisible, ErreurMetier, Surcharge, probleme
from app.observabilite import mesures
from app.observabilite.bornes import CORPS_ENTIER
from app.observabilite.medias import est_gzip
from app.observabilite.requetes import nouvel_identifiant
from app.traces.reception import CHEMINS

ENTETES_MAX = 64 * 1024
_TAMPON = 64 * 1024
"""What the kernel keeps back for the reader of an answer without end."""
_ARRET_S = 1.0
"""How long such a reader may take to read its end."""
_SILENCES_S = (0.05, 0.1, 0.2, 0.4)
"""How long who comes back without waiting is not heard: the second time, the third, and so on."""
_SANS_NUMERO = str(uuid.UUID(int=0)).encode()
_SAUT_DE_PROTOCOLE = frozenset({b"upgrade", b"http2-settings", b"connection"})
_RAISONS = {400: b"Bad Request", 431: b"Request Header Fields Too Large", 503: b"Service Unavailable"}
_CHEMINS = frozenset(chemin.encode() for chemin in CHEMINS)


class EntetesTropGrands(ErreurMetier):
    statut, code, titre = 431, "entetes-trop-grands", "En-têtes trop grands"


_TROP_D_ENTETES = EntetesTropGrands("Les en-têtes pèsent plus de 64 Kio : n'envoyez que ceux du contrat.")
_TROP_DE_CONNEXIONS = Surcharge("Trop de connexions sont ouvertes : renvoyez la même requête dans un instant.")
_ILLISIBLE = CorpsIllisible("La requête n'est pas du HTTP/1.1 lisible : vérifiez le client.")


@cache
def _surcharge(attente_s: int) -> Surcharge:
    return Surcharge(attente_s=attente_s)


class Protocole(HttpToolsProtocol):
    """Java's HttpClient asks, with its first request, to go on in HTTP/2. A server may ignore that (RFC 9110, 7.8).

    The parser drops the body of such a request: it is read again without the headers that ask.
    """

    _recus = 0
    """Bytes since the last head, or part of a body, was whole."""
    _tete_refusee = False
    _sourde = False
    """Whether nothing more is read: the connection ends with the answer that is due."""
    _flux: asyncio.Event | None = None
    """Of an answer without end: set when the server stops."""
    _refus: Surcharge | None = None
    """The answer to the request at hand, whose body is not kept."""
    _refus_de_suite = 0
    _corps = 0
    """Bytes of the body at hand."""
    _en_main: EnMain | None = None
    """The POST of traces at hand."""
    _messages = 0
    _attendu: tuple[int, float] | None = None
    """How many messages had come, and since when the client is waited for."""
    _non_lu: tuple[int, float] | None = None
    """Bytes that the client did not read yet, and since when."""
    _accueil: Accueil | None = None
    _s_arrete = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._sortie = Sortie(transport, self.loop)
        self._accueil = self.app_state.get(ETAT)
        if self._accueil is None:
            return
        self._accueil.connexions.add(self)
        if self._accueil.complet:
            mesures.COUPEES["nombre"](1)
            self._refuser(_TROP_DE_CONNEXIONS)

    def data_received(self, data: bytes) -> None:
        if self._sourde:
            return
        self._unset_keepalive_if_required()
        self._recus += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as saut:
            if self.parser.get_method() == b"CONNECT":
                self._refuser(_ILLISIBLE)
                return
            demande = self._sans_saut_de_protocole()
            self.parser = httptools.HttpRequestParser(self)
            self.data_received(demande + data[saut.args[0] :])
            return
        except httptools.HttpParserError:
            self.logger.warning("requete_http_illisible")
            self._refuser(_ILLISIBLE)
            return
        if self._recus > ENTETES_MAX or self._tete_refusee:
            self._refuser(_TROP_D_ENTETES)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's, which uvicorn narrows to None
        """A client that has said all may still listen: the answer to a whole request keeps the connection open.

        The reader of an answer without end who hangs up has gone.
        """
        if self._flux is not None:
            return False
        return self._finir_par_la_reponse()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._accueil is not None:
            self._accueil.connexions.discard(self)
        if self.scope is not None:
            self.scope.pop("extensions", None)  # a cycle, which only the collector would find

    def on_headers_complete(self) -> None:
        if self._recus > ENTETES_MAX:
            self._tete_refusee = len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > ENTETES_MAX
        self._recus = 0
        self.scope["extensions"] = {EXTENSION: {"connexion": self}}
        self._corps = 0
        if self._accueil is not None and not self._ignore():
            self._accueillir(self._accueil)
        if not self._ignore():
            self._unset_keepalive_if_required()  # a refusal before it in the same packet may have set it
            super().on_headers_complete()
            self.cycle.keep_alive &= not self._s_arrete
            self.cycle.transport = cast("asyncio.Transport", self._sortie)

    def on_body(self, body: bytes) -> None:
        self._recus = 0
        self._corps += len(body)
        if not self._ignore():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._recus = 0
        self._messages += 1
        if self._refus is not None:
            refus, self._refus = self._refus, None
            self._refuser(refus, fermer=self._s_arrete or not self.parser.should_keep_alive())
            self._faire_patienter()
        elif not self._ignore():
            if self._en_main is not None and not self.pipeline:
                self._prendre(self._en_main)
            self.cycle.scope[CORPS_ENTIER] = True  # type: ignore[literal-required]  # a key of ours
            super().on_message_complete()

    def surveiller(self, maintenant: float) -> None:
        """Ends the connection of a client that sends too slowly, or does not read; called every second."""
        accueil, reponse = self._accueil, self.cycle
        if accueil is None:
            return
        repondue = reponse is None or reponse.response_complete
        reste = self.transport.get_write_buffer_size()
        if reste and self._non_lu and self._non_lu[0] == reste:
            if maintenant - self._non_lu[1] > accueil.lecture_delai_s:
                mesures.COUPEES["lecture"](1)
                self.rompre()
        else:
            self._non_lu = (reste, maintenant) if reste else None
        if repondue and not reste and self.timeout_keep_alive_task is None:
            if self._attendu is None or self._attendu[0] != self._messages:
                self._attendu = self._messages, maintenant
            corps_attendu = self._refus is not None or (reponse is not None and reponse.more_body)
            delai_s = accueil.corps_delai_s if corps_attendu else accueil.entete_delai_s
            if maintenant - self._attendu[1] > delai_s:
                mesures.COUPEES["envoi"](1)
                if self._refus is not None:
                    self._refuser(self._refus)
                self.transport.close()
        else:
            self._attendu = None

    def ouvrir_flux(self) -> asyncio.Event:
        """For an answer without end, after which the connection is closed: the event that tells it to end."""
        self.transport.set_write_buffer_limits(high=0)
        self._regler(socket.SO_SNDBUF, _TAMPON)
        self._flux = asyncio.Event()
        return self._flux

    def rompre(self) -> None:
        """Nothing is kept for a reader who may never read it, not even by the kernel."""
        self._regler(socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def shutdown(self) -> None:
        """What a proxy has just sent is still answered; a connection at rest is left to it until its time is over."""
        self._s_arrete = True
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False
        elif (self.cycle is None or self.cycle.response_complete) and self.timeout_keep_alive_task is None:
            self._compter_le_repos()
        if self._flux is not None:
            self._flux.set()
            self.loop.call_later(_ARRET_S, self.rompre)

    def _regler(self, option: int, valeur: int | bytes) -> None:
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, valeur)

    def _ignore(self) -> bool:
        """Whether the message at hand is no request of ours: it is read again, or refused."""
        return self._tete_refusee or self._refus is not None or self.parser.should_upgrade()

    def _accueillir(self, accueil: Accueil) -> None:
        """Refuses a POST of traces that finds too many before it; not where another answer is still due."""
        self._en_main = None
        if self.parser.get_method() != b"POST" or self.url.partition(b"?")[0] not in _CHEMINS:
            return
        attente_s = accueil.attente_s()
        if attente_s is None or (self.cycle is not None and not self.cycle.response_complete):
            self._refus_de_suite = 0
            self._en_main = self.scope[EN_MAIN] = EnMain(accueil)  # type: ignore[literal-required]  # a key of ours
            return
        self._refus = _surcharge(attente_s)
        if self.expect_100_continue:
            self._refuser(self._refus)  # its body would only come once it is asked for

    def _prendre(self, en_main: EnMain) -> None:
        """Counts it before anything else is read: where it is too much by now, its task refuses it."""
        with suppress(Surcharge):
            en_main.prendre(self._corps * (POIDS_GZIP if est_gzip(self.headers) else 1))

    def _faire_patienter(self) -> None:
        """Who comes back sooner than it was told is not heard for a while: else refusing could take all of the time."""
        rang, self._refus_de_suite = self._refus_de_suite, self._refus_de_suite + 1
        if rang and not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(_SILENCES_S[min(rang, len(_SILENCES_S)) - 1], self._ecouter)

    def _ecouter(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _finir_par_la_reponse(self) -> bool:
        """Whether an answer is due to a whole request; the connection then ends with it."""
        demande = self.cycle
        if demande is None or demande.response_complete or demande.more_body:
            return False
        demande.keep_alive = False
        self._sourde = True
        return True

    def _sans_saut_de_protocole(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lignes = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lignes += [nom + b": " + valeur for nom, valeur in self.headers if nom not in _SAUT_DE_PROTOCOLE]
        if not self.parser.should_keep_alive():
            lignes.append(b"connection: close")
        return b"\r\n".join(lignes) + b"\r\n\r\n"

    def _refuser(self, erreur: ErreurMetier, *, fermer: bool = True) -> None:
        """Says no, unless a request before is still to be answered: it would take this for its own answer."""
        if self._sourde or self._finir_par_la_reponse():
            return
        mesures.PROBLEMES[erreur.code](1)
        self.transport.write(_en_octets(erreur, fermer).replace(_SANS_NUMERO, nouvel_identifiant().encode()))
        if fermer:
            self._sourde = True
            self.transport.close()
        else:
            self._unset_keepalive_if_required()
            self._compter_le_repos()

    def _compter_le_repos(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


@cache
def _en_octets(erreur: ErreurMetier, fermer: bool) -> bytes:
    """A whole answer, but for its request id: under overload the same refusal is said thousands of times a second."""
    corps = json.dumps(probleme(erreur, _SANS_NUMERO.decode()), ensure_ascii=False).encode()
    return b"\r\n".join(
        (
            b"HTTP/1.1 %d %s" % (erreur.statut, _RAISONS[erreur.statut]),
            b"content-type: application/problem+json",
            b"x-request-id: " + _SANS_NUMERO,
            b"content-length: %d" % len(corps),
            *(f"{nom.lower()}: {valeur}".encode() for nom, valeur in erreur.entetes.items()),
            *([b"connection: close"] if fermer else []),
            b"",
            corps,
        )
    )

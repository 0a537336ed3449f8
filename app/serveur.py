"""uvicorn's HTTP protocol with what a public service needs: bounded headers, Upgrade ignored, problems in French.

What was asked is answered, whatever follows it on the connection. An answer without end is told when to end.
"""

import asyncio
import json
import socket
import struct
import uuid

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.envoi import EXTENSION
from app.erreurs import CorpsIllisible, ErreurMetier, probleme
from app.observabilite import mesures
from app.observabilite.bornes import CORPS_ENTIER

ENTETES_MAX = 64 * 1024
_TAMPON = 64 * 1024
"""What the kernel keeps back for the reader of an answer without end."""
_ARRET_S = 1.0
"""How long such a reader may take to read its end."""
_SAUT_DE_PROTOCOLE = frozenset({b"upgrade", b"http2-settings", b"connection"})
_RAISONS = {400: b"Bad Request", 431: b"Request Header Fields Too Large"}


class EntetesTropGrands(ErreurMetier):
    statut, code, titre = 431, "entetes-trop-grands", "En-têtes trop grands"


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

    def data_received(self, data: bytes) -> None:
        if self._sourde:
            return
        self._unset_keepalive_if_required()
        self._recus += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as saut:
            if self.parser.get_method() == b"CONNECT":
                self._refuser(_illisible())
                return
            demande = self._sans_saut_de_protocole()
            self.parser = httptools.HttpRequestParser(self)
            self.data_received(demande + data[saut.args[0] :])
            return
        except httptools.HttpParserError:
            self.logger.warning("requete_http_illisible")
            self._refuser(_illisible())
            return
        if self._recus > ENTETES_MAX or self._tete_refusee:
            self._refuser(EntetesTropGrands("Les en-têtes pèsent plus de 64 Kio : n'envoyez que ceux du contrat."))

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's, which uvicorn narrows to None
        """A client that has said all may still listen: the answer to a whole request keeps the connection open.

        The reader of an answer without end who hangs up has gone.
        """
        if self._flux is not None:
            return False
        return self._finir_par_la_reponse()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop("extensions", None)  # a cycle, which only the collector would find

    def on_headers_complete(self) -> None:
        if self._recus > ENTETES_MAX:
            self._tete_refusee = len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > ENTETES_MAX
        self._recus = 0
        self.scope["extensions"] = {EXTENSION: {"connexion": self}}
        if not self._ignore():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._recus = 0
        if not self._ignore():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._recus = 0
        if not self._ignore():
            self.cycle.scope[CORPS_ENTIER] = True  # type: ignore[literal-required]  # a key of ours
            super().on_message_complete()

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
        super().shutdown()
        if self._flux is not None:
            self._flux.set()
            self.loop.call_later(_ARRET_S, self.rompre)

    def _regler(self, option: int, valeur: int | bytes) -> None:
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, valeur)

    def _ignore(self) -> bool:
        """Whether the message at hand is no request of ours: it is read again, or refused."""
        return self._tete_refusee or self.parser.should_upgrade()

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

    def _refuser(self, erreur: ErreurMetier) -> None:
        """Says no, unless a request before is still to be answered: it would take this for its own answer."""
        if self._finir_par_la_reponse():
            return
        mesures.PROBLEMES[erreur.code](1)
        identifiant = str(uuid.uuid4())
        corps = json.dumps(probleme(erreur, identifiant), ensure_ascii=False).encode()
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: application/problem+json\r\nx-request-id: %s\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n"
            % (erreur.statut, _RAISONS[erreur.statut], identifiant.encode(), len(corps))
            + corps
        )
        self.transport.close()


def _illisible() -> CorpsIllisible:
    return CorpsIllisible("La requête n'est pas du HTTP/1.1 lisible : vérifiez le client.")

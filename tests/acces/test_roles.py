"""What a key may touch, and which bounds each role must and may bear."""

from datetime import UTC, datetime, timedelta

import pytest

from app.acces.roles import ECRIVENT_DES_TRACES, Acces, Role, bornes_manquantes

MAINTENANT = datetime(2026, 10, 20, tzinfo=UTC)


def test_une_cle_sans_borne_voit_tout() -> None:
    acces = Acces(1, Role.CNAM)
    assert acces.voit_editeur("ortho-soft")
    assert acces.voit_preserie("ortho-plus-lpp", "ortho-soft")


def test_une_cle_d_editeur_ne_voit_que_le_sien() -> None:
    acces = Acces(1, Role.EDITEUR, "ortho-soft")
    assert acces.voit_preserie("ortho-plus-lpp", "ortho-soft")
    assert not acces.voit_preserie("ortho-plus-lpp", "rival")
    assert not acces.voit_editeur("ortho")


def test_une_cle_de_lecture_peut_etre_limitee_a_des_preseries() -> None:
    acces = Acces(1, Role.LECTURE, preseries=frozenset({"a-lpp", "b-lpp"}))
    assert acces.voit_preserie("a-lpp", "ortho-soft")
    assert not acces.voit_preserie("c-lpp", "ortho-soft")
    assert Acces(1, Role.LECTURE).voit_preserie("c-lpp", "ortho-soft")
    assert not Acces(1, Role.LECTURE, preseries=frozenset()).voit_preserie("a-lpp", "ortho-soft")


def test_une_cle_expire_a_l_instant_dit() -> None:
    acces = Acces(1, Role.CNAM, expire_le=MAINTENANT)
    assert not acces.expiree(MAINTENANT - timedelta(microseconds=1))
    assert acces.expiree(MAINTENANT)
    assert acces.expiree(MAINTENANT + timedelta(days=1))
    assert not Acces(1, Role.CNAM).expiree(MAINTENANT)


@pytest.mark.parametrize(
    ("role", "editeur", "numero_am", "preseries", "possible"),
    [
        (Role.CNAM, None, None, None, True),
        (Role.CNAM, "ortho-soft", None, None, False),
        (Role.EDITEUR, "ortho-soft", None, None, True),
        (Role.EDITEUR, None, None, None, False),
        (Role.EDITEUR, "ortho-soft", "389391422", None, False),
        (Role.EDITEUR, "ortho-soft", None, ["a-lpp"], False),
        (Role.POSTE, "ortho-soft", None, None, True),
        (Role.POSTE, "ortho-soft", "389391422", None, True),
        (Role.POSTE, None, "389391422", None, False),
        (Role.LECTURE, None, None, None, True),
        (Role.LECTURE, None, None, ["a-lpp"], True),
        (Role.LECTURE, "ortho-soft", None, None, False),
        (Role.LECTURE, None, "389391422", None, False),
        (Role.SUPERVISION, None, None, None, True),
        (Role.SUPERVISION, "ortho-soft", None, None, False),
        (Role.SUPERVISION, None, None, ["a-lpp"], False),
    ],
)
def test_les_bornes_de_chaque_role(
    role: Role, editeur: str | None, numero_am: str | None, preseries: list[str] | None, possible: bool
) -> None:
    manque = bornes_manquantes(role, editeur, numero_am, preseries)
    assert (manque is None) == possible
    assert manque is None or manque.endswith(".")


def test_ni_lecture_ni_supervision_n_ecrivent_de_traces() -> None:
    assert set(ECRIVENT_DES_TRACES) == {Role.CNAM, Role.EDITEUR, Role.POSTE}

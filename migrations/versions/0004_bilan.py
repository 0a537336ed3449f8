"""The bilan: the registry as it was, anomalies followed, executions set aside, prerequisites, questionnaire, sealing.

Stop the replicas of the version before: two counters are kept by version from here on, which they would not know.
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROLE = "traces_postes_service"
VERROU = "LOCK TABLE registre"
INSTANT = sa.DateTime(timezone=True)
HORLOGE = sa.text("clock_timestamp()")
IMMUABLES = ("version_registre", "suite_anomalie", "mise_a_l_ecart", "levee_frein", "arrete", "approbation")
AJOUTEES = ("invitation", "reponse", "feuilles_arrete")
SUIVIES = {
    "editeur": ("id",),
    "logiciel": ("id",),
    "preserie": ("id",),
    "pilote": ("id",),
    "jalon": ("preserie_id", "code"),
    "prerequis": ("preserie_id", "code"),
}
"""Tables of the registry whose every version is kept, and the columns that tell their rows apart."""

# A wrapped key is destroyed at the end of a présérie: no version may keep it. All versions of one change of the
# registry bear the instant at which it took the registry's row: as of any other, a part of it would be seen.
GARDER = """
CREATE FUNCTION garder_la_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  valeurs jsonb := to_jsonb(NEW) - 'cle_enveloppee';
BEGIN
  INSERT INTO version_registre (depuis_le, objet, cle, ligne)
  SELECT coalesce(nullif(current_setting('traces_postes.instant', true), '')::timestamptz, clock_timestamp()),
         TG_TABLE_NAME, string_agg(valeurs ->> nom, '/' ORDER BY rang), valeurs
  FROM unnest(TG_ARGV) WITH ORDINALITY AS colonnes(nom, rang);
  RETURN NULL;
END $$
"""

# Receptions bear the instant of their insertion, after their table was locked: once no writer holds it, all that was
# received up to this instant is committed, and what comes later bears a later one.
BARRIERE = """
CREATE FUNCTION instant_de_l_arrete() RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  LOCK TABLE trace, reception_sans_suite IN SHARE MODE;
  RETURN clock_timestamp();
END $$
"""

PURGE = """
CREATE OR REPLACE FUNCTION purger_traces(serie integer, au_plus integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  traces bigint;
  receptions bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM preserie WHERE id = serie AND statut IN ('cloturee', 'abandonnee')) THEN
    RAISE EXCEPTION 'this présérie has not ended' USING ERRCODE = 'insufficient_privilege';
  END IF;
  {feuilles}
  DELETE FROM trace WHERE ctid = ANY (ARRAY(SELECT ctid FROM trace WHERE preserie_id = serie LIMIT au_plus));
  GET DIAGNOSTICS traces = ROW_COUNT;
  DELETE FROM reception_sans_suite
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM reception_sans_suite WHERE preserie_id = serie LIMIT au_plus));
  GET DIAGNOSTICS receptions = ROW_COUNT;
  RETURN traces + receptions;
END $$
"""
FEUILLES = "DELETE FROM feuilles_arrete WHERE arrete_id IN (SELECT id FROM arrete WHERE preserie_id = serie);"


def upgrade() -> None:
    op.execute(VERROU)
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.add_column("preserie", sa.Column("bilan_arrete_le", INSTANT, nullable=True))
    op.add_column("decision", sa.Column("arrete_id", sa.Uuid(), nullable=True))
    _compter_par_version()
    for table in ("trace", "reception_sans_suite"):
        op.alter_column(table, "recue_le", server_default=HORLOGE)
    _prerequis()
    _versions()
    _suites()
    _questionnaire()
    _arretes()
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON prerequis TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(IMMUABLES + AJOUTEES)} TO {ROLE}")
    for table in IMMUABLES:
        op.execute(
            f"CREATE TRIGGER {table}_immuable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuser_le_changement()"
        )
    op.execute(BARRIERE.format(schema=schema))
    op.execute("REVOKE ALL ON FUNCTION instant_de_l_arrete FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION instant_de_l_arrete TO {ROLE}")
    op.execute(PURGE.format(schema=schema, feuilles=FEUILLES))


def _compter_par_version() -> None:
    """Worked out again from the traces; of a présérie whose traces were purged, the version stays unknown."""
    gardees = "preserie_id NOT IN (SELECT id FROM preserie WHERE purgee_le IS NOT NULL)"
    for table in ("compteur_operation", "anomalie"):
        op.add_column(table, sa.Column("version", sa.Text(), nullable=False, server_default=""))
    op.drop_constraint("pk_compteur_operation", "compteur_operation")
    op.execute(f"DELETE FROM compteur_operation WHERE {gardees}")
    op.execute(f"""
        INSERT INTO compteur_operation (preserie_id, operation, version, succes, echecs, premiere_le, derniere_le)
        SELECT preserie_id, operation, version, count(*) FILTER (WHERE succes), count(*) FILTER (WHERE NOT succes),
               min(emise_le), max(emise_le)
        FROM trace WHERE {gardees} GROUP BY 1, 2, 3""")
    op.create_primary_key("pk_compteur_operation", "compteur_operation", ["preserie_id", "operation", "version"])
    op.add_column("anomalie", sa.Column("pilote_id", sa.Integer(), nullable=False, server_default="0"))
    op.drop_constraint("pk_anomalie", "anomalie")
    op.execute(f"DELETE FROM anomalie WHERE {gardees}")
    op.execute(f"""
        INSERT INTO anomalie (preserie_id, operation, code, version, pilote_id, bloquante, occurrences, premiere_le,
                              derniere_le)
        SELECT preserie_id, operation, erreur_code, version, pilote_id, bool_or(erreur_bloquante), count(*),
               min(emise_le), max(emise_le)
        FROM trace WHERE erreur_origine = 'logiciel' AND {gardees} GROUP BY 1, 2, 3, 4, 5""")
    op.create_primary_key("pk_anomalie", "anomalie", ["preserie_id", "operation", "code", "version", "pilote_id"])
    for table, colonne in (("compteur_operation", "version"), ("anomalie", "version"), ("anomalie", "pilote_id")):
        op.alter_column(table, colonne, server_default=None)


def _prerequis() -> None:
    op.create_table(
        "prerequis",
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("libelle", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("valide_le", sa.Date(), nullable=True),
        sa.Column("preuve", sa.Text(), nullable=True),
        sa.Column("retire_le", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_prerequis_preserie_id")),
        sa.PrimaryKeyConstraint("preserie_id", "code", name=op.f("pk_prerequis")),
    )


def _versions() -> None:
    """What stands at the migration counts as having stood since ever: nothing else is known of it."""
    op.create_table(
        "version_registre",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("depuis_le", INSTANT, server_default=HORLOGE, nullable=False),
        sa.Column("objet", sa.Text(), nullable=False),
        sa.Column("cle", sa.Text(), nullable=False),
        sa.Column("ligne", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_registre")),
    )
    op.create_index("ix_version_registre_objet", "version_registre", ["objet", "cle", "depuis_le", "id"])
    op.execute(GARDER)
    for table, cle in SUIVIES.items():
        op.execute(f"""
            INSERT INTO version_registre (depuis_le, objet, cle, ligne)
            SELECT '-infinity', '{table}', concat_ws('/', {", ".join(cle)}), to_jsonb({table}) - 'cle_enveloppee'
            FROM {table}""")
        op.execute(
            f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION garder_la_version({', '.join(cle)})"
        )


def _fait(table: str, *colonnes: sa.schema.SchemaItem, preserie: bool = True) -> None:
    """A table to which people's acts are added: who, when, and what."""
    avec: list[sa.schema.SchemaItem] = [
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("le", INSTANT, server_default=HORLOGE, nullable=False),
        sa.Column("cle_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]
    if preserie:
        nom = op.f(f"fk_{table}_preserie_id")
        avec.append(sa.Column("preserie_id", sa.Integer(), nullable=False))
        avec.append(sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=nom))
    op.create_table(table, *avec, *colonnes)
    if preserie:
        op.create_index(op.f(f"ix_{table}_preserie_id"), table, ["preserie_id"])


def _suites() -> None:
    _fait(
        "suite_anomalie",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("statut", sa.Text(), nullable=False),
        sa.Column("libelle", sa.Text(), nullable=True),
        sa.Column("origine", sa.Text(), nullable=True),
        sa.Column("bloquante", sa.Boolean(), nullable=True),
        sa.Column("version_corrective", sa.Text(), nullable=True),
        sa.Column("motif", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "statut IN ('declaree', 'ouverte', 'corrigee', 'ecartee')", name=op.f("ck_suite_anomalie_statut")
        ),
    )
    _fait(
        "mise_a_l_ecart",
        sa.Column("pilote_id", sa.Integer(), nullable=False),
        sa.Column("pseudonyme", sa.LargeBinary(), nullable=False),
        sa.Column("numero_execution", sa.SmallInteger(), nullable=False),
        sa.Column("ecartee", sa.Boolean(), nullable=False),
        sa.Column("motif", sa.Text(), nullable=False),
    )


def _questionnaire() -> None:
    _fait(
        "invitation",
        sa.Column("pilote_id", sa.Integer(), nullable=False),
        sa.Column("empreinte", sa.LargeBinary(), nullable=False),
        sa.Column("expire_le", INSTANT, nullable=False),
        sa.UniqueConstraint("empreinte", name=op.f("uq_invitation_empreinte")),
    )
    op.create_table(
        "reponse",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("le", INSTANT, server_default=HORLOGE, nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("pilote_id", sa.Integer(), nullable=False),
        sa.Column("satisfaction", sa.SmallInteger(), nullable=False),
        sa.Column("operations", postgresql.JSONB(), nullable=False),
        sa.Column("frein_bloquant", sa.Boolean(), nullable=False),
        sa.Column("frein", sa.Text(), nullable=True),
        sa.Column("commentaire", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_reponse_preserie_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reponse")),
    )
    op.create_index(op.f("ix_reponse_preserie_id"), "reponse", ["preserie_id"])
    _fait(
        "levee_frein",
        sa.Column("reponse_id", sa.BigInteger(), nullable=False),
        sa.Column("leve", sa.Boolean(), nullable=False),
        sa.Column("motif", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reponse_id"], ["reponse.id"], name=op.f("fk_levee_frein_reponse_id")),
        preserie=False,
    )
    op.create_index(op.f("ix_levee_frein_reponse_id"), "levee_frein", ["reponse_id"])


def _arretes() -> None:
    op.create_table(
        "arrete",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("au", INSTANT, nullable=False),
        sa.Column("cle_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("contenu", sa.Text(), nullable=False),
        sa.Column("empreinte", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("cle_signature", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_arrete_preserie_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrete")),
    )
    op.create_index(op.f("ix_arrete_preserie_id"), "arrete", ["preserie_id"])
    op.create_table(
        "approbation",
        sa.Column("arrete_id", sa.Uuid(), nullable=False),
        sa.Column("partie", sa.Text(), nullable=False),
        sa.Column("le", INSTANT, nullable=False),
        sa.Column("cle_id", sa.Integer(), nullable=False),
        sa.Column("sens", sa.Text(), nullable=False),
        sa.Column("motif", sa.Text(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("cle_signature", sa.Text(), nullable=False),
        sa.CheckConstraint("partie IN ('cnam', 'editeur')", name=op.f("ck_approbation_partie")),
        sa.CheckConstraint("sens IN ('approuve', 'refuse')", name=op.f("ck_approbation_sens")),
        sa.ForeignKeyConstraint(["arrete_id"], ["arrete.id"], name=op.f("fk_approbation_arrete_id")),
        sa.PrimaryKeyConstraint("arrete_id", "partie", name=op.f("pk_approbation")),
    )
    op.create_table(
        "feuilles_arrete",
        sa.Column("arrete_id", sa.Uuid(), nullable=False),
        sa.Column("feuilles", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["arrete_id"], ["arrete.id"], name=op.f("fk_feuilles_arrete_arrete_id")),
        sa.PrimaryKeyConstraint("arrete_id", name=op.f("pk_feuilles_arrete")),
    )


def downgrade() -> None:
    op.execute(VERROU)
    _refuser_de_perdre()
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute(PURGE.format(schema=schema, feuilles=""))
    op.execute("DROP FUNCTION instant_de_l_arrete")
    for table in SUIVIES:
        op.execute(f"DROP TRIGGER {table}_version ON {table}")
    op.execute("DROP FUNCTION garder_la_version")
    tables = ("feuilles_arrete", "approbation", "arrete", "levee_frein", "reponse", "invitation")
    for table in (*tables, "mise_a_l_ecart", "suite_anomalie", "version_registre", "prerequis"):
        op.drop_table(table)
    for table in ("trace", "reception_sans_suite"):
        op.alter_column(table, "recue_le", server_default=sa.text("now()"))
    _compter_sans_version()
    op.drop_column("decision", "arrete_id")
    op.drop_column("preserie", "bilan_arrete_le")


def _refuser_de_perdre() -> None:
    lire = op.get_bind().exec_driver_sql
    remplies = ("prerequis", *IMMUABLES[1:], *AJOUTEES)
    pleines = [table for table in remplies if lire(f"SELECT EXISTS (SELECT FROM {table})").scalar_one()]
    if pleines:
        raise CommandError(
            f"Revenir avant la version {revision} effacerait ce que des personnes ont déclaré, répondu ou arrêté "
            f"({', '.join(pleines)}) : gardez cette version du schéma."
        )


def _compter_sans_version() -> None:
    op.execute("""
        CREATE TEMP TABLE operations ON COMMIT DROP AS
        SELECT preserie_id, operation, sum(succes)::bigint AS succes, sum(echecs)::bigint AS echecs,
               min(premiere_le) AS premiere_le, max(derniere_le) AS derniere_le
        FROM compteur_operation GROUP BY 1, 2""")
    op.execute("""
        CREATE TEMP TABLE anomalies ON COMMIT DROP AS
        SELECT preserie_id, operation, code, bool_or(bloquante) AS bloquante, sum(occurrences)::bigint AS occurrences,
               min(premiere_le) AS premiere_le, max(derniere_le) AS derniere_le
        FROM anomalie GROUP BY 1, 2, 3""")
    op.execute("TRUNCATE compteur_operation, anomalie")
    op.drop_column("compteur_operation", "version")
    for colonne in ("version", "pilote_id"):
        op.drop_column("anomalie", colonne)
    op.create_primary_key("pk_compteur_operation", "compteur_operation", ["preserie_id", "operation"])
    op.create_primary_key("pk_anomalie", "anomalie", ["preserie_id", "operation", "code"])
    operations = "preserie_id, operation, succes, echecs, premiere_le, derniere_le"
    op.execute(f"INSERT INTO compteur_operation ({operations}) SELECT {operations} FROM operations")
    anomalies = "preserie_id, operation, code, bloquante, occurrences, premiere_le, derniere_le"
    op.execute(f"INSERT INTO anomalie ({anomalies}) SELECT {anomalies} FROM anomalies")

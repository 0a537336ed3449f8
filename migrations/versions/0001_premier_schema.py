"""First schema: access keys, registry, traces, executions, counters; and the role that works on them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLE = "traces_postes_service"
REGISTRE = ("cle_acces", "registre", "editeur", "module", "logiciel", "preserie", "jalon", "pilote")
COMPTEURS = ("execution", "compteur_execution", "compteur_trace", "compteur_operation", "anomalie")


def _role() -> None:
    """Roles belong to the cluster: another database of it may have made this one already."""
    op.execute(f"""
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN CREATE ROLE {ROLE}; END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    op.execute(f"""
        DO $$ BEGIN
          IF NOT pg_has_role(current_user, '{ROLE}', 'SET') THEN
            EXECUTE 'GRANT {ROLE} TO ' || quote_ident(current_user);
          END IF;
        END $$""")


def _droits() -> None:
    """Rows may be read and written; traces, once there, are never changed; nothing is deleted."""
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {', '.join(REGISTRE + COMPTEURS)} TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT ON trace TO {ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {ROLE}")


def upgrade() -> None:
    op.create_table(
        "anomalie",
        sa.Column("occurrences", sa.BigInteger(), nullable=False),
        sa.Column("premiere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("derniere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("bloquante", sa.Boolean(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("preserie_id", "operation", "code", name=op.f("pk_anomalie")),
    )
    op.create_table(
        "cle_acces",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("empreinte", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("editeur_code", sa.Text(), nullable=True),
        sa.Column("numero_am", sa.Text(), nullable=True),
        sa.Column("preseries", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("libelle", sa.Text(), nullable=True),
        sa.Column("creee_le", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expire_le", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoquee_le", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('cnam', 'editeur', 'poste', 'lecture', 'supervision')", name=op.f("ck_cle_acces_role")
        ),
        sa.CheckConstraint(
            "role NOT IN ('editeur', 'poste') OR editeur_code IS NOT NULL", name=op.f("ck_cle_acces_editeur")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cle_acces")),
        sa.UniqueConstraint("empreinte", name=op.f("uq_cle_acces_empreinte")),
    )
    op.create_table(
        "compteur_execution",
        sa.Column("executions", sa.BigInteger(), nullable=False),
        sa.Column("tentatives", sa.BigInteger(), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("pilote_id", sa.Integer(), nullable=False),
        sa.Column("jour", sa.Date(), nullable=False),
        sa.Column("enregistree", sa.Boolean(), nullable=False),
        sa.Column("scor_succes", sa.Boolean(), nullable=True),
        sa.Column("scor_echec", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("type_prescription", sa.Text(), nullable=False),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "uq_compteur_execution_cellule",
        "compteur_execution",
        [
            "preserie_id",
            "pilote_id",
            "jour",
            "version",
            "type_prescription",
            "enregistree",
            "scor_succes",
            "scor_echec",
        ],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "compteur_operation",
        sa.Column("succes", sa.BigInteger(), nullable=False),
        sa.Column("echecs", sa.BigInteger(), nullable=False),
        sa.Column("premiere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("derniere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("preserie_id", "operation", name=op.f("pk_compteur_operation")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "compteur_trace",
        sa.Column("nombre", sa.BigInteger(), nullable=False),
        sa.Column("derniere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("pilote_id", sa.Integer(), nullable=False, comment="0: refusée sans pilote connu"),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("preserie_id", "pilote_id", "issue", name=op.f("pk_compteur_trace")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "editeur",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("raison_sociale", sa.Text(), nullable=False),
        sa.Column("solution_sesam_vitale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editeur")),
        sa.UniqueConstraint("code", name=op.f("uq_editeur_code")),
    )
    op.create_table(
        "execution",
        sa.Column("premiere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("derniere_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("premiere_id", sa.Uuid(), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("pilote_id", sa.Integer(), nullable=False),
        sa.Column("tentatives", sa.Integer(), nullable=False),
        sa.Column(
            "jour",
            sa.Date(),
            sa.Computed("(premiere_le AT TIME ZONE 'Europe/Paris')::date", persisted=True),
            nullable=False,
        ),
        sa.Column("numero_execution", sa.SmallInteger(), nullable=False),
        sa.Column("enregistree", sa.Boolean(), nullable=False),
        sa.Column("scor_succes", sa.Boolean(), nullable=True),
        sa.Column("scor_echec", sa.Boolean(), nullable=True),
        sa.Column("pseudonyme", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("type_prescription", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "preserie_id", "pilote_id", "pseudonyme", "numero_execution", name=op.f("pk_execution")
        ),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_table(
        "registre",
        sa.Column("unique_ligne", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("unique_ligne", name=op.f("ck_registre_une_ligne")),
        sa.PrimaryKeyConstraint("unique_ligne", name=op.f("pk_registre")),
    )
    op.create_table(
        "trace",
        sa.Column("emise_le", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recue_le", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("pilote_id", sa.Integer(), nullable=False),
        sa.Column("cle_id", sa.Integer(), nullable=False),
        sa.Column("duree_ms", sa.Integer(), nullable=True),
        sa.Column("numero_execution", sa.SmallInteger(), nullable=False),
        sa.Column("succes", sa.Boolean(), nullable=False),
        sa.Column("scor_envoye", sa.Boolean(), nullable=True),
        sa.Column("erreur_bloquante", sa.Boolean(), nullable=True),
        sa.Column("empreinte", sa.LargeBinary(), nullable=False),
        sa.Column("pseudonyme", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("type_prescription", sa.Text(), nullable=True),
        sa.Column("poste", sa.Text(), nullable=True),
        sa.Column("erreur_code", sa.Text(), nullable=True),
        sa.Column("erreur_origine", sa.Text(), nullable=True),
        sa.Column("erreur_message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("preserie_id", "id", name=op.f("pk_trace")),
    )
    op.create_table(
        "module",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("editeur_id", sa.Integer(), nullable=False),
        sa.Column("nom", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["editeur_id"], ["editeur.id"], name=op.f("fk_module_editeur_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module")),
        sa.UniqueConstraint("code", name=op.f("uq_module_code")),
    )
    op.create_table(
        "logiciel",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("editeur_id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.Integer(), nullable=False),
        sa.Column("nom", sa.Text(), nullable=False),
        sa.Column("sesam_vitale", sa.Boolean(), nullable=False),
        sa.Column("cnda_numero", sa.Text(), nullable=True),
        sa.Column("cnda_le", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["editeur_id"], ["editeur.id"], name=op.f("fk_logiciel_editeur_id")),
        sa.ForeignKeyConstraint(["module_id"], ["module.id"], name=op.f("fk_logiciel_module_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logiciel")),
        sa.UniqueConstraint("code", name=op.f("uq_logiciel_code")),
    )
    op.create_table(
        "preserie",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("logiciel_id", sa.Integer(), nullable=False),
        sa.Column("categorie_ps", sa.Text(), nullable=False),
        sa.Column("referentiel_version", sa.Text(), nullable=False),
        sa.Column("cpam", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("fin_prevue_le", sa.Date(), nullable=True),
        sa.Column("statut", sa.Text(), server_default="preparation", nullable=False),
        sa.Column("traces_actives", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("demarree_le", sa.DateTime(timezone=True), nullable=True),
        sa.Column("traces_depuis_le", sa.DateTime(timezone=True), nullable=True),
        sa.Column("observee_depuis", sa.Date(), nullable=True),
        sa.Column("cle_enveloppee", sa.LargeBinary(), nullable=True),
        sa.Column("creee_le", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "statut IN ('preparation', 'en_cours', 'validee', 'cloturee', 'abandonnee')",
            name=op.f("ck_preserie_statut"),
        ),
        sa.ForeignKeyConstraint(["logiciel_id"], ["logiciel.id"], name=op.f("fk_preserie_logiciel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preserie")),
        sa.UniqueConstraint("code", name=op.f("uq_preserie_code")),
    )
    op.create_index(op.f("ix_preserie_logiciel_id"), "preserie", ["logiciel_id"], unique=False)
    op.create_table(
        "jalon",
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("le", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_jalon_preserie_id")),
        sa.PrimaryKeyConstraint("preserie_id", "code", name=op.f("pk_jalon")),
    )
    op.create_table(
        "pilote",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("preserie_id", sa.Integer(), nullable=False),
        sa.Column("numero_am", sa.Text(), nullable=False),
        sa.Column("cpam", sa.Text(), nullable=False),
        sa.Column("sesam_vitale", sa.Boolean(), nullable=False),
        sa.Column("accord_le", sa.Date(), nullable=False),
        sa.Column("equipement_verifie", sa.Boolean(), nullable=False),
        sa.Column("forme_le", sa.Date(), nullable=True),
        sa.Column("installation_prevue_le", sa.Date(), nullable=True),
        sa.Column("installe_le", sa.Date(), nullable=True),
        sa.Column("phase_2_le", sa.Date(), nullable=True),
        sa.Column("retire_le", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["preserie_id"], ["preserie.id"], name=op.f("fk_pilote_preserie_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilote")),
        sa.UniqueConstraint("preserie_id", "numero_am", name=op.f("uq_pilote_preserie_id_numero_am")),
    )
    op.execute("INSERT INTO registre DEFAULT VALUES")
    _role()
    _droits()


def downgrade() -> None:
    op.drop_table("pilote")
    op.drop_table("jalon")
    op.drop_index(op.f("ix_preserie_logiciel_id"), table_name="preserie")
    op.drop_table("preserie")
    op.drop_table("logiciel")
    op.drop_table("module")
    op.drop_table("trace")
    op.drop_table("registre")
    op.drop_table("execution")
    op.drop_table("editeur")
    op.drop_table("compteur_trace")
    op.drop_table("compteur_operation")
    op.drop_index("uq_compteur_execution_cellule", table_name="compteur_execution", postgresql_nulls_not_distinct=True)
    op.drop_table("compteur_execution")
    op.drop_table("cle_acces")
    op.drop_table("anomalie")
    op.execute(f"REVOKE ALL ON alembic_version FROM {ROLE}")

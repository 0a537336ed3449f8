"""The questionnaire of pilotes: invitations, answers, and the freins that the Cnam lifts."""

"""The questionnaire of pilotes: invitations, the page to answer on, results, freins that the Cnam lifts."""

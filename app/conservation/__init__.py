"""The end of data: raw traces go once their présérie has ended for as long as its référentiel says; figures stay."""
